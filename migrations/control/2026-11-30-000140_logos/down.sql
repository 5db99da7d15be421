REVOKE UPDATE (logo_id) ON brands FROM dialnexa_tenant;
DROP POLICY parent_changes ON brands;
ALTER TABLE brands DROP COLUMN logo_id;
DROP TABLE brand_logos;
