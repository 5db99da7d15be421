ALTER TABLE calls DROP COLUMN mode;
ALTER TABLE phone_numbers DROP COLUMN outbound_agent_id, DROP COLUMN number_type, DROP COLUMN provider;
DROP INDEX phone_numbers_by_agent;
DROP TABLE agent_versions;
DROP INDEX agents_by_creation;
ALTER TABLE agents
    DROP COLUMN updated_at, DROP COLUMN current_version, DROP COLUMN agent_type;
