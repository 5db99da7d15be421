-- Calls of an organization that end at the same time are settled by one transaction in the organization's own
-- account: it reaches the slots, counters and days of the sub-accounts beneath.
CREATE POLICY beneath_seen ON slots FOR SELECT TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY beneath_settled ON slots FOR DELETE TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY beneath_counted ON sub_accounts FOR UPDATE TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY beneath_seen ON usage_days FOR SELECT TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY beneath_counted ON usage_days FOR INSERT TO dialnexa_admission
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY beneath_added ON usage_days FOR UPDATE TO dialnexa_admission
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
