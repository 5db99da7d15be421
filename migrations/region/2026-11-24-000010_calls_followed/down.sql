DROP TABLE test_calls;
DROP TABLE call_references;
ALTER TABLE calls DROP COLUMN number_id, DROP COLUMN agent_version, DROP COLUMN metadata, DROP COLUMN notes;
