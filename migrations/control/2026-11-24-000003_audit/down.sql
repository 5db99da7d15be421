DROP TABLE audit_entries, audit_heads;
