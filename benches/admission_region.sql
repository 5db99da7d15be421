-- POST /engine/v1/calls and POST /engine/v1/calls/{call_id}/ended: what both do in the region's database.
\set n random(1, {numbers})
BEGIN;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', md5('{salt}' || :n)::uuid::text, true),
    (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid AS call \gset
INSERT INTO call_references (engine_reference, call_id) VALUES (:call::text, :call::uuid) ON CONFLICT DO NOTHING;
SELECT number_id AS number, agent_id AS agent FROM phone_numbers WHERE e164 = '+91' || 8047100000 + :n LIMIT 1 \gset
SELECT agent_id, workspace_id AS workspace, name, agent_type, current_version, created_at, updated_at FROM agents
WHERE agent_id = :agent::uuid LIMIT 1 \gset seen_
SELECT agent_id, version_number, is_published, settings, created_at, updated_at FROM agent_versions
WHERE agent_id = ANY (ARRAY[:agent::uuid]) ORDER BY version_number DESC;
INSERT INTO calls (call_id, workspace_id, agent_id, agent_name, agent_version, number_id, direction, status, from_e164,
    to_e164, created_at, currency, mode)
VALUES (:call::uuid, :seen_workspace::uuid, :agent::uuid, 'Asha', 1, :number::uuid, 'inbound', 'initiated', '+919811111111',
    '+91' || 8047100000 + :n, now(), 'INR', 'live')
RETURNING *;
COMMIT;
BEGIN;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', md5('{salt}' || :n)::uuid::text, true);
SELECT * FROM calls WHERE call_id = :call::uuid LIMIT 1 FOR UPDATE;
UPDATE calls SET status = 'busy', end_reason = 'user_busy', ended_at = now(), duration_seconds = 0
WHERE call_id = :call::uuid;
INSERT INTO call_days (subject_id, day, calls)
SELECT subject, current_date, 1 FROM unnest(ARRAY[:agent::uuid, :number::uuid]) subject ORDER BY subject
ON CONFLICT (organization_id, account_id, subject_id, day) DO UPDATE SET calls = call_days.calls + excluded.calls;
COMMIT;
