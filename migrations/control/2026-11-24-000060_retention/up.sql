-- How long an account keeps recordings and transcripts (domain.md 9).
ALTER TABLE accounts
    -- None: recordings are off.
    ADD COLUMN recording_days smallint DEFAULT 90 CHECK (recording_days BETWEEN 7 AND 90),
    ADD COLUMN transcript_days smallint NOT NULL DEFAULT 365 CHECK (transcript_days BETWEEN 30 AND 365),
    -- When what is kept too long is looked for next; none once the account is deleted.
    ADD COLUMN retention_due_at timestamptz DEFAULT now() + interval '1 hour',
    ADD COLUMN retention_claimed_until timestamptz,
    -- When its object store was last walked for recordings that no call knows of.
    ADD COLUMN recordings_walked_at timestamptz;
CREATE INDEX accounts_by_retention ON accounts (retention_due_at) WHERE retention_due_at IS NOT NULL;

CREATE POLICY own_retention ON accounts FOR UPDATE TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND account_id = (SELECT current_account()));
GRANT UPDATE (recording_days, transcript_days, retention_due_at, retention_claimed_until, recordings_walked_at)
    ON accounts TO dialnexa_tenant;

-- Background work finds the accounts that are due, takes one, and serves it in the tenant that the row names.
CREATE POLICY retention_due ON accounts TO dialnexa_gate
    USING (retention_due_at <= now()) WITH CHECK (retention_due_at <= now());
GRANT UPDATE (retention_claimed_until) ON accounts TO dialnexa_gate;
