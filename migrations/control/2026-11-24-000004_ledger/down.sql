DROP TABLE ledger_postings, ledger_accounts;
