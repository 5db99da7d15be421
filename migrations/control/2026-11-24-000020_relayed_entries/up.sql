-- An entry that is relayed from a region has its id from there: one that is there already
-- is not added again.
CREATE UNIQUE INDEX audit_entries_by_id ON audit_entries (organization_id, account_id, audit_entry_id);
