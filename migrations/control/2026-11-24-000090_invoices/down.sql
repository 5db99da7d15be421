DROP POLICY invoices_due ON accounts;
REVOKE UPDATE (invoices_due_at, invoices_claimed_until) ON accounts FROM dialnexa_tenant, dialnexa_gate;
ALTER TABLE accounts DROP COLUMN invoices_due_at, DROP COLUMN invoices_claimed_until;
DROP TABLE invoice_letters, invoice_recipients, invoices, invoice_series, billing_details;
DROP FUNCTION keep_numbers_consecutive;
