-- GET /v1/sub-accounts
BEGIN READ ONLY;
SELECT set_config('role', 'dialnexa_overview', true), set_config('app.organization_id', '{organization}', true),
    set_config('app.account_id', '{organization}', true);
SELECT sub_accounts.sub_account_id, sub_accounts.name, sub_accounts.external_id, sub_accounts.status,
    sub_accounts.billing_mode, sub_accounts.region, sub_accounts.concurrency_limit, sub_accounts.slots_in_use,
    sub_accounts.calls_30d, sub_accounts.minutes_30d, sub_accounts.last_call_at, sub_accounts.created_at,
    ledger_accounts.balance_minor, ledger_accounts.currency, sub_accounts.name_key
FROM sub_accounts INNER JOIN ledger_accounts ON ledger_accounts.organization_id = sub_accounts.organization_id
    AND ledger_accounts.account_id = sub_accounts.sub_account_id AND ledger_accounts.ledger_account = 'wallet'
WHERE sub_accounts.organization_id = '{organization}' AND sub_accounts.status <> 'deleting'
ORDER BY sub_accounts.created_at DESC, sub_accounts.sub_account_id DESC LIMIT 21 OFFSET 0;
SELECT active_sub_accounts, suspended_sub_accounts FROM organizations
WHERE organization_id = '{organization}' LIMIT 1;
COMMIT;
