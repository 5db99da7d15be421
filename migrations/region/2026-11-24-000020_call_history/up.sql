-- The list of calls, filtered: each filter that may be rare has an index in the order of the list.
CREATE INDEX calls_by_mode ON calls (organization_id, account_id, mode, call_id);
CREATE INDEX calls_by_status ON calls (organization_id, account_id, status, call_id);
CREATE INDEX calls_by_end_reason ON calls (organization_id, account_id, end_reason, call_id);

-- The words of each transcript, lower-case, and the account as one of them, so that the words of one account are
-- found together. The program makes them; what goes with its transcript goes from here.
CREATE TABLE transcript_words (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    call_id uuid NOT NULL,
    words tsvector NOT NULL,
    PRIMARY KEY (organization_id, account_id, call_id),
    FOREIGN KEY (organization_id, account_id, call_id) REFERENCES transcripts ON DELETE CASCADE
);
CALL isolate_account_rows('transcript_words', 'SELECT, INSERT, UPDATE, DELETE');

-- What was said before there was this table; its policies are not forced on its owner while it is filled.
ALTER TABLE transcripts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE transcript_words NO FORCE ROW LEVEL SECURITY;
INSERT INTO transcript_words (organization_id, account_id, call_id, words)
    SELECT organization_id, account_id, call_id, array_to_tsvector(array_append(ARRAY(
        SELECT DISTINCT left(word, 60) FROM jsonb_array_elements(turns) AS turn,
            regexp_split_to_table(lower(turn->>'text'), '[^[:alnum:]\u0900-\u0963\u0966-\u097F]+') AS word
        WHERE word <> ''), '@' || account_id))
    FROM transcripts;
ALTER TABLE transcripts FORCE ROW LEVEL SECURITY;
ALTER TABLE transcript_words FORCE ROW LEVEL SECURITY;
CREATE INDEX transcript_words_inverted ON transcript_words USING gin (words);

-- Calls of the current account in which something was said, in the order of the list, `most` of them, between two.
--
-- A search for words uses an index only where no policy stands before it, because its operator is not leakproof.
-- Hence SECURITY DEFINER, and a policy that shows the owner every row: the account is asked for here, by the same
-- settings as in every policy. Without them there is nothing.
--
-- What is said in many calls is found by walking through the nearest ones, what is rarer by the inverted index:
-- neither sorts all calls that hold a frequent word, nor walks through all for a rare one. The planner alone takes
-- any beginning of a word for frequent.
CREATE POLICY searched ON transcript_words FOR SELECT TO CURRENT_USER USING (true);
CREATE FUNCTION calls_saying(wanted text, after uuid, before uuid, newest_first boolean, most integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    organization constant uuid := current_organization();
    account constant uuid := current_account();
    query constant tsquery := (quote_literal('@' || account) || ' & ' || wanted)::tsquery;
    walked constant integer := 20000;
    way constant text := CASE WHEN newest_first THEN 'DESC' ELSE 'ASC' END;
    seen integer;
    found uuid[];
BEGIN
    EXECUTE format('SELECT count(*), coalesce(array_agg(call_id ORDER BY call_id %1$s) FILTER (WHERE words @@ $5), ''{}'')
        FROM (SELECT call_id, words FROM transcript_words
            WHERE organization_id = $1 AND account_id = $2 AND call_id > $3 AND call_id < $4
            ORDER BY call_id %1$s LIMIT $6) AS nearest', way)
    INTO seen, found USING organization, account, after, before, query, least(walked, most * 40);
    IF seen < least(walked, most * 40) OR cardinality(found) >= most THEN
        RETURN found[1:most];
    END IF;
    -- MATERIALIZED: so that the inverted index finds them, whatever the planner thinks.
    EXECUTE format('WITH said AS MATERIALIZED
            (SELECT organization_id, account_id, call_id FROM transcript_words WHERE words @@ $5)
        SELECT coalesce(array_agg(call_id ORDER BY call_id %1$s), ''{}'') FROM (
            SELECT call_id FROM said
            WHERE organization_id = $1 AND account_id = $2 AND call_id > $3 AND call_id < $4
            ORDER BY call_id %1$s LIMIT $6) AS nearest', way)
    INTO found USING organization, account, after, before, query, most;
    RETURN found;
END $$;
REVOKE ALL ON FUNCTION calls_saying FROM PUBLIC;
GRANT EXECUTE ON FUNCTION calls_saying TO dialnexa_tenant;
