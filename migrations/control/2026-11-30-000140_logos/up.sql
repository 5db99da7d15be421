-- The logo of an organization's brand (domain.md 8), and which one stands on an invoice (4.8).

CREATE TABLE brand_logos (
    organization_id uuid NOT NULL DEFAULT current_organization() REFERENCES organizations,
    logo_id uuid NOT NULL,
    -- What was decoded and written anew: never the file that was sent.
    png bytea NOT NULL CHECK (length(png) BETWEEN 1 AND 1048576),
    width integer NOT NULL CHECK (width BETWEEN 16 AND 840),
    height integer NOT NULL CHECK (height BETWEEN 16 AND 240),
    kept_at timestamptz NOT NULL DEFAULT now(),
    -- It stands on what was issued: it stays, whatever the brand becomes.
    is_printed boolean NOT NULL DEFAULT false,
    PRIMARY KEY (organization_id, logo_id)
);
ALTER TABLE brands
    ADD COLUMN logo_id uuid,
    ADD FOREIGN KEY (organization_id, logo_id) REFERENCES brand_logos;

-- All accounts of an organization see its brand; it is changed in the organization's own context.
ALTER TABLE brand_logos ENABLE ROW LEVEL SECURITY;
ALTER TABLE brand_logos FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON brand_logos FOR SELECT TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()));
CREATE POLICY parent_keeps ON brand_logos FOR INSERT TO dialnexa_tenant
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY parent_prints ON brand_logos FOR UPDATE TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND is_printed);
-- What was printed is not taken back.
CREATE POLICY parent_drops ON brand_logos FOR DELETE TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account())
           AND NOT is_printed);
GRANT SELECT, INSERT, DELETE, UPDATE (is_printed) ON brand_logos TO dialnexa_tenant;

CREATE POLICY parent_changes ON brands FOR UPDATE TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
GRANT UPDATE (logo_id) ON brands TO dialnexa_tenant;
