-- Counters of calls per account and day. A day is a day in India (trust.md U16).
CREATE TABLE usage_days (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    day date NOT NULL,
    calls bigint NOT NULL DEFAULT 0,
    answered bigint NOT NULL DEFAULT 0,
    minutes bigint NOT NULL DEFAULT 0,
    cost_minor bigint NOT NULL DEFAULT 0,
    last_call_at timestamptz,
    PRIMARY KEY (organization_id, account_id, day),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('usage_days', 'SELECT, INSERT, UPDATE');

-- A call in progress holds one slot until it ends or its lease runs out (domain.md 3.5).
CREATE TABLE slots (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    call_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, account_id, call_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('slots', 'SELECT, INSERT, UPDATE, DELETE');

-- What was done once under a key and is not done again (trust.md R4).
CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    principal_id uuid NOT NULL,
    operation text NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, principal_id, operation, idempotency_key),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE');

-- A phone number exists once in the world, whichever region its owner's data is in.
CREATE TABLE number_directory (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    e164 text PRIMARY KEY CHECK (e164 ~ '^\+[1-9][0-9]{6,14}$'),
    number_id uuid NOT NULL,
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE INDEX number_directory_of_account ON number_directory (organization_id, account_id);
CALL isolate_account_rows('number_directory', 'SELECT, INSERT, DELETE');

-- The erasure of a deleted sub-account (domain.md 2.4): first the job, then its proof.
-- It belongs to the parent's account.
CREATE TABLE deletion_certificates (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    certificate_id uuid NOT NULL,
    sub_account_id uuid NOT NULL,
    sub_account_name text NOT NULL,
    region text NOT NULL,
    requested_by uuid NOT NULL REFERENCES users,
    requested_by_name text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    written_off_minor bigint NOT NULL,
    currency text NOT NULL,
    -- What there was when access had ended, counted before anything was erased.
    erased jsonb,
    completed_at timestamptz,
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, account_id, certificate_id),
    UNIQUE (organization_id, sub_account_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE INDEX deletion_certificates_by_time ON deletion_certificates (organization_id, requested_at);
CREATE INDEX deletions_to_do ON deletion_certificates (requested_at) WHERE completed_at IS NULL;
CALL isolate_account_rows('deletion_certificates', 'SELECT, INSERT, UPDATE');

-- Background work finds its jobs across tenants through these rows alone, and does them
-- in the tenant that the row names.
GRANT SELECT, UPDATE (claimed_until, attempts) ON deletion_certificates TO dialnexa_gate;
CREATE POLICY jobs ON deletion_certificates TO dialnexa_gate USING (completed_at IS NULL) WITH CHECK (true);
CREATE POLICY counters_due ON organizations FOR SELECT TO dialnexa_gate
    USING (counters_at < now() - interval '10 minutes');
CREATE POLICY over ON delegations FOR SELECT TO dialnexa_gate USING (
    ended_at IS NULL AND (expires_at <= now()
        OR NOT EXISTS (SELECT FROM sessions s WHERE s.session_id = delegations.session_id)));
