-- In the control database: every sub-account in one region, active, with a number, and the
-- engine that serves them. The bench replaces the names in braces.
UPDATE ledger_accounts SET balance_minor = 1000000000000 WHERE ledger_account = 'wallet';
UPDATE sub_accounts SET status = 'active', billing_mode = 'isolated', region = 'india', concurrency_limit = 1000;
INSERT INTO number_directory (organization_id, account_id, e164, number_id)
SELECT organization_id, sub_account_id, '+91' || 8047100000 + row_number() OVER (ORDER BY sub_account_id), gen_random_uuid()
FROM sub_accounts;
INSERT INTO engines (engine_id, name, regions, key_hash)
VALUES (gen_random_uuid(), 'Bench', '{india}', '\x{key_hash}');
VACUUM ANALYZE;
