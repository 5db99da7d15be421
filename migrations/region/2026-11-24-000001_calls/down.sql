DROP TABLE call_days, transcripts, calls, phone_numbers, agents;
DROP PROCEDURE ensure_call_partitions, isolate_account_rows;
DROP FUNCTION first_id_of, current_account, current_organization;
