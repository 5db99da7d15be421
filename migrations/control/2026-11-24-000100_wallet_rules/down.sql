DROP POLICY to_recharge ON ledger_accounts;
DROP POLICY to_tell ON ledger_accounts;
REVOKE SELECT (organization_id, account_id, ledger_account, low_since, low_told_at, recharge_due_since)
    ON ledger_accounts FROM dialnexa_gate;
DROP TABLE wallet_letters, auto_recharges;
DROP INDEX ledger_postings_charged_for, ledger_postings_by_reference, ledger_postings_but_calls;
DROP TRIGGER keep_wallet_days ON ledger_postings;
DROP FUNCTION keep_wallet_days();
DROP TABLE wallet_days;
