DELETE FROM deletion_certificates WHERE requested_by IS NULL;
ALTER TABLE deletion_certificates ALTER COLUMN requested_by SET NOT NULL;
DROP POLICY opened_by_key ON brands;
DROP POLICY opened_by_key ON sub_accounts;
DROP POLICY opened_by_key ON organizations;
DROP POLICY used ON api_keys;
DROP POLICY presented ON api_keys;
REVOKE ALL ON api_keys FROM dialnexa_gate;
DROP FUNCTION current_key();
ALTER TABLE api_keys
    DROP COLUMN last_used_ip, DROP COLUMN replaced_by, DROP COLUMN workspace_id, DROP COLUMN scopes;
