-- What is kept too long goes (domain.md 9): recordings and transcripts call by call, as each account wishes; call
-- records by whole months, everybody's.

-- When its recording was deleted because it was kept long enough: the call's page tells it.
ALTER TABLE calls ADD COLUMN recording_deleted_at timestamptz;
-- The recordings of an account, oldest first, without reading calls that have none.
CREATE INDEX calls_recorded ON calls (organization_id, account_id, call_id) WHERE recording_bytes IS NOT NULL;

-- Makes the partitions of the months to come, and drops those of months that ended more than 365 days ago; tells
-- how many it made and dropped. It does so for every table that is partitioned by months of `call_id`.
--
-- Only the tables' owner can do this, and the program owns nothing: hence SECURITY DEFINER. It takes no arguments, so
-- that whoever calls it decides nothing. What it waits for is never waited for long: everybody queues behind it.
--
-- Rows of a month that had no partition lie in the default one. They are taken along into the partition that is
-- made for them, or deleted if they are too old. The default partition is not forced on its owner while that is
-- done, nor seen by anybody else: it is locked.
CREATE FUNCTION keep_months() RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    this_month constant timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    first_kept constant timestamp := date_trunc('month', (now() - interval '365 days') AT TIME ZONE 'UTC');
    target record;
    old record;
    month timestamp;
    strays timestamp[];
    part text;
    since uuid;
    until uuid;
    done integer := 0;
BEGIN
    -- One at a time: a second one finds everything done.
    PERFORM pg_advisory_xact_lock(hashtext('keep_months'));
    FOR target IN
        SELECT t.oid, t.relname AS name, d.oid AS default_oid, d.relname AS default_name,
            (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
        FROM pg_partitioned_table p JOIN pg_class t ON t.oid = p.partrelid
            LEFT JOIN pg_class d ON d.oid = p.partdefid
        WHERE t.relnamespace = 'public'::regnamespace AND p.partstrat = 'r' AND p.partnatts = 1
            AND p.partattrs[0] = (SELECT attnum FROM pg_attribute WHERE attrelid = t.oid AND attname = 'call_id')
    LOOP
        strays := NULL;
        -- An empty table without a file has nothing to look for.
        IF pg_relation_size(target.default_oid) > 0 THEN
            EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', target.default_name);
            EXECUTE format('DELETE FROM %I WHERE call_id < %L', target.default_name,
                first_id_of(first_kept AT TIME ZONE 'UTC'));
            EXECUTE format(
                'SELECT coalesce(array_agg(DISTINCT date_trunc(''month'', to_timestamp((''x'' || '
                'substr(replace(call_id::text, ''-'', ''''), 1, 12))::bit(48)::bigint / 1000.0) '
                'AT TIME ZONE ''UTC'')), ''{}'') FROM %I', target.default_name) INTO strays;
        END IF;
        FOR month IN
            SELECT generate_series(this_month, this_month + interval '3 months', '1 month')
            UNION SELECT unnest(strays) ORDER BY 1
        LOOP
            part := target.name || to_char(month, '_YYYY_MM');
            CONTINUE WHEN to_regclass(format('public.%I', part)) IS NOT NULL;
            since := first_id_of(month AT TIME ZONE 'UTC');
            until := first_id_of((month + interval '1 month') AT TIME ZONE 'UTC');
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED)',
                part, target.name);
            IF month = ANY (strays) THEN
                EXECUTE format('WITH gone AS (DELETE FROM %1$I WHERE call_id >= %2$L AND call_id < %3$L RETURNING %4$s) '
                    'INSERT INTO %5$I (%4$s) SELECT %4$s FROM gone',
                    target.default_name, since, until, target.columns, part);
            END IF;
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                target.name, part, since, until);
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
            done := done + 1;
        END LOOP;
        IF strays IS NOT NULL THEN
            -- Every row was taken along: its file goes, so that there is nothing to look for next time.
            EXECUTE format('TRUNCATE %I', target.default_name);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target.default_name);
        END IF;
        FOR old IN
            SELECT c.relname AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
            WHERE inhparent = target.oid AND c.relname ~ ('^' || target.name || '_[0-9]{4}_[0-9]{2}$')
                AND to_date(right(c.relname, 7), 'YYYY_MM') < first_kept
        LOOP
            EXECUTE format('DROP TABLE %I', old.name);
            done := done + 1;
        END LOOP;
    END LOOP;
    RETURN done;
END $$;
REVOKE ALL ON FUNCTION keep_months FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_months TO dialnexa_gate;
