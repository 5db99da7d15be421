DROP TABLE deletion_certificates, number_directory, idempotency_keys, slots, usage_days;
