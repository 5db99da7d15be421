-- The call content of the tenants of one region (domain.md 1.5). A transaction here has
-- one account; there is no view over several.

CREATE FUNCTION current_organization() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.organization_id', true), '')::uuid;

CREATE FUNCTION current_account() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.account_id', true), '')::uuid;

CREATE PROCEDURE isolate_account_rows(target regclass, tenant_privileges text) LANGUAGE plpgsql AS $$
DECLARE
    same_account constant text :=
        'organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account())';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY account ON %s TO dialnexa_tenant USING (%s) WITH CHECK (%s)',
        target, same_account, same_account);
    EXECUTE format('CREATE POLICY erasure ON %s TO dialnexa_eraser USING (%s) WITH CHECK (false)',
        target, same_account);
    EXECUTE format('GRANT %s ON %s TO dialnexa_tenant', tenant_privileges, target);
    EXECUTE format('GRANT SELECT, DELETE ON %s TO dialnexa_eraser', target);
END $$;

CREATE TABLE agents (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    agent_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    pipeline text NOT NULL CHECK (pipeline IN ('Cascaded', 'Speech_To_Speech')),
    language text NOT NULL,
    voice text NOT NULL,
    llm text NOT NULL,
    prompt text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, agent_id)
);
CALL isolate_account_rows('agents', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE phone_numbers (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    number_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    e164 text NOT NULL CHECK (e164 ~ '^\+[1-9][0-9]{6,14}$'),
    label text NOT NULL,
    agent_id uuid,
    monthly_cost_minor bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, number_id),
    FOREIGN KEY (organization_id, account_id, agent_id) REFERENCES agents
);
CALL isolate_account_rows('phone_numbers', 'SELECT, INSERT, UPDATE, DELETE');

-- A call's id begins with its time (UUIDv7), so a range of ids is a range of time: the
-- table is partitioned by month on the id itself, and a look-up by id reads one month.
CREATE TABLE calls (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    call_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    agent_id uuid,
    agent_name text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    status text NOT NULL CHECK (status IN ('created', 'initiated', 'sent', 'received', 'completed',
        'did_not_pick', 'busy', 'no_answer', 'failed', 'cancelled', 'retry_expired')),
    end_reason text,
    from_e164 text NOT NULL,
    to_e164 text NOT NULL,
    created_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    duration_seconds integer NOT NULL DEFAULT 0,
    cost_minor bigint NOT NULL DEFAULT 0,
    currency text NOT NULL,
    sentiment text CHECK (sentiment IN ('positive', 'neutral', 'negative')),
    summary text,
    recording_bytes bigint,
    PRIMARY KEY (organization_id, account_id, call_id)
) PARTITION BY RANGE (call_id);
CREATE INDEX calls_by_agent ON calls (organization_id, account_id, agent_id, call_id);
CREATE INDEX calls_by_from ON calls (organization_id, account_id, from_e164, call_id);
CREATE INDEX calls_by_to ON calls (organization_id, account_id, to_e164, call_id);
CALL isolate_account_rows('calls', 'SELECT, INSERT, UPDATE, DELETE');

-- Counters of calls per agent or number and day, so that their lists never scan calls.
CREATE TABLE call_days (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    -- The agent or the number.
    subject_id uuid NOT NULL,
    day date NOT NULL,
    calls bigint NOT NULL,
    PRIMARY KEY (organization_id, account_id, subject_id, day)
);
CALL isolate_account_rows('call_days', 'SELECT, INSERT, UPDATE');

CREATE TABLE transcripts (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    call_id uuid NOT NULL,
    -- [{"speaker": "agent"|"caller", "at": seconds, "text": "…", "language": "hi"|"en"}]
    turns jsonb NOT NULL,
    PRIMARY KEY (organization_id, account_id, call_id)
);
CALL isolate_account_rows('transcripts', 'SELECT, INSERT, UPDATE, DELETE');

-- The least UUIDv7 of a moment.
CREATE FUNCTION first_id_of(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;

-- Makes sure that each month from `since` to `until` has its partition. Partitions are
-- reached through `calls` alone: they are locked and granted to nobody.
CREATE PROCEDURE ensure_call_partitions(since timestamptz, until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', since AT TIME ZONE 'UTC');
    partition text;
BEGIN
    WHILE month <= until AT TIME ZONE 'UTC' LOOP
        partition := 'calls_' || to_char(month, 'YYYY_MM');
        IF to_regclass(partition) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF calls FOR VALUES FROM (%L) TO (%L)', partition,
                first_id_of(month AT TIME ZONE 'UTC'),
                first_id_of((month + interval '1 month') AT TIME ZONE 'UTC'));
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition);
        END IF;
        month := month + interval '1 month';
    END LOOP;
END $$;

CREATE TABLE calls_default PARTITION OF calls DEFAULT;
ALTER TABLE calls_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls_default FORCE ROW LEVEL SECURITY;
CALL ensure_call_partitions(now() - interval '4 months', now() + interval '13 months');
