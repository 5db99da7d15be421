-- What people and programs change in a region (domain.md 1.5) stands in the audit log of
-- their account, which is in the control database. No transaction spans both: the entry is
-- written here with the change, and relayed to the log, where its id is known.
CREATE TABLE outbox (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    -- The id of the audit entry.
    audit_entry_id uuid NOT NULL,
    entry jsonb NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, audit_entry_id)
);
CREATE INDEX outbox_by_age ON outbox (written_at);
CALL isolate_account_rows('outbox', 'SELECT, INSERT, DELETE');

-- An entry is relayed as soon as it is written. What a crash left behind is found across
-- tenants by its age, and relayed in the tenant that the row names.
GRANT SELECT (organization_id, account_id, written_at) ON outbox TO dialnexa_gate;
CREATE POLICY left_behind ON outbox FOR SELECT TO dialnexa_gate USING (written_at < now() - interval '2 seconds');

-- What was done once under a key and is not done again (trust.md R4), as in the control
-- database: the record is kept by the commit that keeps the effect.
CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    principal_id uuid NOT NULL,
    operation text NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, principal_id, operation, idempotency_key)
);
CALL isolate_account_rows('idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE');
-- It is remembered for a day, as programs are promised, and a day more; then background
-- work forgets it, in every account.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE POLICY over ON idempotency_keys TO dialnexa_gate
    USING (created_at < now() - interval '48 hours') WITH CHECK (false);
GRANT SELECT (created_at), DELETE ON idempotency_keys TO dialnexa_gate;
