-- Money that is held for calls, what calls cost, and charges on their way to the ledger
-- (domain.md 4.2 to 4.6, trust.md R1 to R3).

ALTER TABLE ledger_accounts
    DROP CONSTRAINT ledger_accounts_ledger_account_check,
    ADD CONSTRAINT ledger_accounts_ledger_account_check
        -- margin: what the parent's price adds to what calls cost.
        CHECK (ledger_account IN ('wallet', 'payments', 'usage', 'write_offs', 'margin')),
    -- What is spoken for: of a sub-account's wallet by its calls in progress; of an organization's by
    -- the allowances of all its accounts, and by their charges that are not posted yet.
    ADD COLUMN held_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT held_within_balance
        CHECK (held_minor = 0 OR (ledger_account = 'wallet' AND held_minor BETWEEN 0 AND balance_minor)),
    -- The most that calls may draw on one day in India; none: as much as there is.
    ADD COLUMN spend_cap_minor bigint CHECK (spend_cap_minor >= 0),
    ADD COLUMN spent_on date,
    ADD COLUMN spent_minor bigint NOT NULL DEFAULT 0,
    -- Below which balance its people are told, since when it is below, and when they were told.
    ADD COLUMN low_balance_minor bigint CHECK (low_balance_minor > 0),
    ADD COLUMN low_since timestamptz,
    ADD COLUMN low_told_at timestamptz,
    -- Below which balance the parent recharges it, and since when it is below.
    ADD COLUMN recharge_below_minor bigint CHECK (recharge_below_minor > 0),
    ADD COLUMN recharge_due_since timestamptz;
CREATE INDEX ledger_accounts_low ON ledger_accounts (low_since)
    WHERE low_since IS NOT NULL AND low_told_at IS NULL;
CREATE INDEX ledger_accounts_recharge_due ON ledger_accounts (recharge_due_since)
    WHERE recharge_due_since IS NOT NULL;

ALTER TABLE ledger_postings
    DROP CONSTRAINT ledger_postings_kind_check,
    ADD CONSTRAINT ledger_postings_kind_check
        CHECK (kind IN ('recharge', 'call', 'transfer', 'write_off', 'correction', 'refund')),
    -- Minutes that are charged, where it is a call.
    ADD COLUMN minutes bigint NOT NULL DEFAULT 0 CHECK (minutes >= 0),
    -- Who did it: a person or a key; none: the platform. Names are looked up, never kept.
    ADD COLUMN actor_id uuid,
    -- The payment, or the credit note, that it belongs to.
    ADD COLUMN payment_id uuid,
    ADD COLUMN invoice_id uuid,
    -- The entry that it undoes.
    ADD COLUMN reverses uuid;
CREATE UNIQUE INDEX ledger_postings_undone_once
    ON ledger_postings (organization_id, account_id, ledger_account, reverses) WHERE reverses IS NOT NULL;
CREATE INDEX ledger_postings_by_call
    ON ledger_postings (organization_id, account_id, call_id) WHERE call_id IS NOT NULL;
CREATE INDEX ledger_postings_by_time
    ON ledger_postings (organization_id, account_id, ledger_account, occurred_at);

-- What the parent's price adds to what calls cost: its client is charged cost + margin.
ALTER TABLE usage_days ADD COLUMN margin_minor bigint NOT NULL DEFAULT 0;

-- What a call in progress costs, and what is held for it. A call keeps the rates and the payer it
-- started with.
ALTER TABLE slots
    -- isolated: its account's own wallet; consolidated: the organization's.
    ADD COLUMN payer text NOT NULL DEFAULT 'consolidated' CHECK (payer IN ('isolated', 'consolidated')),
    -- What a started minute costs, and what the client is charged for it.
    ADD COLUMN cost_per_minute bigint NOT NULL DEFAULT 0 CHECK (cost_per_minute >= 0),
    ADD COLUMN price_per_minute bigint NOT NULL DEFAULT 0 CHECK (price_per_minute >= 0),
    ADD COLUMN held_minor bigint NOT NULL DEFAULT 0 CHECK (held_minor >= 0),
    ADD COLUMN answered_at timestamptz;

-- What an account that its organization pays for may draw: set aside from the organization's wallet in
-- parts, so that its calls do not all wait for that one row.
CREATE TABLE allowances (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    -- Set aside and not drawn yet.
    granted_minor bigint NOT NULL DEFAULT 0,
    -- Of that, what calls in progress hold.
    held_minor bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, account_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    CONSTRAINT held_within_granted CHECK (held_minor BETWEEN 0 AND granted_minor)
);
CALL isolate_account_rows('allowances', 'SELECT');
GRANT INSERT, UPDATE ON allowances TO dialnexa_admission;
-- When the wallet runs short, what others were granted and do not hold is given back.
CREATE POLICY siblings ON allowances TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()))
    WITH CHECK (organization_id = (SELECT current_organization()));
GRANT UPDATE ON allowances TO dialnexa_tenant;
CREATE POLICY parents ON allowances TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));

-- What calls came to that the organization pays for, until it is posted to its ledger: many at a time.
CREATE TABLE charges (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    call_id uuid NOT NULL,
    minutes bigint NOT NULL CHECK (minutes > 0),
    cost_minor bigint NOT NULL CHECK (cost_minor > 0),
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, account_id, call_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE INDEX charges_by_time ON charges (organization_id, occurred_at);
CALL isolate_account_rows('charges', 'SELECT');
GRANT INSERT, UPDATE, DELETE ON charges TO dialnexa_admission;
CREATE POLICY of_all ON charges TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()))
    WITH CHECK (organization_id = (SELECT current_organization()));
CREATE POLICY parents ON charges FOR SELECT TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
GRANT SELECT (organization_id) ON charges TO dialnexa_gate;
CREATE POLICY to_post ON charges FOR SELECT TO dialnexa_gate USING (true);

-- A call of a sub-account that its organization pays for reaches the organization's wallet, and no other row.
CREATE POLICY payer ON ledger_accounts TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()) AND account_id = organization_id
        AND ledger_account = 'wallet')
    WITH CHECK (organization_id = (SELECT current_organization()) AND account_id = organization_id
        AND ledger_account = 'wallet');

-- What the platform charges per started minute, for an organization or one of its sub-accounts alone.
CREATE TABLE rates (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    -- The organization's own id: for all its accounts.
    account_id uuid NOT NULL DEFAULT current_account(),
    rate_id uuid NOT NULL,
    component text NOT NULL CHECK (component IN ('telephony', 'llm', 'transcriber', 'voice')),
    -- What of it, by the catalogue's id; empty: all that have no rate of their own.
    item text NOT NULL DEFAULT '',
    minor_per_minute bigint NOT NULL CHECK (minor_per_minute BETWEEN 0 AND 1000000),
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    PRIMARY KEY (organization_id, account_id, rate_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    CHECK (valid_until > valid_from)
);
CREATE INDEX rates_by_validity ON rates (organization_id, account_id, valid_from);
CALL isolate_account_rows('rates', 'SELECT');
GRANT INSERT, UPDATE ON rates TO dialnexa_operator;
CREATE POLICY for_all ON rates FOR SELECT TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND account_id = organization_id);

-- What a parent charges a client per started minute, in its place; none: what it costs.
CREATE TABLE prices (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    price_id uuid NOT NULL,
    -- None: from then on no price of its own.
    minor_per_minute bigint CHECK (minor_per_minute BETWEEN 0 AND 1000000),
    valid_from timestamptz NOT NULL,
    set_by uuid,
    PRIMARY KEY (organization_id, account_id, price_id),
    UNIQUE (organization_id, account_id, valid_from),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('prices', 'SELECT, INSERT');
