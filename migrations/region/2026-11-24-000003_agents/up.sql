-- Agents as programs configure them, numbers as they are routed, calls that are simulated.

-- The columns of an agent's row are those of its current version, as people read them.
ALTER TABLE agents
    ADD COLUMN agent_type text NOT NULL DEFAULT 'Single_Prompt_Agent'
        CHECK (agent_type IN ('Single_Prompt_Agent', 'Conversational_Flow_Agent')),
    ADD COLUMN current_version integer NOT NULL DEFAULT 1 CHECK (current_version >= 1),
    -- None: it is as it was created.
    ADD COLUMN updated_at timestamptz;
CREATE INDEX agents_by_creation ON agents (organization_id, account_id, created_at, agent_id);

-- An agent that was entered without a version has one: what its row says.
CREATE TABLE agent_versions (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    agent_id uuid NOT NULL,
    version_number integer NOT NULL CHECK (version_number >= 1),
    is_published boolean NOT NULL DEFAULT false,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, agent_id, version_number),
    FOREIGN KEY (organization_id, account_id, agent_id) REFERENCES agents
);
CALL isolate_account_rows('agent_versions', 'SELECT, INSERT, UPDATE, DELETE');

ALTER TABLE phone_numbers
    ADD COLUMN provider text NOT NULL DEFAULT 'plivo',
    ADD COLUMN number_type text NOT NULL DEFAULT 'local' CHECK (number_type IN ('local', 'mobile', 'tollfree')),
    -- The agent that calls from it.
    ADD COLUMN outbound_agent_id uuid,
    ADD FOREIGN KEY (organization_id, account_id, outbound_agent_id) REFERENCES agents;
CREATE INDEX phone_numbers_by_agent ON phone_numbers (organization_id, account_id, agent_id);
CREATE INDEX phone_numbers_by_outbound_agent ON phone_numbers (organization_id, account_id, outbound_agent_id);

-- Test keys see calls of their own: simulated ones (domain.md 6.1).
ALTER TABLE calls ADD COLUMN mode text NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'test'));
