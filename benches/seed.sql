-- An organization with :count sub-accounts that have counters, balances and 30 days of
-- usage. The bench replaces the names in braces.
INSERT INTO organizations (organization_id, name, region, sub_accounts_enabled, total_concurrency)
VALUES ('{organization}', 'Bench {count}', 'india', true, {count} * 10 + 100);
INSERT INTO accounts (organization_id, account_id) VALUES ('{organization}', '{organization}');
INSERT INTO memberships (organization_id, account_id, user_id, role)
VALUES ('{organization}', '{organization}', '{user}', 'owner');
INSERT INTO ledger_accounts (organization_id, account_id, ledger_account, currency)
SELECT '{organization}', '{organization}', l, 'INR' FROM unnest(ARRAY['wallet', 'payments', 'usage', 'write_offs']) l;
CREATE TEMP TABLE seeded AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, {count}) n;
INSERT INTO accounts (organization_id, account_id) SELECT '{organization}', id FROM seeded;
ALTER TABLE sub_accounts DISABLE TRIGGER keep_concurrency_totals;
INSERT INTO sub_accounts (organization_id, sub_account_id, name, status, billing_mode, region, concurrency_limit,
    calls_30d, minutes_30d, last_call_at, created_at)
SELECT '{organization}', id, 'Client ' || md5(n::text), CASE WHEN n % 20 = 0 THEN 'suspended' ELSE 'active' END,
    CASE WHEN n % 3 = 0 THEN 'consolidated' ELSE 'isolated' END, (ARRAY['india', 'us'])[1 + n % 2], n % 10,
    (n * 7919) % 5000, (n * 7919) % 20000, now() - n * interval '1 minute', now() - n * interval '1 hour'
FROM seeded;
ALTER TABLE sub_accounts ENABLE TRIGGER keep_concurrency_totals;
INSERT INTO ledger_accounts (organization_id, account_id, ledger_account, currency, balance_minor)
SELECT '{organization}', id, l, 'INR', CASE l WHEN 'wallet' THEN n * 100 WHEN 'payments' THEN -n * 100 ELSE 0 END
FROM seeded, unnest(ARRAY['wallet', 'payments', 'usage', 'write_offs']) l;
INSERT INTO usage_days (organization_id, account_id, day, calls, answered, minutes, cost_minor)
SELECT '{organization}', id, current_date - d, n % 50, n % 40, n % 90, n % 9000 FROM seeded, generate_series(0, 29) d;
UPDATE organizations o SET
    allocated_concurrency = s.allocated, claimed_concurrency = s.allocated,
    active_sub_accounts = s.active, suspended_sub_accounts = s.suspended,
    calls_30d = s.calls, minutes_30d = s.minutes
FROM (SELECT sum(concurrency_limit) AS allocated, count(*) FILTER (WHERE status = 'active') AS active,
        count(*) FILTER (WHERE status = 'suspended') AS suspended, sum(calls_30d) AS calls, sum(minutes_30d) AS minutes
    FROM sub_accounts WHERE organization_id = '{organization}') s
WHERE o.organization_id = '{organization}';
DROP TABLE seeded;
