DROP TABLE workspaces, brands, sub_accounts, accounts, organizations;
DROP FUNCTION keep_concurrency_totals;
DROP PROCEDURE isolate_account_rows;
DROP FUNCTION current_person, current_account, current_organization;
