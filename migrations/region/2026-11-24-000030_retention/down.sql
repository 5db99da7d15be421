DROP FUNCTION keep_months;
DROP INDEX calls_recorded;
ALTER TABLE calls DROP COLUMN recording_deleted_at;
