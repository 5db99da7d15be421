-- Double-entry ledger (domain.md 4.6): append only, amounts in minor units.
--
-- Every account holds up to four ledger accounts. An entry is the postings that share
-- a transaction id; they sum to zero.
CREATE TABLE ledger_accounts (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    -- wallet: what may be spent; payments: the world the money came from;
    -- usage: what calls earned; write_offs: what was given up.
    ledger_account text NOT NULL CHECK (ledger_account IN ('wallet', 'payments', 'usage', 'write_offs')),
    currency text NOT NULL,
    balance_minor bigint NOT NULL DEFAULT 0,
    last_sequence bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, account_id, ledger_account),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    CONSTRAINT wallet_never_below_zero CHECK (ledger_account <> 'wallet' OR balance_minor >= 0)
);
CREATE INDEX ledger_accounts_by_balance
    ON ledger_accounts (organization_id, ledger_account, balance_minor, account_id);
CALL isolate_account_rows('ledger_accounts', 'SELECT, INSERT, UPDATE');

CREATE TABLE ledger_postings (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    ledger_account text NOT NULL,
    -- Its place among the postings of the ledger account, from 1: the running balance follows it.
    sequence bigint NOT NULL,
    transaction_id uuid NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    balance_after_minor bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('recharge', 'call', 'transfer', 'write_off', 'correction')),
    reference text NOT NULL DEFAULT '',
    call_id uuid,
    -- The consolidated sub-account whose call the parent paid for; it may be gone by now.
    charged_for uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, ledger_account, sequence),
    UNIQUE (organization_id, account_id, ledger_account, transaction_id),
    FOREIGN KEY (organization_id, account_id, ledger_account) REFERENCES ledger_accounts
);
CALL isolate_account_rows('ledger_postings', 'SELECT, INSERT');
-- What was charged outlives what it was charged for (domain.md 2.4, 9).
REVOKE DELETE ON ledger_accounts, ledger_postings FROM dialnexa_eraser;
