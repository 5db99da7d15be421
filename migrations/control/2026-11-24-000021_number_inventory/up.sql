-- Phone numbers that can be bought. One that is sold names its buyer; the others belong to
-- nobody, and every account may buy them.
CREATE TABLE number_inventory (
    e164 text PRIMARY KEY CHECK (e164 ~ '^\+[1-9][0-9]{6,14}$'),
    provider text NOT NULL,
    country_iso text NOT NULL CHECK (country_iso ~ '^[A-Z]{2}$'),
    number_type text NOT NULL CHECK (number_type IN ('local', 'mobile', 'tollfree')),
    monthly_minor bigint NOT NULL CHECK (monthly_minor >= 0),
    setup_minor bigint NOT NULL DEFAULT 0 CHECK (setup_minor >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    sms_enabled boolean NOT NULL DEFAULT false,
    added_at timestamptz NOT NULL DEFAULT now(),
    organization_id uuid,
    account_id uuid,
    sold_at timestamptz,
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    CHECK ((organization_id IS NULL) = (account_id IS NULL)),
    CHECK ((account_id IS NULL) = (sold_at IS NULL))
);
CREATE INDEX number_inventory_for_sale ON number_inventory (country_iso, number_type, e164) WHERE account_id IS NULL;
ALTER TABLE number_inventory ENABLE ROW LEVEL SECURITY;
ALTER TABLE number_inventory FORCE ROW LEVEL SECURITY;
CREATE POLICY for_sale ON number_inventory FOR SELECT TO dialnexa_tenant
    USING (account_id IS NULL AND (SELECT current_account()) IS NOT NULL);
CREATE POLICY own ON number_inventory FOR SELECT TO dialnexa_tenant, dialnexa_eraser
    USING (organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account()));
-- To buy is to put one's own name on it.
CREATE POLICY buy ON number_inventory FOR UPDATE TO dialnexa_tenant
    USING (account_id IS NULL AND (SELECT current_account()) IS NOT NULL)
    WITH CHECK (organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account()));
-- What is given back goes back to its provider.
CREATE POLICY give_back ON number_inventory FOR DELETE TO dialnexa_tenant, dialnexa_eraser
    USING (organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account()));
CREATE POLICY stock ON number_inventory FOR INSERT TO dialnexa_operator WITH CHECK (account_id IS NULL);
GRANT SELECT, UPDATE (organization_id, account_id, sold_at), DELETE ON number_inventory TO dialnexa_tenant;
GRANT SELECT, DELETE ON number_inventory TO dialnexa_eraser;
GRANT INSERT ON number_inventory TO dialnexa_operator;

-- Numbers on their way: bought, and not yet in the account's region; or given back, and not
-- yet gone from there.
CREATE TABLE number_moves (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    number_id uuid NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    region text NOT NULL,
    -- The row that the region is to have.
    number jsonb NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, number_id, direction),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE INDEX number_moves_by_age ON number_moves (begun_at);
CALL isolate_account_rows('number_moves', 'SELECT, INSERT, DELETE');
-- A move is finished by whoever began it. What a crash left is found here, and finished in
-- the tenant that the row names.
GRANT SELECT (organization_id, account_id, region, begun_at) ON number_moves TO dialnexa_gate;
CREATE POLICY left_behind ON number_moves FOR SELECT TO dialnexa_gate
    USING (begun_at < now() - interval '5 seconds');
