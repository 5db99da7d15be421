-- What was done once under a key is remembered for a day, as programs are promised, and a
-- day more; then background work forgets it, in every account.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE POLICY over ON idempotency_keys TO dialnexa_gate
    USING (created_at < now() - interval '48 hours') WITH CHECK (false);
GRANT SELECT (created_at), DELETE ON idempotency_keys TO dialnexa_gate;
