DROP TABLE prices, rates;
DROP POLICY payer ON ledger_accounts;
DROP TABLE charges, allowances;
ALTER TABLE slots DROP COLUMN payer, DROP COLUMN cost_per_minute, DROP COLUMN price_per_minute,
    DROP COLUMN held_minor, DROP COLUMN answered_at;
ALTER TABLE usage_days DROP COLUMN margin_minor;
DROP INDEX ledger_postings_undone_once, ledger_postings_by_call, ledger_postings_by_time;
ALTER TABLE ledger_postings DROP COLUMN minutes, DROP COLUMN actor_id, DROP COLUMN payment_id,
    DROP COLUMN invoice_id, DROP COLUMN reverses;
ALTER TABLE ledger_accounts DROP CONSTRAINT held_within_balance, DROP COLUMN held_minor,
    DROP COLUMN spend_cap_minor, DROP COLUMN spent_on, DROP COLUMN spent_minor,
    DROP COLUMN low_balance_minor, DROP COLUMN low_since, DROP COLUMN low_told_at,
    DROP COLUMN recharge_below_minor, DROP COLUMN recharge_due_since;
