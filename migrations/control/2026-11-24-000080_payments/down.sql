DROP TABLE payment_events, payments;
DROP FUNCTION current_payment();
ALTER TABLE memberships DROP COLUMN may_recharge;
