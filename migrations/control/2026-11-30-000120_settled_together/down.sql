DROP POLICY beneath_added ON usage_days;
DROP POLICY beneath_counted ON usage_days;
DROP POLICY beneath_seen ON usage_days;
DROP POLICY beneath_counted ON sub_accounts;
DROP POLICY beneath_settled ON slots;
DROP POLICY beneath_seen ON slots;
