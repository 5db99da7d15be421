-- One chunk of calls of nine accounts over the last 12 months, in the order in which they were made, with what was
-- said in some of them. The bench replaces the names in braces.
WITH made AS MATERIALIZED (
    SELECT n, account_id, agents, number,
        now() - interval '365 days' * (1 - n / {calls}.0) AS moment,
        md5(n::text) AS noise, n * 2654435761 % 1000003 AS dice
    FROM generate_series({from}::bigint, {to}::bigint) AS n
        JOIN bench_accounts ON at = CASE
            WHEN n % greatest(2, {calls} / 10000) = 1 THEN 0
            WHEN n % 2 = 0 THEN 1
            ELSE 2 + n / 2 % 7 END
), identified AS MATERIALIZED (
    -- A UUIDv7 of its time, the rest random.
    SELECT *, (substr(first_id_of(moment)::text, 1, 13) || '-7' || substr(noise, 1, 3) || '-8' || substr(noise, 4, 3)
        || '-' || substr(noise, 7, 12))::uuid AS call_id FROM made
), calls_made AS (
    INSERT INTO calls (organization_id, account_id, call_id, workspace_id, agent_id, agent_name, direction, status,
        end_reason, from_e164, to_e164, created_at, answered_at, ended_at, duration_seconds, cost_minor, currency,
        sentiment, summary)
    SELECT '{organization}', account_id, call_id, account_id, agents[1 + dice % 8], 'Agent ' || 1 + dice % 8,
        CASE WHEN dice % 3 = 0 THEN 'outbound' ELSE 'inbound' END,
        CASE WHEN dice % 100 < 80 THEN 'completed' WHEN dice % 100 < 93 THEN 'did_not_pick' ELSE 'busy' END,
        CASE WHEN n % 100000 = 6 THEN 'destination_forbidden' WHEN dice % 100 < 60 THEN 'user_disconnected'
            WHEN dice % 100 < 80 THEN 'agent_disconnected' WHEN dice % 100 < 93 THEN 'user_did_not_pick_up'
            ELSE 'user_busy' END,
        CASE WHEN dice % 3 = 0 THEN number ELSE '+9198' || lpad((dice * 7919 % 100000000)::text, 8, '0') END,
        CASE WHEN dice % 3 = 0 THEN '+9198' || lpad((dice * 7919 % 100000000)::text, 8, '0') ELSE number END,
        moment, CASE WHEN dice % 100 < 80 THEN moment END, moment + interval '2 minutes',
        CASE WHEN dice % 100 < 80 THEN 5 + dice % 600 ELSE 0 END, dice % 5000, 'INR',
        CASE WHEN dice % 100 < 80 THEN (ARRAY['positive', 'neutral', 'neutral', 'negative'])[1 + dice % 4] END,
        CASE WHEN dice % 100 < 80 THEN 'Asked about an order.' END
    FROM identified
), said AS MATERIALIZED (
    SELECT account_id, call_id, text, words, ARRAY['case' || n * 7919 % 1000000]
        || CASE WHEN dice % 10 < 3 THEN ARRAY['delivery'] ELSE '{}' END
        || CASE WHEN dice % 20 = 7 THEN ARRAY['रिफंड'] ELSE '{}' END
        || CASE WHEN n % least(1000000, {calls} / 4) = 4 THEN ARRAY['zanzibar'] ELSE '{}' END AS more
    FROM identified JOIN bench_sentences s ON s.at = n * 7919 % 20000
    -- In the larger account whatever was said for six months, elsewhere one call of ten.
    WHERE n > {calls} / 2 AND n % 2 = 0 OR n % 10 = 5
), kept AS (
    INSERT INTO transcripts (organization_id, account_id, call_id, turns)
    SELECT '{organization}', account_id, call_id, jsonb_build_array(
        jsonb_build_object('speaker', 'agent', 'at', 1, 'text', text, 'language', 'hi'),
        jsonb_build_object('speaker', 'caller', 'at', 9, 'text', array_to_string(more, ' '), 'language', 'en'))
    FROM said
)
INSERT INTO transcript_words (organization_id, account_id, call_id, words)
SELECT '{organization}', account_id, call_id, words || array_to_tsvector(more || ('@' || account_id)) FROM said;
