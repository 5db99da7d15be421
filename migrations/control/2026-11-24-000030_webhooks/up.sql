-- Webhooks (domain.md 6.7): where an account wants to be told, what happened, and what became of telling it.

-- An address that is told. Its row is also the job: one worker at a time serves an endpoint, those first that
-- were served the longest time ago.
CREATE TABLE webhook_endpoints (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    webhook_id uuid NOT NULL,
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
    -- The kinds of events that it wants; none for all.
    kinds text[] NOT NULL,
    -- Sealed under the server's secret. The secret before it signs too until it retires.
    secret bytea NOT NULL,
    former_secret bytea,
    former_retires_at timestamptz,
    active boolean NOT NULL DEFAULT true,
    -- Why it was switched off without anybody asking for it, and how often it may still be tried to tell the owner.
    disabled_because text CHECK (disabled_because IN ('gone', 'failing')),
    letter_tries_left integer NOT NULL DEFAULT 0,
    -- Attempts that failed since the last that succeeded, and since when.
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When there is something to do for it; never, when empty.
    due_at timestamptz,
    claimed_until timestamptz,
    served_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, webhook_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    CHECK ((former_secret IS NULL) = (former_retires_at IS NULL)),
    CHECK (disabled_because IS NULL OR NOT active)
);
CREATE INDEX webhook_endpoints_to_serve ON webhook_endpoints (served_at) WHERE due_at IS NOT NULL;
CALL isolate_account_rows('webhook_endpoints', 'SELECT, INSERT, UPDATE, DELETE');

-- The outbox: what happened in an account, written by the transaction that did it. Kept for 30 days.
CREATE TABLE webhook_events (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    event_id uuid NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, event_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE INDEX webhook_events_by_age ON webhook_events (occurred_at);
CALL isolate_account_rows('webhook_events', 'SELECT, INSERT');

-- One event for one endpoint.
CREATE TABLE webhook_deliveries (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    -- Attempts since it was last begun anew: they say how long to wait for the next one.
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, webhook_id, event_id),
    FOREIGN KEY (organization_id, account_id, webhook_id) REFERENCES webhook_endpoints ON DELETE CASCADE,
    FOREIGN KEY (organization_id, account_id, event_id) REFERENCES webhook_events ON DELETE CASCADE,
    CHECK ((status = 'pending') = (due_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (organization_id, account_id, webhook_id, due_at)
    WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (organization_id, account_id, event_id);
CALL isolate_account_rows('webhook_deliveries', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE webhook_attempts (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    attempt integer NOT NULL,
    attempted_at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    -- The answer's status; none when there was no answer.
    status smallint,
    -- Why it failed, in one word; none for a success.
    error text,
    PRIMARY KEY (organization_id, account_id, webhook_id, event_id, attempt),
    FOREIGN KEY (organization_id, account_id, webhook_id, event_id) REFERENCES webhook_deliveries ON DELETE CASCADE
);
CALL isolate_account_rows('webhook_attempts', 'SELECT, INSERT');

-- The parent's overview has no use for them.
REVOKE SELECT ON webhook_endpoints, webhook_events, webhook_deliveries, webhook_attempts FROM dialnexa_overview;
DROP POLICY overview ON webhook_endpoints;
DROP POLICY overview ON webhook_events;
DROP POLICY overview ON webhook_deliveries;
DROP POLICY overview ON webhook_attempts;

-- Background work finds the endpoints that are due by these columns alone, and serves them in the tenant that the
-- row names.
GRANT SELECT (organization_id, account_id, webhook_id, due_at, claimed_until, served_at),
    UPDATE (claimed_until, served_at) ON webhook_endpoints TO dialnexa_gate;
CREATE POLICY due ON webhook_endpoints TO dialnexa_gate USING (due_at <= now()) WITH CHECK (true);
-- It can delete what is too old, and see nothing of it.
GRANT DELETE ON webhook_events TO dialnexa_gate;
CREATE POLICY too_old ON webhook_events FOR DELETE TO dialnexa_gate USING (occurred_at < now() - interval '30 days');
