-- What an organization issued, paged by key, the latest first.
CREATE INDEX invoices_by_issuer ON invoices (issuer_id, invoice_id);

-- An organization that says who it is has its sub-accounts looked at soon, from its own context.
CREATE POLICY parent_wakes ON accounts FOR UPDATE TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
