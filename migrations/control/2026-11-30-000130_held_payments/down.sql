DROP POLICY own_kept ON sub_accounts;
DROP INDEX payments_held;
ALTER TABLE payments DROP COLUMN came_minor, DROP COLUMN came_currency, DROP COLUMN returned_as;
