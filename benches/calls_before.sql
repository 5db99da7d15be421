-- What the generator of calls chooses from. The bench replaces the names in braces.
CALL ensure_call_partitions(now() - interval '366 days', now() + interval '1 day');
CREATE TABLE bench_accounts (at bigint PRIMARY KEY, account_id uuid, agents uuid[], number text);
INSERT INTO bench_accounts
SELECT at - 1, id::uuid, ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 8) WHERE at > 0), '+9180471822' || 10 + at
FROM unnest(string_to_array('{accounts}', ',')) WITH ORDINALITY AS account (id, at);
INSERT INTO agents (organization_id, account_id, agent_id, workspace_id, name, pipeline, language, voice, llm, prompt)
SELECT '{organization}', account_id, agent, account_id, 'Agent ' || a.at, 'Cascaded', 'hi', 'asha', 'gpt', 'Be kind.'
FROM bench_accounts, unnest(agents) WITH ORDINALITY AS a (agent, at);
-- Some 18 words, English and Hindi.
CREATE TABLE bench_sentences AS
WITH vocabulary AS (SELECT string_to_array('hello good morning my name is asha from the bank how can i help you with '
    'your account payment today please tell me number address city pin code thank wait while check late yesterday '
    'tomorrow ticket train hotel booking cancel confirm price offer loan card doctor visit school fees insurance policy '
    'नमस्ते जी हाँ नहीं मेरा आपका नाम क्या है कब कहाँ कैसे पैसा खाता भुगतान आज कल समय धन्यवाद कृपया बताइए मदद चाहिए ठीक अच्छा '
    'गाड़ी दुकान बिल फोन घर काम बात करना सकते हैं', ' ') AS words)
SELECT at, array_to_string(said, ' ') AS text, array_to_tsvector(said) AS words
FROM (SELECT at, ARRAY(SELECT words[1 + (('x' || substr(md5(at || '.' || k), 1, 7))::bit(28)::integer
        % cardinality(words))] FROM generate_series(1, 18) AS k) AS said
    FROM vocabulary, generate_series(0, 19999) AS at) AS sentences;
CREATE UNIQUE INDEX ON bench_sentences (at);
