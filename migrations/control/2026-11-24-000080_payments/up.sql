-- Who may push the organization's money into its sub-accounts, and payments into wallets
-- (domain.md 4.7, 5.3, trust.md R10).

-- Given by the Owner to an Org Admin; the Owner needs none.
ALTER TABLE memberships ADD COLUMN may_recharge boolean NOT NULL DEFAULT false;

-- A payment into a wallet, from the wish to the money.
CREATE TABLE payments (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    payment_id uuid NOT NULL,
    -- created: wished; waiting: the provider, or the bank transfer, is waited for; then what became of it.
    state text NOT NULL DEFAULT 'created' CHECK (state IN ('created', 'waiting', 'paid', 'failed', 'expired')),
    provider text NOT NULL CHECK (provider IN ('manual', 'stripe', 'razorpay')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- What the provider calls it, and where it is paid.
    provider_id text CHECK (length(provider_id) BETWEEN 1 AND 255),
    provider_url text CHECK (length(provider_url) BETWEEN 1 AND 2000),
    -- What the provider, or the bank, calls the money that came.
    paid_by text CHECK (length(paid_by) BETWEEN 1 AND 255),
    -- A person or a key. Names are looked up, never kept.
    begun_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- When the provider is asked next what became of it; none: never again.
    due_at timestamptz,
    settled_at timestamptz,
    -- The entry that put it into the wallet.
    transaction_id uuid,
    -- Why money that came was not put into the wallet: a person must look.
    problem text,
    refunded_minor bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, account_id, payment_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    CHECK ((state = 'paid') = (transaction_id IS NOT NULL))
);
CREATE UNIQUE INDEX payments_by_id ON payments (payment_id);
CREATE INDEX payments_due ON payments (due_at) WHERE due_at IS NOT NULL;
CALL isolate_account_rows('payments', 'SELECT, INSERT, UPDATE');

-- What providers told, each event once.
CREATE TABLE payment_events (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    provider text NOT NULL,
    event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255),
    payment_id uuid NOT NULL,
    kind text NOT NULL CHECK (length(kind) <= 100),
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, provider, event_id),
    FOREIGN KEY (organization_id, account_id, payment_id) REFERENCES payments
);
CREATE INDEX payment_events_of_payment ON payment_events (organization_id, account_id, payment_id);
CALL isolate_account_rows('payment_events', 'SELECT, INSERT');
-- Money that came stays on record when its account is deleted, as the ledger does (domain.md 9).
REVOKE DELETE ON payments, payment_events FROM dialnexa_eraser;
GRANT UPDATE (begun_by) ON payments TO dialnexa_eraser;
CREATE POLICY forgets ON payments FOR UPDATE TO dialnexa_eraser
    USING (organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account())
        AND begun_by IS NULL);

-- Whose payment an event or the operator names, and which the provider is to be asked about.
CREATE FUNCTION current_payment() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.payment_id', true), '')::uuid;
GRANT SELECT (organization_id, account_id, payment_id, provider, provider_id, due_at, amount_minor, currency),
    UPDATE (due_at) ON payments TO dialnexa_gate;
CREATE POLICY named ON payments FOR SELECT TO dialnexa_gate USING (payment_id = (SELECT current_payment()));
-- Taking one puts it off, and what was put off must still be seen.
CREATE POLICY due ON payments TO dialnexa_gate USING (due_at <= now() + interval '15 minutes') WITH CHECK (true);
