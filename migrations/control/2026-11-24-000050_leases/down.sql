DROP TABLE refusals;
ALTER TABLE usage_days DROP COLUMN peak_in_use;
DROP POLICY dialled ON number_directory;
REVOKE SELECT ON number_directory FROM dialnexa_gate;
DROP FUNCTION current_number;
DROP POLICY claims_see ON organizations;
DROP POLICY claims_write ON organizations;
DROP POLICY own_slots ON sub_accounts;
DROP POLICY run_out ON slots;
DROP POLICY waiting ON slots;
DROP POLICY taken ON slots;
DROP FUNCTION current_engine;
REVOKE ALL ON slots FROM dialnexa_gate, dialnexa_admission;
DROP TRIGGER keep_slots_in_use ON slots;
DROP FUNCTION keep_slots_in_use;
ALTER TABLE slots DROP COLUMN region, DROP COLUMN direction, DROP COLUMN admitted_at, DROP COLUMN engine_id,
    DROP COLUMN engine_reference, DROP COLUMN reclaimed_at;
GRANT INSERT, UPDATE, DELETE ON slots TO dialnexa_tenant, dialnexa_operator;
DROP TABLE engines;
