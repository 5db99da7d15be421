DROP POLICY parent_wakes ON accounts;
DROP INDEX invoices_by_issuer;
