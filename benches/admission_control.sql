-- POST /engine/v1/calls and POST /engine/v1/calls/{call_id}/ended: what both do in the control database.
\set n random(1, {numbers})
BEGIN READ ONLY;
SELECT set_config('role', 'dialnexa_gate', true), set_config('app.key_hash', '{key_hash}', true);
SELECT engine_id, name, regions FROM engines WHERE key_hash = '\x{key_hash}' AND revoked_at IS NULL LIMIT 1;
COMMIT;
BEGIN READ ONLY;
SELECT set_config('role', 'dialnexa_gate', true), set_config('app.dialled', '+91' || 8047100000 + :n, true);
SELECT account_id AS account, gen_random_uuid() AS call FROM number_directory
WHERE e164 = '+91' || 8047100000 + :n LIMIT 1 \gset
COMMIT;
BEGIN READ ONLY;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', :account::text, true);
SELECT region FROM sub_accounts WHERE sub_account_id = :account::uuid LIMIT 1;
COMMIT;
BEGIN;
SELECT set_config('role', 'dialnexa_admission', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', :account::text, true);
SELECT account_id, component, item, minor_per_minute FROM rates
WHERE organization_id = '{organization}' AND account_id IN ('{organization}', :account::uuid)
    AND valid_from <= now() AND (valid_until IS NULL OR valid_until > now());
SELECT minor_per_minute FROM prices WHERE organization_id = '{organization}' AND account_id = :account::uuid
    AND valid_from <= now() ORDER BY valid_from DESC LIMIT 1;
SELECT status, billing_mode, concurrency_limit, slots_in_use,
    (SELECT peak_in_use FROM usage_days WHERE organization_id = '{organization}' AND account_id = :account::uuid
        AND day = current_date)
FROM sub_accounts WHERE organization_id = '{organization}' AND sub_account_id = :account::uuid
LIMIT 1 FOR NO KEY UPDATE;
UPDATE ledger_accounts SET held_minor = held_minor + 300
WHERE organization_id = '{organization}' AND account_id = :account::uuid AND ledger_account = 'wallet'
    AND balance_minor - held_minor >= 300 AND (spend_cap_minor IS NULL
        OR spent_on IS DISTINCT FROM current_date AND held_minor + 300 <= spend_cap_minor
        OR spent_on = current_date AND spent_minor + held_minor + 300 <= spend_cap_minor);
INSERT INTO slots (call_id, direction, region, engine_id, engine_reference, expires_at, payer, cost_per_minute,
    price_per_minute, held_minor)
VALUES (:call::uuid, 'inbound', 'india', :call::uuid, :call::text, now() + interval '30 seconds', 'isolated', 300, 300, 300)
ON CONFLICT (organization_id, account_id, engine_reference) DO NOTHING;
SELECT recording_days, transcript_days FROM accounts WHERE organization_id = '{organization}' AND account_id = :account::uuid
LIMIT 1;
COMMIT;
BEGIN READ ONLY;
SELECT set_config('role', 'dialnexa_gate', true), set_config('app.key_hash', '{key_hash}', true);
SELECT engine_id, name, regions FROM engines WHERE key_hash = '\x{key_hash}' AND revoked_at IS NULL LIMIT 1;
COMMIT;
BEGIN;
SELECT set_config('role', 'dialnexa_admission', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', :account::text, true);
SELECT status, concurrency_limit, slots_in_use,
    (SELECT peak_in_use FROM usage_days WHERE organization_id = '{organization}' AND account_id = :account::uuid
        AND day = current_date)
FROM sub_accounts WHERE organization_id = '{organization}' AND sub_account_id = :account::uuid
LIMIT 1 FOR NO KEY UPDATE;
DELETE FROM slots WHERE organization_id = '{organization}' AND account_id = :account::uuid AND call_id = :call::uuid
RETURNING payer, cost_per_minute, price_per_minute, held_minor;
UPDATE ledger_accounts SET held_minor = held_minor - 300
WHERE organization_id = '{organization}' AND account_id = :account::uuid AND ledger_account = 'wallet';
INSERT INTO usage_days (day, calls, answered, minutes, cost_minor, margin_minor, last_call_at)
VALUES (current_date, 1, 0, 0, 0, 0, now())
ON CONFLICT (organization_id, account_id, day) DO UPDATE SET calls = usage_days.calls + excluded.calls,
    answered = usage_days.answered + excluded.answered, minutes = usage_days.minutes + excluded.minutes,
    cost_minor = usage_days.cost_minor + excluded.cost_minor,
    margin_minor = usage_days.margin_minor + excluded.margin_minor,
    last_call_at = greatest(usage_days.last_call_at, excluded.last_call_at);
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', '{organization}', true);
SELECT webhook_id, kinds FROM webhook_endpoints WHERE active ORDER BY webhook_id FOR NO KEY UPDATE;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', '{organization}', true);
SELECT webhook_id, kinds FROM webhook_endpoints WHERE active ORDER BY webhook_id FOR NO KEY UPDATE;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', :account::text, true);
SELECT webhook_id, kinds FROM webhook_endpoints WHERE active ORDER BY webhook_id FOR NO KEY UPDATE;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', :account::text, true);
SELECT webhook_id, kinds FROM webhook_endpoints WHERE active ORDER BY webhook_id FOR NO KEY UPDATE;
COMMIT;
