-- Statements of any period, recharges by themselves, and letters about wallets
-- (domain.md 4.6, 4.7, trust.md U9).

-- What a wallet's entries of a day in India and of a kind come to: a period's opening and closing
-- balance, and where in the statement it stands, without reading the statement.
CREATE TABLE wallet_days (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    day date NOT NULL,
    kind text NOT NULL,
    entries bigint NOT NULL,
    credits_minor bigint NOT NULL,
    debits_minor bigint NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    PRIMARY KEY (organization_id, account_id, day, kind),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);

-- What was posted before. The owner of the tables sees it for as long as this migration runs.
ALTER TABLE ledger_postings NO FORCE ROW LEVEL SECURITY;
INSERT INTO wallet_days
SELECT organization_id, account_id, (occurred_at AT TIME ZONE 'Asia/Kolkata')::date, kind, count(*),
    coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
    coalesce(-sum(amount_minor) FILTER (WHERE amount_minor < 0), 0), min(sequence), max(sequence)
FROM ledger_postings WHERE ledger_account = 'wallet' GROUP BY 1, 2, 3, 4;
ALTER TABLE ledger_postings FORCE ROW LEVEL SECURITY;

CALL isolate_account_rows('wallet_days', 'SELECT, INSERT, UPDATE');
-- It stays with the ledger that it sums up.
REVOKE DELETE ON wallet_days FROM dialnexa_eraser;

-- Whoever posts to a wallet has locked its row: no two add to the same day at once.
CREATE FUNCTION keep_wallet_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wallet_days AS known (organization_id, account_id, day, kind, entries, credits_minor,
        debits_minor, first_sequence, last_sequence)
    SELECT organization_id, account_id, (occurred_at AT TIME ZONE 'Asia/Kolkata')::date, kind, count(*),
        coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
        coalesce(-sum(amount_minor) FILTER (WHERE amount_minor < 0), 0), min(sequence), max(sequence)
    FROM added WHERE ledger_account = 'wallet' GROUP BY 1, 2, 3, 4
    ON CONFLICT (organization_id, account_id, day, kind) DO UPDATE SET
        entries = known.entries + excluded.entries,
        credits_minor = known.credits_minor + excluded.credits_minor,
        debits_minor = known.debits_minor + excluded.debits_minor,
        first_sequence = least(known.first_sequence, excluded.first_sequence),
        last_sequence = greatest(known.last_sequence, excluded.last_sequence);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_wallet_days AFTER INSERT ON ledger_postings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_wallet_days();

-- What is looked for in a statement that is mostly calls.
CREATE INDEX ledger_postings_but_calls
    ON ledger_postings (organization_id, account_id, ledger_account, sequence) WHERE kind <> 'call';
CREATE INDEX ledger_postings_by_reference
    ON ledger_postings (organization_id, account_id, ledger_account, reference, sequence) WHERE reference <> '';
CREATE INDEX ledger_postings_charged_for
    ON ledger_postings (organization_id, account_id, ledger_account, charged_for, sequence)
    WHERE charged_for IS NOT NULL;

-- How the parent recharges a sub-account by itself: how much, and at most how much a day and a month
-- in India. Below which balance stands with the wallet.
CREATE TABLE auto_recharges (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    active boolean NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    daily_cap_minor bigint NOT NULL CHECK (daily_cap_minor >= amount_minor),
    monthly_cap_minor bigint NOT NULL CHECK (monthly_cap_minor >= daily_cap_minor),
    -- What was recharged on that day and in that month, counted by the transaction that did it.
    day date NOT NULL DEFAULT '2000-01-01',
    day_minor bigint NOT NULL DEFAULT 0,
    month date NOT NULL DEFAULT '2000-01-01',
    month_minor bigint NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    -- What the parent was told stands in the way; none: nothing does.
    told_of text CHECK (told_of IN ('insufficient_balance', 'daily_cap', 'monthly_cap')),
    PRIMARY KEY (organization_id, account_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('auto_recharges', 'SELECT, INSERT, UPDATE');
CREATE INDEX auto_recharges_by_try ON auto_recharges (next_try_at) WHERE active;

-- Letters about wallets. The row of a letter is the job of sending it.
CREATE TABLE wallet_letters (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    letter_id uuid NOT NULL,
    -- What it tells of, in amounts and words that need no looking up.
    content jsonb NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    settled_at timestamptz,
    PRIMARY KEY (organization_id, account_id, letter_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('wallet_letters', 'SELECT, INSERT, UPDATE, DELETE');
CREATE INDEX wallet_letters_to_send ON wallet_letters (requested_at) WHERE settled_at IS NULL;

-- Background work finds whom to tell, whom to recharge and what to send, and does it in the account
-- that the row names.
CREATE POLICY to_tell ON ledger_accounts FOR SELECT TO dialnexa_gate
    USING (ledger_account = 'wallet' AND low_since IS NOT NULL AND low_told_at IS NULL);
CREATE POLICY to_recharge ON ledger_accounts FOR SELECT TO dialnexa_gate
    USING (ledger_account = 'wallet' AND recharge_due_since IS NOT NULL);
GRANT SELECT (organization_id, account_id, ledger_account, low_since, low_told_at, recharge_due_since)
    ON ledger_accounts TO dialnexa_gate;
CREATE POLICY to_try ON auto_recharges FOR SELECT TO dialnexa_gate USING (active AND next_try_at <= now());
GRANT SELECT (organization_id, account_id, active, next_try_at) ON auto_recharges TO dialnexa_gate;
CREATE POLICY to_send ON wallet_letters FOR SELECT TO dialnexa_gate USING (settled_at IS NULL);
GRANT SELECT (organization_id, account_id, letter_id, requested_at, claimed_until, settled_at)
    ON wallet_letters TO dialnexa_gate;
