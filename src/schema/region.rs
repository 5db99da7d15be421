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

diesel::allow_tables_to_appear_in_same_query!(agents, phone_numbers, calls, call_days, transcripts,);
