-- What an API key may do, and how a request is known by its key (domain.md 6.1).

ALTER TABLE api_keys
    -- Words such as 'agents:read'. Keys from before there were scopes have all that their account's kind allows.
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{sub_accounts:write, billing:write, api_keys:write, members:write,
        audit_log:write, usage:write, agents:write, numbers:write, calls:write, webhooks:write}',
    -- The one workspace it works in; none for the whole account.
    ADD COLUMN workspace_id uuid,
    -- The key that follows it after a rotation.
    ADD COLUMN replaced_by uuid,
    ADD COLUMN last_used_ip text,
    ADD FOREIGN KEY (organization_id, account_id, workspace_id) REFERENCES workspaces,
    ADD FOREIGN KEY (organization_id, account_id, replaced_by) REFERENCES api_keys;
ALTER TABLE api_keys ALTER COLUMN scopes SET DEFAULT '{}';

-- SHA-256 of the key that a request presents.
CREATE FUNCTION current_key() RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    RETURN decode(NULLIF(current_setting('app.key_hash', true), ''), 'hex');

-- The gate sees the key that is presented to it, and the account that this key opens.
CREATE POLICY presented ON api_keys FOR SELECT TO dialnexa_gate USING (token_hash = (SELECT current_key()));
CREATE POLICY used ON api_keys FOR UPDATE TO dialnexa_gate
    USING (token_hash = (SELECT current_key())) WITH CHECK (token_hash = (SELECT current_key()));
GRANT SELECT, UPDATE (last_used_at, last_used_ip) ON api_keys TO dialnexa_gate;
CREATE POLICY opened_by_key ON organizations FOR SELECT TO dialnexa_gate USING (
    EXISTS (SELECT FROM api_keys k WHERE k.organization_id = organizations.organization_id
        AND k.account_id = organizations.organization_id AND k.token_hash = (SELECT current_key())));
CREATE POLICY opened_by_key ON sub_accounts FOR SELECT TO dialnexa_gate USING (
    EXISTS (SELECT FROM api_keys k WHERE k.organization_id = sub_accounts.organization_id
        AND k.account_id = sub_accounts.sub_account_id AND k.token_hash = (SELECT current_key())));
CREATE POLICY opened_by_key ON brands FOR SELECT TO dialnexa_gate USING (
    EXISTS (SELECT FROM api_keys k WHERE k.organization_id = brands.organization_id
        AND k.token_hash = (SELECT current_key())));

-- A program may delete a sub-account too.
ALTER TABLE deletion_certificates ALTER COLUMN requested_by DROP NOT NULL;
