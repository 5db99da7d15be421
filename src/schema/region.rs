//! A region database: the call content of the tenants who chose that region.

diesel::table! {
    agents (organization_id, account_id, agent_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        agent_id -> Uuid,
        workspace_id -> Uuid,
        name -> Text,
        pipeline -> Text,
        language -> Text,
        voice -> Text,
        llm -> Text,
        prompt -> Text,
        created_at -> Timestamptz,
        agent_type -> Text,
        current_version -> Integer,
        updated_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    agent_versions (organization_id, account_id, agent_id, version_number) {
        organization_id -> Uuid,
        account_id -> Uuid,
        agent_id -> Uuid,
        version_number -> Integer,
        is_published -> Bool,
        settings -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    phone_numbers (organization_id, account_id, number_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        number_id -> Uuid,
        workspace_id -> Uuid,
        e164 -> Text,
        label -> Text,
        agent_id -> Nullable<Uuid>,
        monthly_cost_minor -> BigInt,
        created_at -> Timestamptz,
        provider -> Text,
        number_type -> Text,
        outbound_agent_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    calls (organization_id, account_id, call_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        call_id -> Uuid,
        workspace_id -> Uuid,
        agent_id -> Nullable<Uuid>,
        agent_name -> Text,
        direction -> Text,
        status -> Text,
        end_reason -> Nullable<Text>,
        from_e164 -> Text,
        to_e164 -> Text,
        created_at -> Timestamptz,
        answered_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        duration_seconds -> Integer,
        cost_minor -> BigInt,
        currency -> Text,
        sentiment -> Nullable<Text>,
        summary -> Nullable<Text>,
        recording_bytes -> Nullable<BigInt>,
        mode -> Text,
        number_id -> Nullable<Uuid>,
        agent_version -> Nullable<Integer>,
        metadata -> Nullable<Jsonb>,
        notes -> Nullable<Jsonb>,
        recording_deleted_at -> Nullable<Timestamptz>,
        price_per_minute -> BigInt,
    }
}

diesel::table! {
    call_references (organization_id, account_id, engine_reference) {
        organization_id -> Uuid,
        account_id -> Uuid,
        engine_reference -> Text,
        call_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    test_calls (organization_id, account_id, call_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        call_id -> Uuid,
        due_at -> Timestamptz,
    }
}

diesel::table! {
    call_days (organization_id, account_id, subject_id, day) {
        organization_id -> Uuid,
        account_id -> Uuid,
        subject_id -> Uuid,
        day -> Date,
        calls -> BigInt,
    }
}

diesel::table! {
    transcripts (organization_id, account_id, call_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        call_id -> Uuid,
        turns -> Jsonb,
    }
}

/// The words of a document: PostgreSQL's `tsvector`.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType)]
#[diesel(postgres_type(name = "tsvector", schema = "pg_catalog"))]
pub struct Tsvector;

diesel::table! {
    use diesel::sql_types::*;
    use super::Tsvector;

    transcript_words (organization_id, account_id, call_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        call_id -> Uuid,
        words -> Tsvector,
    }
}

diesel::table! {
    outbox (organization_id, account_id, audit_entry_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        audit_entry_id -> Uuid,
        entry -> Jsonb,
        written_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (organization_id, account_id, principal_id, operation, idempotency_key) {
        organization_id -> Uuid,
        account_id -> Uuid,
        principal_id -> Uuid,
        operation -> Text,
        idempotency_key -> Text,
        fingerprint -> Bytea,
        result -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    agents,
    agent_versions,
    phone_numbers,
    calls,
    call_references,
    test_calls,
    call_days,
    transcripts,
    transcript_words,
    outbox,
    idempotency_keys,
);
