//! The control database: accounts, people, keys, money, limits, audit.

diesel::table! {
    organizations (organization_id) {
        organization_id -> Uuid,
        name -> Text,
        region -> Text,
        currency -> Text,
        sub_accounts_enabled -> Bool,
        total_concurrency -> Integer,
        allocated_concurrency -> Integer,
        claimed_concurrency -> Integer,
        slots_in_use -> Integer,
        active_sub_accounts -> Integer,
        suspended_sub_accounts -> Integer,
        calls_30d -> BigInt,
        minutes_30d -> BigInt,
        counters_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    accounts (organization_id, account_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        recording_days -> Nullable<SmallInt>,
        transcript_days -> SmallInt,
        retention_due_at -> Nullable<Timestamptz>,
        retention_claimed_until -> Nullable<Timestamptz>,
        recordings_walked_at -> Nullable<Timestamptz>,
        invoices_due_at -> Nullable<Timestamptz>,
        invoices_claimed_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sub_accounts (organization_id, sub_account_id) {
        organization_id -> Uuid,
        sub_account_id -> Uuid,
        name -> Text,
        name_key -> Text,
        external_id -> Nullable<Text>,
        status -> Text,
        billing_mode -> Text,
        region -> Text,
        concurrency_limit -> Integer,
        slots_in_use -> Integer,
        calls_30d -> BigInt,
        minutes_30d -> BigInt,
        last_call_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        suspended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    brands (organization_id) {
        organization_id -> Uuid,
        product_name -> Text,
        support_email -> Nullable<Text>,
        logo_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    brand_logos (organization_id, logo_id) {
        organization_id -> Uuid,
        logo_id -> Uuid,
        png -> Binary,
        width -> Integer,
        height -> Integer,
        kept_at -> Timestamptz,
        is_printed -> Bool,
    }
}

diesel::table! {
    workspaces (organization_id, account_id, workspace_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        workspace_id -> Uuid,
        name -> Text,
        region -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    users (user_id) {
        user_id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        time_zone -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    memberships (organization_id, account_id, user_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        created_at -> Timestamptz,
        may_recharge -> Bool,
    }
}

diesel::table! {
    session_keys (key_hash) {
        key_hash -> Bytea,
        session_id -> Uuid,
        retires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (session_id) {
        session_id -> Uuid,
        user_id -> Nullable<Uuid>,
        state -> Jsonb,
        ip -> Text,
        user_agent -> Text,
        created_at -> Timestamptz,
        seen_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    delegations (organization_id, account_id, delegation_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        delegation_id -> Uuid,
        user_id -> Uuid,
        session_id -> Uuid,
        reason -> Nullable<Text>,
        started_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    api_keys (organization_id, account_id, api_key_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        api_key_id -> Uuid,
        name -> Text,
        mode -> Text,
        token_hash -> Bytea,
        token_hint -> Text,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        scopes -> Array<Text>,
        workspace_id -> Nullable<Uuid>,
        replaced_by -> Nullable<Uuid>,
        last_used_ip -> Nullable<Text>,
    }
}

diesel::table! {
    password_resets (password_reset_id) {
        password_reset_id -> Uuid,
        email -> Text,
        ip -> Text,
        requested_at -> Timestamptz,
        claimed_until -> Nullable<Timestamptz>,
        attempts -> Integer,
        settled_at -> Nullable<Timestamptz>,
        user_id -> Nullable<Uuid>,
        token_hash -> Nullable<Bytea>,
        expires_at -> Nullable<Timestamptz>,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    invitations (organization_id, account_id, invitation_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        invitation_id -> Uuid,
        email -> Text,
        role -> Text,
        inviter_kind -> Text,
        inviter_id -> Nullable<Uuid>,
        inviter_is_above -> Bool,
        inviter_name -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        accepted_by -> Nullable<Uuid>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    invitation_letters (organization_id, account_id, letter_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        letter_id -> Uuid,
        invitation_id -> Uuid,
        requested_at -> Timestamptz,
        token_hash -> Nullable<Bytea>,
        replaced_at -> Nullable<Timestamptz>,
        claimed_until -> Nullable<Timestamptz>,
        attempts -> Integer,
        sent_at -> Nullable<Timestamptz>,
        settled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_heads (organization_id, account_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        last_sequence -> BigInt,
        last_hash -> Bytea,
    }
}

diesel::table! {
    audit_entries (organization_id, account_id, sequence) {
        organization_id -> Uuid,
        account_id -> Uuid,
        sequence -> BigInt,
        audit_entry_id -> Uuid,
        occurred_at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        actor_name -> Text,
        delegation_id -> Nullable<Uuid>,
        action -> Text,
        object -> Text,
        object_id -> Text,
        details -> Jsonb,
        ip -> Text,
        request_id -> Text,
        previous_hash -> Bytea,
        hash -> Bytea,
    }
}

diesel::table! {
    ledger_accounts (organization_id, account_id, ledger_account) {
        organization_id -> Uuid,
        account_id -> Uuid,
        ledger_account -> Text,
        currency -> Text,
        balance_minor -> BigInt,
        last_sequence -> BigInt,
        held_minor -> BigInt,
        spend_cap_minor -> Nullable<BigInt>,
        spent_on -> Nullable<Date>,
        spent_minor -> BigInt,
        low_balance_minor -> Nullable<BigInt>,
        low_since -> Nullable<Timestamptz>,
        low_told_at -> Nullable<Timestamptz>,
        recharge_below_minor -> Nullable<BigInt>,
        recharge_due_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    ledger_postings (organization_id, account_id, ledger_account, sequence) {
        organization_id -> Uuid,
        account_id -> Uuid,
        ledger_account -> Text,
        sequence -> BigInt,
        transaction_id -> Uuid,
        currency -> Text,
        amount_minor -> BigInt,
        balance_after_minor -> BigInt,
        kind -> Text,
        reference -> Text,
        call_id -> Nullable<Uuid>,
        charged_for -> Nullable<Uuid>,
        occurred_at -> Timestamptz,
        recorded_at -> Timestamptz,
        minutes -> BigInt,
        actor_id -> Nullable<Uuid>,
        payment_id -> Nullable<Uuid>,
        invoice_id -> Nullable<Uuid>,
        reverses -> Nullable<Uuid>,
    }
}

diesel::table! {
    allowances (organization_id, account_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        granted_minor -> BigInt,
        held_minor -> BigInt,
    }
}

diesel::table! {
    charges (organization_id, account_id, call_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        call_id -> Uuid,
        minutes -> BigInt,
        cost_minor -> BigInt,
        occurred_at -> Timestamptz,
    }
}

diesel::table! {
    rates (organization_id, account_id, rate_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        rate_id -> Uuid,
        component -> Text,
        item -> Text,
        minor_per_minute -> BigInt,
        valid_from -> Timestamptz,
        valid_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    prices (organization_id, account_id, price_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        price_id -> Uuid,
        minor_per_minute -> Nullable<BigInt>,
        valid_from -> Timestamptz,
        set_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    payments (organization_id, account_id, payment_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        payment_id -> Uuid,
        state -> Text,
        provider -> Text,
        amount_minor -> BigInt,
        currency -> Text,
        provider_id -> Nullable<Text>,
        provider_url -> Nullable<Text>,
        paid_by -> Nullable<Text>,
        begun_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        due_at -> Nullable<Timestamptz>,
        settled_at -> Nullable<Timestamptz>,
        transaction_id -> Nullable<Uuid>,
        problem -> Nullable<Text>,
        refunded_minor -> BigInt,
        came_minor -> Nullable<BigInt>,
        came_currency -> Nullable<Text>,
        returned_as -> Nullable<Text>,
    }
}

diesel::table! {
    payment_events (organization_id, account_id, provider, event_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        provider -> Text,
        event_id -> Text,
        payment_id -> Uuid,
        kind -> Text,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    usage_days (organization_id, account_id, day) {
        organization_id -> Uuid,
        account_id -> Uuid,
        day -> Date,
        calls -> BigInt,
        answered -> BigInt,
        minutes -> BigInt,
        cost_minor -> BigInt,
        last_call_at -> Nullable<Timestamptz>,
        peak_in_use -> Integer,
        margin_minor -> BigInt,
    }
}

diesel::table! {
    slots (organization_id, account_id, call_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        call_id -> Uuid,
        expires_at -> Timestamptz,
        region -> Text,
        direction -> Text,
        admitted_at -> Timestamptz,
        engine_id -> Nullable<Uuid>,
        engine_reference -> Nullable<Text>,
        reclaimed_at -> Nullable<Timestamptz>,
        payer -> Text,
        cost_per_minute -> BigInt,
        price_per_minute -> BigInt,
        held_minor -> BigInt,
        answered_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    engines (engine_id) {
        engine_id -> Uuid,
        name -> Text,
        regions -> Array<Text>,
        key_hash -> Bytea,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    refusals (organization_id, account_id, day, code, at_limit) {
        organization_id -> Uuid,
        account_id -> Uuid,
        day -> Date,
        code -> Text,
        at_limit -> Integer,
        refused -> BigInt,
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

diesel::table! {
    number_directory (e164) {
        organization_id -> Uuid,
        account_id -> Uuid,
        e164 -> Text,
        number_id -> Uuid,
    }
}

diesel::table! {
    number_inventory (e164) {
        e164 -> Text,
        provider -> Text,
        country_iso -> Text,
        number_type -> Text,
        monthly_minor -> BigInt,
        setup_minor -> BigInt,
        currency -> Text,
        sms_enabled -> Bool,
        added_at -> Timestamptz,
        organization_id -> Nullable<Uuid>,
        account_id -> Nullable<Uuid>,
        sold_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    number_moves (organization_id, account_id, number_id, direction) {
        organization_id -> Uuid,
        account_id -> Uuid,
        number_id -> Uuid,
        direction -> Text,
        region -> Text,
        number -> Jsonb,
        begun_at -> Timestamptz,
    }
}

diesel::table! {
    deletion_certificates (organization_id, account_id, certificate_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        certificate_id -> Uuid,
        sub_account_id -> Uuid,
        sub_account_name -> Text,
        region -> Text,
        requested_by -> Nullable<Uuid>,
        requested_by_name -> Text,
        requested_at -> Timestamptz,
        written_off_minor -> BigInt,
        currency -> Text,
        erased -> Nullable<Jsonb>,
        completed_at -> Nullable<Timestamptz>,
        claimed_until -> Nullable<Timestamptz>,
        attempts -> Integer,
    }
}

diesel::table! {
    webhook_endpoints (organization_id, account_id, webhook_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        webhook_id -> Uuid,
        url -> Text,
        description -> Text,
        kinds -> Array<Text>,
        secret -> Bytea,
        former_secret -> Nullable<Bytea>,
        former_retires_at -> Nullable<Timestamptz>,
        active -> Bool,
        disabled_because -> Nullable<Text>,
        letter_tries_left -> Integer,
        failures -> Integer,
        failing_since -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        due_at -> Nullable<Timestamptz>,
        claimed_until -> Nullable<Timestamptz>,
        served_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_events (organization_id, account_id, event_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        event_id -> Uuid,
        kind -> Text,
        data -> Jsonb,
        occurred_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_deliveries (organization_id, account_id, webhook_id, event_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        webhook_id -> Uuid,
        event_id -> Uuid,
        status -> Text,
        tries -> Integer,
        due_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_attempts (organization_id, account_id, webhook_id, event_id, attempt) {
        organization_id -> Uuid,
        account_id -> Uuid,
        webhook_id -> Uuid,
        event_id -> Uuid,
        attempt -> Integer,
        attempted_at -> Timestamptz,
        duration_ms -> Integer,
        status -> Nullable<SmallInt>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    wallet_days (organization_id, account_id, day, kind) {
        organization_id -> Uuid,
        account_id -> Uuid,
        day -> Date,
        kind -> Text,
        entries -> BigInt,
        credits_minor -> BigInt,
        debits_minor -> BigInt,
        first_sequence -> BigInt,
        last_sequence -> BigInt,
    }
}

diesel::table! {
    auto_recharges (organization_id, account_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        active -> Bool,
        amount_minor -> BigInt,
        daily_cap_minor -> BigInt,
        monthly_cap_minor -> BigInt,
        day -> Date,
        day_minor -> BigInt,
        month -> Date,
        month_minor -> BigInt,
        next_try_at -> Timestamptz,
        told_of -> Nullable<Text>,
    }
}

diesel::table! {
    wallet_letters (organization_id, account_id, letter_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        letter_id -> Uuid,
        content -> Jsonb,
        requested_at -> Timestamptz,
        claimed_until -> Nullable<Timestamptz>,
        attempts -> Integer,
        settled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    billing_details (organization_id, account_id, part) {
        organization_id -> Uuid,
        account_id -> Uuid,
        part -> Text,
        legal_name -> Text,
        address -> Text,
        state -> Text,
        gstin -> Nullable<Text>,
        email -> Nullable<Text>,
    }
}

diesel::table! {
    invoice_series (issuer_id, series, financial_year) {
        issuer_id -> Uuid,
        series -> Text,
        financial_year -> Integer,
        last_number -> BigInt,
    }
}

diesel::table! {
    invoices (organization_id, account_id, invoice_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        invoice_id -> Uuid,
        kind -> Text,
        issuer_id -> Uuid,
        financial_year -> Integer,
        number -> Text,
        month -> Date,
        credits -> Nullable<Uuid>,
        issued_on -> Date,
        issued_at -> Timestamptz,
        currency -> Text,
        taxable_minor -> BigInt,
        cgst_minor -> BigInt,
        sgst_minor -> BigInt,
        igst_minor -> BigInt,
        total_minor -> BigInt,
        document -> Jsonb,
    }
}

diesel::table! {
    invoice_recipients (organization_id, account_id, invoice_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        invoice_id -> Uuid,
        recipient -> Jsonb,
    }
}

diesel::table! {
    invoice_letters (organization_id, account_id, invoice_id) {
        organization_id -> Uuid,
        account_id -> Uuid,
        invoice_id -> Uuid,
        due_at -> Nullable<Timestamptz>,
        claimed_until -> Nullable<Timestamptz>,
        tries -> Integer,
        sent_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    billing_details,
    invoice_series,
    invoices,
    invoice_recipients,
    invoice_letters,
    organizations,
    accounts,
    sub_accounts,
    brands,
    brand_logos,
    workspaces,
    users,
    memberships,
    session_keys,
    sessions,
    delegations,
    api_keys,
    password_resets,
    invitations,
    invitation_letters,
    audit_heads,
    audit_entries,
    ledger_accounts,
    ledger_postings,
    allowances,
    charges,
    wallet_days,
    auto_recharges,
    wallet_letters,
    rates,
    prices,
    payments,
    payment_events,
    usage_days,
    slots,
    engines,
    refusals,
    idempotency_keys,
    number_directory,
    number_inventory,
    number_moves,
    deletion_certificates,
    webhook_endpoints,
    webhook_events,
    webhook_deliveries,
    webhook_attempts,
);
