DROP POLICY retention_due ON accounts;
DROP POLICY own_retention ON accounts;
REVOKE UPDATE (recording_days, transcript_days, retention_due_at, retention_claimed_until, recordings_walked_at)
    ON accounts FROM dialnexa_tenant, dialnexa_gate;
ALTER TABLE accounts DROP COLUMN recording_days, DROP COLUMN transcript_days, DROP COLUMN retention_due_at,
    DROP COLUMN retention_claimed_until, DROP COLUMN recordings_walked_at;
