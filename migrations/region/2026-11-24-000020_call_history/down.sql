DROP FUNCTION calls_saying;
DROP TABLE transcript_words;
DROP INDEX calls_by_end_reason;
DROP INDEX calls_by_status;
DROP INDEX calls_by_mode;
