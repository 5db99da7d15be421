-- A person's way out of a payment that is held back (domain.md 4.7, trust.md R10).

-- What came instead of what was asked for, and under which reference it was given back.
ALTER TABLE payments
    ADD COLUMN came_minor bigint,
    ADD COLUMN came_currency text CHECK (came_currency ~ '^[A-Z]{3}$'),
    ADD COLUMN returned_as text CHECK (length(returned_as) BETWEEN 1 AND 100);
CREATE INDEX payments_held ON payments (organization_id, payment_id) WHERE problem IS NOT NULL;

-- Whoever credits a payment keeps its sub-account from being deleted at that moment. To lock the row
-- is all that this allows: no change of it passes.
CREATE POLICY own_kept ON sub_accounts FOR UPDATE TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND sub_account_id = (SELECT current_account()))
    WITH CHECK (false);
