-- How a request is known by its key: the same statements, as the same role.
BEGIN;
SELECT set_config('role', 'dialnexa_gate', true), set_config('app.key_hash', '{key_hash}', true);
SELECT api_keys.api_key_id, api_keys.organization_id, api_keys.name, api_keys.mode, api_keys.scopes,
    api_keys.workspace_id, api_keys.last_used_at, api_keys.expires_at, brands.product_name, organizations.name,
    organizations.region, organizations.sub_accounts_enabled, sub_accounts.sub_account_id, sub_accounts.name,
    sub_accounts.region, sub_accounts.status, sub_accounts.billing_mode
FROM api_keys
LEFT JOIN organizations ON organizations.organization_id = api_keys.organization_id
    AND api_keys.account_id = organizations.organization_id
LEFT JOIN sub_accounts ON sub_accounts.organization_id = api_keys.organization_id
    AND sub_accounts.sub_account_id = api_keys.account_id AND sub_accounts.status <> 'deleting'
LEFT JOIN brands ON brands.organization_id = api_keys.organization_id
WHERE api_keys.token_hash = '\x{key_hash}' AND api_keys.revoked_at IS NULL
    AND (api_keys.expires_at IS NULL OR api_keys.expires_at > CURRENT_TIMESTAMP)
LIMIT 1;
COMMIT;
