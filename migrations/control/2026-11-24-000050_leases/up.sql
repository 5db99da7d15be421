-- Slots as leases (domain.md 3.5, trust.md R6), the engines that hold them, and what was refused.
--
-- Whoever admits, renews or ends calls takes on dialnexa_admission: a tenant who may also move
-- the counters of calls in progress. Nobody else writes slots.

-- A telephony engine signs in with a key of its own and serves the calls of some regions.
CREATE TABLE engines (
    engine_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    regions text[] NOT NULL CHECK (cardinality(regions) > 0),
    key_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
ALTER TABLE engines ENABLE ROW LEVEL SECURITY;
ALTER TABLE engines FORCE ROW LEVEL SECURITY;
CREATE POLICY presented ON engines FOR SELECT TO dialnexa_gate
    USING (key_hash = (SELECT current_key()) AND revoked_at IS NULL);
CREATE POLICY operated ON engines TO dialnexa_operator USING (true) WITH CHECK (true);
GRANT SELECT ON engines TO dialnexa_gate;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON engines TO dialnexa_operator;

-- The table is empty: nothing admitted calls before.
ALTER TABLE slots
    ADD COLUMN region text NOT NULL,
    ADD COLUMN direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    ADD COLUMN admitted_at timestamptz NOT NULL DEFAULT now(),
    -- The engine that holds it; none while an outbound call waits for one.
    ADD COLUMN engine_id uuid,
    -- By what the engine knows an inbound call: who asks again is not admitted twice.
    ADD COLUMN engine_reference text CHECK (length(engine_reference) BETWEEN 1 AND 200),
    -- Its deadline passed and the place was given back; the row stays until the call is closed.
    ADD COLUMN reclaimed_at timestamptz,
    ADD UNIQUE (organization_id, account_id, engine_reference);
CREATE INDEX slots_by_deadline ON slots (expires_at);
CREATE INDEX slots_waiting ON slots (region, admitted_at) WHERE engine_id IS NULL AND reclaimed_at IS NULL;
REVOKE INSERT, UPDATE, DELETE ON slots FROM dialnexa_tenant, dialnexa_operator;
GRANT INSERT, UPDATE, DELETE ON slots TO dialnexa_admission;

-- The counters of calls in progress follow the rows, whoever writes them.
CREATE FUNCTION keep_slots_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    slot slots := coalesce(NEW, OLD);
    change integer := 0;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        change := (NEW.reclaimed_at IS NULL)::integer;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        change := change - (OLD.reclaimed_at IS NULL)::integer;
    END IF;
    IF change = 0 THEN
        RETURN NULL;
    ELSIF slot.account_id = slot.organization_id THEN
        UPDATE organizations SET slots_in_use = slots_in_use + change
            WHERE organization_id = slot.organization_id;
    ELSE
        UPDATE sub_accounts SET slots_in_use = slots_in_use + change
            WHERE organization_id = slot.organization_id AND sub_account_id = slot.account_id;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the account of a slot is out of reach';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_slots_in_use
    AFTER INSERT OR DELETE OR UPDATE OF reclaimed_at ON slots
    FOR EACH ROW EXECUTE FUNCTION keep_slots_in_use();

CREATE POLICY own_slots ON sub_accounts FOR UPDATE TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()) AND sub_account_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND sub_account_id = (SELECT current_account()));
-- A claim that shrinks as calls end above a lowered limit is counted at the organization.
CREATE POLICY claims_see ON organizations FOR SELECT TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()));
CREATE POLICY claims_write ON organizations FOR UPDATE TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()))
    WITH CHECK (organization_id = (SELECT current_organization()));

-- Background work finds what ran out, and engines what waits for them, by these rows alone.
GRANT SELECT (organization_id, account_id, call_id, region, admitted_at, expires_at, engine_id, reclaimed_at),
    UPDATE (engine_id, expires_at) ON slots TO dialnexa_gate;
CREATE POLICY run_out ON slots FOR SELECT TO dialnexa_gate
    USING (expires_at < now() OR reclaimed_at IS NOT NULL);
CREATE FUNCTION current_engine() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.engine_id', true), '')::uuid;
CREATE POLICY waiting ON slots TO dialnexa_gate
    USING (engine_id IS NULL AND reclaimed_at IS NULL AND expires_at > now()
        AND (SELECT current_engine()) IS NOT NULL)
    WITH CHECK (engine_id = (SELECT current_engine()));
CREATE POLICY taken ON slots FOR SELECT TO dialnexa_gate USING (engine_id = (SELECT current_engine()));

-- Which account a dialled number rings at.
CREATE FUNCTION current_number() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.dialled', true), '');
CREATE POLICY dialled ON number_directory FOR SELECT TO dialnexa_gate USING (e164 = (SELECT current_number()));
GRANT SELECT ON number_directory TO dialnexa_gate;

-- The most calls at once, per day in India.
ALTER TABLE usage_days ADD COLUMN peak_in_use integer NOT NULL DEFAULT 0;

-- Calls that were not admitted (domain.md 3.4): they leave nothing else.
CREATE TABLE refusals (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    -- A day in India.
    day date NOT NULL,
    -- The code by which it was refused, such as 'concurrency_limit_reached'.
    code text NOT NULL,
    -- The limit that refused it; -1 where it was no limit.
    at_limit integer NOT NULL,
    refused bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, account_id, day, code, at_limit),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('refusals', 'SELECT, INSERT, UPDATE');
