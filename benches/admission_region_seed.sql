-- In the region's database: a number with its agent for each of {count} accounts. Those that
-- requests reach have the ids of the control database; beside them pgbench has as many of its
-- own, whose ids it can make itself.
CREATE TEMP TABLE seeded AS
SELECT n, account, gen_random_uuid() AS agent, gen_random_uuid() AS workspace
FROM (VALUES {accounts}) real (n, account)
UNION ALL SELECT n, md5('{salt}' || n)::uuid, gen_random_uuid(), gen_random_uuid() FROM generate_series(1, {count}) n;
INSERT INTO agents (organization_id, account_id, agent_id, workspace_id, name, pipeline, language, voice, llm, prompt, created_at)
SELECT '{organization}', account, agent, workspace, 'Asha', 'Cascaded', 'English', 'Meera', 'gpt', 'Be kind.', now() FROM seeded;
INSERT INTO phone_numbers (organization_id, account_id, number_id, workspace_id, e164, label, agent_id, monthly_cost_minor, created_at)
SELECT '{organization}', account, gen_random_uuid(), workspace, '+91' || 8047100000 + n, 'Bench', agent, 0, now() FROM seeded;
