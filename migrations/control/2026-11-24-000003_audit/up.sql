-- Who did what (trust.md S18): written in the transaction of the change, never changed,
-- chained by hash per account so that an edit or a cut is found.
CREATE TABLE audit_heads (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    last_sequence bigint NOT NULL,
    last_hash bytea NOT NULL,
    PRIMARY KEY (organization_id, account_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('audit_heads', 'SELECT, INSERT, UPDATE');

CREATE TABLE audit_entries (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    sequence bigint NOT NULL,
    audit_entry_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    actor_name text NOT NULL,
    delegation_id uuid,
    action text NOT NULL,
    object text NOT NULL,
    object_id text NOT NULL,
    details jsonb NOT NULL,
    ip text NOT NULL,
    request_id text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (organization_id, account_id, sequence),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE INDEX audit_entries_by_action ON audit_entries (organization_id, account_id, action, sequence);
CALL isolate_account_rows('audit_entries', 'SELECT, INSERT');
