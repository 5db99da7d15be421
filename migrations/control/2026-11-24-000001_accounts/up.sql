-- The tenant tree (domain.md 1) and the two locks on it.
--
-- The program's login role owns nothing, inherits nothing and switches, in each
-- transaction, to one of these group roles, which provisioning creates:
--   dialnexa_gate      who is asking: people, sessions, memberships
--   dialnexa_tenant    one account, read and write
--   dialnexa_overview  one organization with its sub-accounts, read only
--   dialnexa_operator  the platform's operator (command line only)
--   dialnexa_eraser    what erases a deleted sub-account
-- A setting that is missing or empty matches no row.

CREATE FUNCTION current_organization() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.organization_id', true), '')::uuid;

CREATE FUNCTION current_account() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.account_id', true), '')::uuid;

CREATE FUNCTION current_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.user_id', true), '')::uuid;

-- Forces row-level security on a table of which each row belongs to one account.
CREATE PROCEDURE isolate_account_rows(target regclass, tenant_privileges text) LANGUAGE plpgsql AS $$
DECLARE
    same_account constant text :=
        'organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account())';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY account ON %s TO dialnexa_tenant, dialnexa_operator USING (%s) WITH CHECK (%s)',
        target, same_account, same_account);
    EXECUTE format('CREATE POLICY erasure ON %s TO dialnexa_eraser USING (%s) WITH CHECK (false)',
        target, same_account);
    EXECUTE format('CREATE POLICY overview ON %s FOR SELECT TO dialnexa_overview '
        'USING (organization_id = (SELECT current_organization()))', target);
    EXECUTE format('GRANT %s ON %s TO dialnexa_tenant, dialnexa_operator', tenant_privileges, target);
    EXECUTE format('GRANT SELECT, DELETE ON %s TO dialnexa_eraser', target);
    EXECUTE format('GRANT SELECT ON %s TO dialnexa_overview', target);
END $$;

CREATE TABLE organizations (
    organization_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    region text NOT NULL,
    currency text NOT NULL DEFAULT 'INR' CHECK (currency ~ '^[A-Z]{3}$'),
    sub_accounts_enabled boolean NOT NULL DEFAULT false,
    total_concurrency integer NOT NULL DEFAULT 0 CHECK (total_concurrency BETWEEN 0 AND 1000000),
    -- Kept by the trigger on sub_accounts, so that the rules below hold whoever writes.
    allocated_concurrency integer NOT NULL DEFAULT 0,
    claimed_concurrency integer NOT NULL DEFAULT 0,
    slots_in_use integer NOT NULL DEFAULT 0 CHECK (slots_in_use >= 0),
    active_sub_accounts integer NOT NULL DEFAULT 0,
    suspended_sub_accounts integer NOT NULL DEFAULT 0,
    -- Refreshed with the sub-accounts' own counters.
    calls_30d bigint NOT NULL DEFAULT 0,
    minutes_30d bigint NOT NULL DEFAULT 0,
    counters_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- domain.md 3.2: allocations + parent reserved = total.
    CONSTRAINT allocations_within_total CHECK (allocated_concurrency BETWEEN 0 AND total_concurrency),
    -- domain.md 3.3: slots still in use above a lowered limit stay counted.
    CONSTRAINT claims_within_total CHECK (claimed_concurrency + slots_in_use <= total_concurrency)
);

-- Every account of either kind; what a deleted sub-account leaves behind, so that the
-- ledger keeps its keys and nothing else about it.
CREATE TABLE accounts (
    organization_id uuid NOT NULL REFERENCES organizations,
    account_id uuid NOT NULL,
    PRIMARY KEY (organization_id, account_id),
    UNIQUE (account_id)
);

CREATE TABLE sub_accounts (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    sub_account_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    name_key text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
    external_id text CHECK (length(external_id) BETWEEN 1 AND 100),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deleting')),
    billing_mode text NOT NULL CHECK (billing_mode IN ('isolated', 'consolidated')),
    region text NOT NULL,
    concurrency_limit integer NOT NULL CHECK (concurrency_limit >= 0),
    slots_in_use integer NOT NULL DEFAULT 0 CHECK (slots_in_use >= 0),
    calls_30d bigint NOT NULL DEFAULT 0,
    minutes_30d bigint NOT NULL DEFAULT 0,
    last_call_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    suspended_at timestamptz,
    PRIMARY KEY (organization_id, sub_account_id),
    UNIQUE (sub_account_id),
    UNIQUE (organization_id, external_id),
    FOREIGN KEY (organization_id, sub_account_id) REFERENCES accounts (organization_id, account_id)
);
CREATE INDEX sub_accounts_by_name ON sub_accounts (organization_id, name_key, sub_account_id);
CREATE INDEX sub_accounts_by_created ON sub_accounts (organization_id, created_at, sub_account_id);
CREATE INDEX sub_accounts_by_calls ON sub_accounts (organization_id, calls_30d, sub_account_id);
CREATE INDEX sub_accounts_by_limit ON sub_accounts (organization_id, concurrency_limit, sub_account_id);

-- A sub-account's claim is its limit or, where that was lowered below what is in use,
-- what is in use (domain.md 3.3).
CREATE FUNCTION keep_concurrency_totals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allocated integer := 0;
    claimed integer := 0;
    active integer := 0;
    suspended integer := 0;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        allocated := NEW.concurrency_limit;
        claimed := greatest(NEW.concurrency_limit, NEW.slots_in_use);
        active := (NEW.status = 'active')::integer;
        suspended := (NEW.status = 'suspended')::integer;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        allocated := allocated - OLD.concurrency_limit;
        claimed := claimed - greatest(OLD.concurrency_limit, OLD.slots_in_use);
        active := active - (OLD.status = 'active')::integer;
        suspended := suspended - (OLD.status = 'suspended')::integer;
    END IF;
    -- Most calls change no claim: the organization's row is then left alone.
    IF (allocated, claimed, active, suspended) <> (0, 0, 0, 0) THEN
        UPDATE organizations SET
            allocated_concurrency = allocated_concurrency + allocated,
            claimed_concurrency = claimed_concurrency + claimed,
            active_sub_accounts = active_sub_accounts + active,
            suspended_sub_accounts = suspended_sub_accounts + suspended
        WHERE organization_id = coalesce(NEW.organization_id, OLD.organization_id);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the organization of a sub-account is out of reach';
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER keep_concurrency_totals
    AFTER INSERT OR DELETE OR UPDATE OF concurrency_limit, slots_in_use, status ON sub_accounts
    FOR EACH ROW EXECUTE FUNCTION keep_concurrency_totals();

-- The brand an organization shows to its sub-accounts (domain.md 8).
CREATE TABLE brands (
    organization_id uuid PRIMARY KEY REFERENCES organizations,
    product_name text NOT NULL CHECK (length(product_name) BETWEEN 1 AND 60),
    support_email text
);

CREATE TABLE workspaces (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    workspace_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    region text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, workspace_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE UNIQUE INDEX workspaces_by_name ON workspaces (organization_id, account_id, lower(name));
CALL isolate_account_rows('workspaces', 'SELECT, INSERT, UPDATE, DELETE');

-- Organization, accounts and sub_accounts: the parent's own context sees all of its
-- organization; a sub-account's sees itself, never the parent's row.
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY parent ON organizations TO dialnexa_tenant, dialnexa_operator
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY overview ON organizations FOR SELECT TO dialnexa_overview
    USING (organization_id = (SELECT current_organization()));
GRANT SELECT, UPDATE (allocated_concurrency, claimed_concurrency, slots_in_use, active_sub_accounts,
    suspended_sub_accounts, calls_30d, minutes_30d, counters_at) ON organizations TO dialnexa_tenant;
GRANT SELECT ON organizations TO dialnexa_overview;
GRANT SELECT, INSERT, UPDATE ON organizations TO dialnexa_operator;

ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON accounts FOR SELECT TO dialnexa_tenant, dialnexa_operator, dialnexa_eraser
    USING (organization_id = (SELECT current_organization())
        AND (account_id = (SELECT current_account()) OR organization_id = (SELECT current_account())));
CREATE POLICY parent_adds ON accounts FOR INSERT TO dialnexa_tenant, dialnexa_operator
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
GRANT SELECT, INSERT ON accounts TO dialnexa_tenant, dialnexa_operator;
GRANT SELECT ON accounts TO dialnexa_eraser;

ALTER TABLE sub_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sub_accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON sub_accounts FOR SELECT TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization())
        AND (sub_account_id = (SELECT current_account()) OR organization_id = (SELECT current_account())));
CREATE POLICY parent_writes ON sub_accounts TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY overview ON sub_accounts FOR SELECT TO dialnexa_overview
    USING (organization_id = (SELECT current_organization()));
GRANT SELECT, INSERT, UPDATE, DELETE ON sub_accounts TO dialnexa_tenant;
GRANT SELECT ON sub_accounts TO dialnexa_overview;

ALTER TABLE brands ENABLE ROW LEVEL SECURITY;
ALTER TABLE brands FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON brands FOR SELECT TO dialnexa_tenant, dialnexa_operator
    USING (organization_id = (SELECT current_organization()));
CREATE POLICY operator_writes ON brands TO dialnexa_operator
    USING (organization_id = (SELECT current_organization()))
    WITH CHECK (organization_id = (SELECT current_organization()));
GRANT SELECT ON brands TO dialnexa_tenant;
GRANT SELECT, INSERT, UPDATE ON brands TO dialnexa_operator;
