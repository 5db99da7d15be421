-- Invoices and credit notes (domain.md 4.8, trust.md R15).

-- Who an account is to those who invoice it, and who an organization is to the sub-accounts it invoices.
CREATE TABLE billing_details (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    part text NOT NULL CHECK (part IN ('recipient', 'issuer')),
    legal_name text NOT NULL CHECK (length(legal_name) BETWEEN 1 AND 200),
    address text NOT NULL CHECK (length(address) <= 500),
    -- The state's code for GST: 29 is Karnataka.
    state text NOT NULL CHECK (state ~ '^[0-9]{2}$'),
    gstin text CHECK (gstin ~ '^[0-9]{2}[A-Z0-9]{13}$'),
    -- Where invoices are sent; none: to the owner of the account.
    email text,
    PRIMARY KEY (organization_id, account_id, part),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    CHECK (gstin IS NULL OR left(gstin, 2) = state),
    CHECK (part = 'recipient' OR account_id = organization_id)
);
CALL isolate_account_rows('billing_details', 'SELECT, INSERT, UPDATE');

-- The last number of each series. Its row is locked by whoever issues, until the number is kept or given back.
CREATE TABLE invoice_series (
    -- An organization that invoices its sub-accounts; all zeros: the platform, which invoices organizations.
    issuer_id uuid NOT NULL,
    series text NOT NULL CHECK (series IN ('invoice', 'credit_note')),
    -- The year in which the financial year begins, on 1 April in India.
    financial_year integer NOT NULL,
    last_number bigint NOT NULL CHECK (last_number > 0),
    PRIMARY KEY (issuer_id, series, financial_year)
);
ALTER TABLE invoice_series ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_series FORCE ROW LEVEL SECURITY;
CREATE POLICY issuers ON invoice_series TO dialnexa_tenant
    USING (current_organization() = current_account()
        AND issuer_id IN (current_organization(), '00000000-0000-0000-0000-000000000000'))
    WITH CHECK (current_organization() = current_account()
        AND issuer_id IN (current_organization(), '00000000-0000-0000-0000-000000000000'));
GRANT SELECT, INSERT, UPDATE (last_number) ON invoice_series TO dialnexa_tenant;
-- One after the other, whoever writes.
CREATE FUNCTION keep_numbers_consecutive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_number <> coalesce(CASE TG_OP WHEN 'UPDATE' THEN OLD.last_number END, 0) + 1 THEN
        RAISE EXCEPTION 'numbers of a series are consecutive';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_numbers_consecutive BEFORE INSERT OR UPDATE ON invoice_series
    FOR EACH ROW EXECUTE FUNCTION keep_numbers_consecutive();

-- What was issued, with all that is printed on it but the recipient. Nothing of it is ever changed or deleted.
CREATE TABLE invoices (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    -- Whose wallet it accounts for.
    account_id uuid NOT NULL DEFAULT current_account(),
    invoice_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    issuer_id uuid NOT NULL,
    financial_year integer NOT NULL,
    number text NOT NULL CHECK (number ~ '^[A-Za-z0-9/-]{1,16}$'),
    -- The first day of the month, in India, that it accounts for.
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    -- The invoice that a credit note gives back a part of.
    credits uuid,
    issued_on date NOT NULL,
    issued_at timestamptz NOT NULL,
    currency text NOT NULL,
    taxable_minor bigint NOT NULL CHECK (taxable_minor >= 0),
    cgst_minor bigint NOT NULL CHECK (cgst_minor >= 0),
    sgst_minor bigint NOT NULL CHECK (sgst_minor = cgst_minor),
    igst_minor bigint NOT NULL CHECK (igst_minor >= 0),
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    document jsonb NOT NULL,
    PRIMARY KEY (organization_id, account_id, invoice_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    FOREIGN KEY (organization_id, account_id, credits) REFERENCES invoices,
    CHECK ((kind = 'credit_note') = (credits IS NOT NULL)),
    CHECK (issuer_id IN (organization_id, '00000000-0000-0000-0000-000000000000')),
    CONSTRAINT taxable_and_tax_are_the_total CHECK (taxable_minor + cgst_minor + sgst_minor + igst_minor = total_minor),
    UNIQUE (issuer_id, financial_year, number)
);
CREATE UNIQUE INDEX invoices_once_a_month ON invoices (organization_id, account_id, month) WHERE kind = 'invoice';
CREATE INDEX invoices_by_issue ON invoices (organization_id, issued_at);
CREATE INDEX invoices_credited ON invoices (organization_id, account_id, credits) WHERE credits IS NOT NULL;
CALL isolate_account_rows('invoices', 'SELECT, INSERT');
-- Invoices outlive the account they account for (domain.md 2.4, 9).
REVOKE DELETE ON invoices FROM dialnexa_eraser;

-- Whom an invoice is made out to, as it is printed. It goes when the account is erased; no role can change it.
CREATE TABLE invoice_recipients (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    invoice_id uuid NOT NULL,
    recipient jsonb NOT NULL,
    PRIMARY KEY (organization_id, account_id, invoice_id),
    FOREIGN KEY (organization_id, account_id, invoice_id) REFERENCES invoices
);
CALL isolate_account_rows('invoice_recipients', 'SELECT, INSERT');

-- An invoice on its way by mail: its row is the job.
CREATE TABLE invoice_letters (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    invoice_id uuid NOT NULL,
    -- When it is tried next; none once it was sent or given up.
    due_at timestamptz DEFAULT now(),
    claimed_until timestamptz,
    tries integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    PRIMARY KEY (organization_id, account_id, invoice_id),
    FOREIGN KEY (organization_id, account_id, invoice_id) REFERENCES invoices
);
CREATE INDEX invoice_letters_due ON invoice_letters (due_at) WHERE due_at IS NOT NULL;
CALL isolate_account_rows('invoice_letters', 'SELECT, INSERT, UPDATE');
GRANT SELECT (organization_id, account_id, invoice_id, due_at, claimed_until) ON invoice_letters TO dialnexa_gate;
CREATE POLICY due ON invoice_letters FOR SELECT TO dialnexa_gate USING (due_at <= now());

-- When an account is looked at next for months to invoice: some hours into the next month, in India. None once it
-- was erased and its last month invoiced.
ALTER TABLE accounts
    ADD COLUMN invoices_due_at timestamptz
        DEFAULT (
            (date_trunc('month', now() AT TIME ZONE 'Asia/Kolkata') + interval '1 month 6 hours')
            AT TIME ZONE 'Asia/Kolkata'
        ),
    ADD COLUMN invoices_claimed_until timestamptz;
CREATE INDEX accounts_by_invoices ON accounts (invoices_due_at) WHERE invoices_due_at IS NOT NULL;
CREATE POLICY invoices_due ON accounts TO dialnexa_gate
    USING (invoices_due_at <= now()) WITH CHECK (invoices_due_at <= now());
GRANT UPDATE (invoices_claimed_until) ON accounts TO dialnexa_gate;
GRANT UPDATE (invoices_due_at, invoices_claimed_until) ON accounts TO dialnexa_tenant;
