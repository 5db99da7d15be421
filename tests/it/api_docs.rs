//! The documentation of the API: whole, searchable, and with examples that work.
