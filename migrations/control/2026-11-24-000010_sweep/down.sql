REVOKE ALL ON idempotency_keys FROM dialnexa_gate;
DROP POLICY over ON idempotency_keys;
DROP INDEX idempotency_keys_by_age;
