-- Calls that are followed from their admission to their end (domain.md 6.6).

ALTER TABLE calls
    -- The account's number that it goes over.
    ADD COLUMN number_id uuid,
    -- The version of the agent that speaks.
    ADD COLUMN agent_version integer,
    -- What the program that asked for it gave along for the agent, and for itself.
    ADD COLUMN metadata jsonb,
    ADD COLUMN notes jsonb;

-- By what engines know inbound calls: who asks again, also after its end, gets the same call.
CREATE TABLE call_references (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    engine_reference text NOT NULL CHECK (length(engine_reference) BETWEEN 1 AND 200),
    call_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, engine_reference)
);
CALL isolate_account_rows('call_references', 'SELECT, INSERT');
CREATE INDEX call_references_by_age ON call_references (created_at);
CREATE POLICY over ON call_references TO dialnexa_gate
    USING (created_at < now() - interval '48 hours') WITH CHECK (false);
GRANT SELECT (created_at), DELETE ON call_references TO dialnexa_gate;

-- Simulated calls of test keys (domain.md 6.1) on their way to their end.
CREATE TABLE test_calls (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    call_id uuid NOT NULL,
    -- When the next thing happens to it.
    due_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, account_id, call_id)
);
CALL isolate_account_rows('test_calls', 'SELECT, INSERT, UPDATE, DELETE');
CREATE INDEX test_calls_by_time ON test_calls (due_at);
GRANT SELECT ON test_calls TO dialnexa_gate;
CREATE POLICY due ON test_calls FOR SELECT TO dialnexa_gate USING (due_at < now());
