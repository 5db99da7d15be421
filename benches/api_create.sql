-- POST /v1/sub-accounts
\set random random(100000000000, 999999999999)
BEGIN;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', '{organization}', true);
SELECT total_concurrency, allocated_concurrency, claimed_concurrency, slots_in_use FROM organizations
WHERE organization_id = '{organization}' LIMIT 1 FOR UPDATE;
INSERT INTO accounts (organization_id, account_id) VALUES ('{organization}', ('01a20e3c-2c84-76de-b8f0-' || (:random)::text)::uuid);
INSERT INTO sub_accounts (sub_account_id, name, external_id, billing_mode, region, concurrency_limit)
VALUES (('01a20e3c-2c84-76de-b8f0-' || (:random)::text)::uuid, 'Acme Telecom', NULL, 'isolated', 'india', 0) RETURNING created_at;
SELECT currency FROM organizations WHERE organization_id = '{organization}' LIMIT 1;
SELECT set_config('app.account_id', (('01a20e3c-2c84-76de-b8f0-' || (:random)::text)::uuid)::text, true);
INSERT INTO workspaces (workspace_id, name, region) VALUES (('01a20e3c-2c84-76de-b8f0-' || (:random)::text)::uuid, 'Production', 'india');
INSERT INTO ledger_accounts (ledger_account, currency)
VALUES ('wallet', 'INR'), ('payments', 'INR'), ('usage', 'INR'), ('write_offs', 'INR');
SELECT set_config('app.account_id', '{organization}', true);
SELECT webhook_id, kinds FROM webhook_endpoints WHERE active ORDER BY webhook_id FOR NO KEY UPDATE;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', (('01a20e3c-2c84-76de-b8f0-' || (:random)::text)::uuid)::text, true);
SELECT webhook_id, kinds FROM webhook_endpoints WHERE active ORDER BY webhook_id FOR NO KEY UPDATE;
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', '{organization}', true);
SELECT last_sequence AS last_sequence_own, last_hash AS last_hash_x FROM audit_heads LIMIT 1 FOR UPDATE \gset
UPDATE audit_heads SET last_sequence = :last_sequence_own + 1, last_hash = '\x7b3a3551f19bab2144c35f43e1864653';
INSERT INTO audit_entries (sequence, audit_entry_id, occurred_at, actor_kind, actor_name, action, object, object_id,
    details, ip, request_id, previous_hash, hash)
VALUES (:last_sequence_own + 1, ('01a20e3c-2c86-733f-a1d3-' || (:random)::text)::uuid, now(), 'api_key', 'Bench',
    'sub_account.created', 'Acme Telecom', 'sa_01m873rb44evfbhw7evmdqrbx5',
    '{"region": "india", "billing_mode": "isolated", "concurrency_limit": 0}', '127.0.0.1',
    '01a20e3c2c8276b8bfdc14979b97249e', '\x56ebf7c099f7f21b7c6113a612e255d0', '\x7b3a3551f19bab2144c35f43e1864653');
SELECT set_config('role', 'dialnexa_tenant', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', (('01a20e3c-2c84-76de-b8f0-' || (:random)::text)::uuid)::text, true);
SELECT last_sequence FROM audit_heads LIMIT 1 FOR UPDATE;
INSERT INTO audit_heads (last_sequence, last_hash) VALUES (0, '') ON CONFLICT DO NOTHING;
SELECT last_sequence AS last_sequence_theirs, last_hash AS last_hash_x FROM audit_heads LIMIT 1 FOR UPDATE \gset
UPDATE audit_heads SET last_sequence = :last_sequence_theirs + 1, last_hash = '\x7b3a3551f19bab2144c35f43e1864653';
INSERT INTO audit_entries (sequence, audit_entry_id, occurred_at, actor_kind, actor_name, action, object, object_id,
    details, ip, request_id, previous_hash, hash)
VALUES (:last_sequence_theirs + 1, ('01a20e3c-2c86-733f-a1d3-' || (:random)::text)::uuid, now(), 'parent_administrator', 'Bench',
    'sub_account.created', 'Acme Telecom', 'sa_01m873rb44evfbhw7evmdqrbx5',
    '{"region": "india", "billing_mode": "isolated", "concurrency_limit": 0}', '127.0.0.1',
    '01a20e3c2c8276b8bfdc14979b97249e', '\x56ebf7c099f7f21b7c6113a612e255d0', '\x7b3a3551f19bab2144c35f43e1864653');
COMMIT;
