//! The whole URL table.
//!
//! Routes are registered from the table and from nowhere else, so that a test can walk
//! all of them as every kind of caller (`trust.md` S1).

use actix_web::{
    Route as Handled, guard,
    http::Method,
    middleware::{Compress, Condition},
    web::{self, ServiceConfig},
};

use crate::{
    engine, v1,
    values::KeyArea,
    web::{
        account::{
            self, agents, audit, billing, billing_details, call, calls, calls_export, invoices, logo,
            numbers, overview, payments, place_call, recording, retention, statement_export, wallet_rules,
        },
        accounts, api_docs, api_keys, assets, health, invitation,
        members::{invite, leave, list as members, member, pending, recharge as member_recharge},
        password_reset, payment_events, sessions, sign_in,
        sub_accounts::{
            self, access, auto_recharge, bulk, delete, export, give_back, inside, issued_invoices,
            issuer_details, issuer_logo, lifecycle, limits, list, new, prices, recharge, settings, show,
        },
        webhooks,
    },
};

/// Whom a route answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Anybody.
    Anybody,
    /// Whoever is signed in.
    Person,
    /// Whoever stands in the account that the path names, by a role that suffices.
    Member,
}

/// One route.
#[derive(Debug, Clone)]
pub struct Route {
    /// The method; GET answers HEAD too.
    pub method: Method,
    /// The path, with names of its parts in braces.
    pub path: &'static str,
    /// Whom it answers.
    pub answers: Answers,
}

fn on(method: Method) -> Handled {
    if method == Method::GET {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::method(method)
    }
}

/// Makes the table, and a function that registers each of its sections.
macro_rules! routes {
    ($(
        $(#[$doc:meta])*
        $section:ident: {
            $($answers:ident $path:literal { $($method:ident $handler:path),+ $(,)? })+
        }
    )+) => {
        /// Every route there is.
        pub const ROUTES: &[Route] = &[$($($(
            Route { method: Method::$method, path: $path, answers: Answers::$answers },
        )+)+)+];

        $(
            $(#[$doc])*
            pub(crate) fn $section(config: &mut ServiceConfig) {
                $(
                    // Only files are compressed: a page holds secrets beside what others can put into it.
                    let compress = Condition::new($path.starts_with("/static/"), Compress::default());
                    let resource = web::resource($path).wrap(compress);
                    config.service(resource$(.route(on(Method::$method).to($handler)))+);
                )+
            }
        )+
    };
}

routes! {
    /// What needs no session.
    without_session: {
        Anybody "/healthz" { GET health::live }
        Anybody "/readyz" { GET health::ready }
        Anybody "/static/{path:.*}" { GET assets::file }
        Anybody "/payments/stripe" { POST payment_events::stripe }
        Anybody "/payments/razorpay" { POST payment_events::razorpay }
        Anybody "/docs/api" { GET api_docs::home }
        Anybody "/docs/api/{page}" { GET api_docs::page }
        Anybody "/v1/openapi.json" { GET v1::document::show }
        Anybody "/engine/v1/openapi.json" { GET engine::document::show }
    }

    /// The pages.
    with_session: {
        Person "/" { GET accounts::home }
        Anybody "/sign-in" { GET sign_in::page, POST sign_in::sign_in }
        Person "/sign-out" { POST sign_in::sign_out }
        Anybody "/forgot-password" { GET password_reset::ask, POST password_reset::request }
        Anybody "/reset-password/{token}" { GET password_reset::page, POST password_reset::set }
        Anybody "/invitations/{token}" { GET invitation::page, POST invitation::accept }
        Person "/sessions" { GET sessions::page }
        Person "/sessions/end-others" { POST sessions::end_others }
        Person "/sessions/{session}/end" { POST sessions::end }
        Person "/accounts" { GET accounts::page }

        Member "/accounts/{account}" { GET overview::show }
        Member "/accounts/{account}/live" { GET account::live::follow }
        Member "/accounts/{account}/agents" { GET agents::list }
        Member "/accounts/{account}/agents/{agent}" { GET agents::show }
        Member "/accounts/{account}/agents/{agent}/call" { GET place_call::ask, POST place_call::submit }
        Member "/accounts/{account}/numbers" { GET numbers::list }
        Member "/accounts/{account}/calls" { GET calls::list }
        Member "/accounts/{account}/calls/export.csv" { GET calls_export::export }
        Member "/accounts/{account}/calls/{call}" { GET call::show }
        Member "/accounts/{account}/calls/{call}/recording" { GET recording::play }
        Member "/accounts/{account}/billing" { GET billing::show }
        Member "/accounts/{account}/invoices" { GET invoices::list }
        Member "/accounts/{account}/invoices/{invoice}" { GET invoices::show }
        Member "/accounts/{account}/invoices/{invoice}/pdf" { GET invoices::pdf }
        Member "/accounts/{account}/logos/{logo}" { GET logo::show }
        Member "/accounts/{account}/billing-details" {
            GET billing_details::show, POST billing_details::submit
        }
        Member "/accounts/{account}/payments" { GET payments::list }
        Member "/accounts/{account}/payments/new" { GET payments::ask, POST payments::submit }
        Member "/accounts/{account}/payments/{payment}" { GET payments::show }
        Member "/accounts/{account}/payments/{payment}/continue" { POST payments::retry }
        Member "/accounts/{account}/billing/rules" { GET wallet_rules::show, POST wallet_rules::submit }
        Member "/accounts/{account}/billing/export.csv" { GET statement_export::export }
        Member "/accounts/{account}/members" { GET members::list, POST invite::invite }
        Member "/accounts/{account}/members/{member}" {
            GET member::ask_role, POST member::change_role
        }
        Member "/accounts/{account}/members/{member}/recharge" {
            GET member_recharge::ask, POST member_recharge::change
        }
        Member "/accounts/{account}/members/{member}/remove" {
            GET member::ask_remove, POST member::remove
        }
        Member "/accounts/{account}/invitations/{invitation}/resend" {
            GET pending::ask_resend, POST pending::resend
        }
        Member "/accounts/{account}/invitations/{invitation}/revoke" { POST pending::revoke }
        Member "/accounts/{account}/membership/leave" { GET leave::ask, POST leave::leave }
        Member "/accounts/{account}/api-keys" { GET api_keys::list::list, POST api_keys::create::create }
        Member "/accounts/{account}/api-keys/new" { GET api_keys::create::form }
        Member "/accounts/{account}/api-keys/{api_key}" { GET api_keys::show::show }
        Member "/accounts/{account}/api-keys/{api_key}/rename" { POST api_keys::show::rename }
        Member "/accounts/{account}/api-keys/{api_key}/rotate" {
            GET api_keys::rotate::ask, POST api_keys::rotate::rotate
        }
        Member "/accounts/{account}/api-keys/{api_key}/revoke" {
            GET api_keys::revoke::ask, POST api_keys::revoke::revoke
        }
        Member "/accounts/{account}/webhooks" { GET webhooks::list::list, POST webhooks::edit::create }
        Member "/accounts/{account}/webhooks/new" { GET webhooks::edit::form }
        Member "/accounts/{account}/webhooks/{webhook}" { GET webhooks::show::show }
        Member "/accounts/{account}/webhooks/{webhook}/edit" { GET webhooks::edit::edit, POST webhooks::edit::save }
        Member "/accounts/{account}/webhooks/{webhook}/rotate" { POST webhooks::edit::rotate }
        Member "/accounts/{account}/webhooks/{webhook}/enable" { POST webhooks::switch::enable }
        Member "/accounts/{account}/webhooks/{webhook}/disable" { POST webhooks::switch::disable }
        Member "/accounts/{account}/webhooks/{webhook}/test" { POST webhooks::switch::test }
        Member "/accounts/{account}/webhooks/{webhook}/redeliver" { POST webhooks::switch::redeliver_failed }
        Member "/accounts/{account}/webhooks/{webhook}/delete" {
            GET webhooks::switch::ask_delete, POST webhooks::switch::delete
        }
        Member "/accounts/{account}/webhooks/{webhook}/deliveries/{event}" { GET webhooks::delivery::show }
        Member "/accounts/{account}/webhooks/{webhook}/deliveries/{event}/redeliver" {
            POST webhooks::delivery::redeliver
        }
        Member "/accounts/{account}/audit-log" { GET audit::list }
        Member "/accounts/{account}/retention" { GET retention::show, POST retention::submit }
        Member "/accounts/{account}/leave" { POST access::leave }

        Member "/accounts/{account}/sub-accounts" { GET list::list, POST new::submit }
        Member "/accounts/{account}/sub-accounts/live" { GET sub_accounts::live::follow }
        Member "/accounts/{account}/sub-accounts/new" { GET new::form }
        Member "/accounts/{account}/sub-accounts/limits" { GET limits::edit_all, POST limits::submit_all }
        Member "/accounts/{account}/sub-accounts/bulk" { POST bulk::bulk }
        Member "/accounts/{account}/sub-accounts/export.csv" { GET export::export }
        Member "/accounts/{account}/sub-accounts/{sub_account}" { GET show::show }
        Member "/accounts/{account}/sub-accounts/{sub_account}/live" { GET sub_accounts::live::follow_one }
        Member "/accounts/{account}/sub-accounts/{sub_account}/access" { POST access::enter }
        Member "/accounts/{account}/sub-accounts/{sub_account}/limits" {
            GET limits::edit_one, POST limits::submit_one
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/members" { GET members::list, POST invite::invite }
        Member "/accounts/{account}/sub-accounts/{sub_account}/members/{member}" {
            GET member::ask_role, POST member::change_role
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/members/{member}/remove" {
            GET member::ask_remove, POST member::remove
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/invitations/{invitation}/resend" {
            GET pending::ask_resend, POST pending::resend
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/invitations/{invitation}/revoke" { POST pending::revoke }
        Member "/accounts/{account}/sub-accounts/{sub_account}/api-keys" {
            GET api_keys::list::list, POST api_keys::create::create
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/api-keys/new" { GET api_keys::create::form }
        Member "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}" { GET api_keys::show::show }
        Member "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}/rename" {
            POST api_keys::show::rename
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}/rotate" {
            GET api_keys::rotate::ask, POST api_keys::rotate::rotate
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}/revoke" {
            GET api_keys::revoke::ask, POST api_keys::revoke::revoke
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/billing" { GET inside::billing }
        Member "/accounts/{account}/sub-accounts/{sub_account}/recharge" {
            GET recharge::ask, POST recharge::submit
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/recharges/{transaction}" { GET recharge::made }
        Member "/accounts/{account}/sub-accounts/{sub_account}/prices" { GET prices::show, POST prices::submit }
        Member "/accounts/{account}/sub-accounts/{sub_account}/auto-recharge" {
            GET auto_recharge::show, POST auto_recharge::submit
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/billing/export.csv" { GET inside::statement }
        Member "/accounts/{account}/sub-accounts/{sub_account}/audit-log" { GET inside::audit_log }
        Member "/accounts/{account}/sub-accounts/{sub_account}/settings" { GET settings::show }
        Member "/accounts/{account}/sub-accounts/{sub_account}/rename" { POST settings::rename }
        Member "/accounts/{account}/sub-accounts/{sub_account}/suspend" {
            GET lifecycle::ask_suspend, POST lifecycle::suspend
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/reactivate" {
            GET lifecycle::ask_reactivate, POST lifecycle::reactivate
        }
        Member "/accounts/{account}/sub-accounts/{sub_account}/delete" { GET delete::ask, POST delete::delete }
        Member "/accounts/{account}/issuer-details" { GET issuer_details::show, POST issuer_details::submit }
        Member "/accounts/{account}/issuer-details/logo" { GET issuer_logo::show, POST issuer_logo::submit }
        Member "/accounts/{account}/issuer-details/logo/remove" { POST issuer_logo::remove }
        Member "/accounts/{account}/issued-invoices" { GET issued_invoices::list }
        Member "/accounts/{account}/issued-invoices/{issued}" { GET issued_invoices::show }
        Member "/accounts/{account}/issued-invoices/{issued}/pdf" { GET issued_invoices::pdf }
        Member "/accounts/{account}/issued-invoices/{issued}/give-back" {
            GET give_back::ask, POST give_back::submit
        }
        Member "/accounts/{account}/deletions" { GET delete::certificates }
        Member "/accounts/{account}/deletions/{certificate}" { GET delete::certificate }
    }
}

/// One route of the API. It answers keys that have the right for its area.
#[derive(Debug, Clone)]
pub struct ApiRoute {
    /// The method; GET answers HEAD too.
    pub method: Method,
    /// The path, with names of its parts in braces.
    pub path: &'static str,
    /// The area of the key's right; `None` for what any key may ask.
    pub area: Option<KeyArea>,
}

/// Makes the table of the API, and the function that registers it. What belongs to an
/// account stands once in it, and answers beneath each way to name one (`domain.md` 6.4).
macro_rules! api_routes {
    (
        at_one_address: {
            $($area:tt $path:literal { $($method:ident $handler:path),+ $(,)? })+
        }
        in_account: {
            $($area_in:tt $path_in:literal { $($method_in:ident $handler_in:path),+ $(,)? })+
        }
    ) => {
        /// Every route of the API there is.
        pub const API_ROUTES: &[ApiRoute] = &[
            $($(
                ApiRoute { method: Method::$method, path: concat!("/v1", $path), area: area!($area) },
            )+)+
            $($(
                ApiRoute { method: Method::$method_in, path: concat!("/v1", $path_in), area: area!($area_in) },
                ApiRoute {
                    method: Method::$method_in,
                    path: concat!("/v1/organization", $path_in),
                    area: area!($area_in),
                },
                ApiRoute {
                    method: Method::$method_in,
                    path: concat!("/v1/sub-accounts/{sub_account_id}", $path_in),
                    area: area!($area_in),
                },
            )+)+
        ];

        /// Everything beneath `/v1`.
        pub(crate) fn api(config: &mut ServiceConfig) {
            $(config.service(web::resource($path)$(.route(on(Method::$method).to($handler)))+);)+
            $(
                let paths = [
                    $path_in,
                    concat!("/organization", $path_in),
                    concat!("/sub-accounts/{sub_account_id}", $path_in),
                ];
                for path in paths {
                    config.service(web::resource(path)$(.route(on(Method::$method_in).to($handler_in)))+);
                }
            )+
        }
    };
}

macro_rules! area {
    (Any) => {
        None
    };
    ($area:ident) => {
        Some(KeyArea::$area)
    };
}

api_routes! {
    at_one_address: {
        Any "/me" { GET v1::me::show }
        SubAccounts "/sub-accounts" { GET v1::sub_accounts::list, POST v1::sub_accounts::create }
        SubAccounts "/sub-accounts/{sub_account_id}" {
            GET v1::sub_accounts::show, PATCH v1::sub_accounts::update, DELETE v1::deletions::delete
        }
        SubAccounts "/sub-accounts/{sub_account_id}/suspend" { POST v1::sub_accounts::suspend }
        SubAccounts "/sub-accounts/{sub_account_id}/reactivate" { POST v1::sub_accounts::reactivate }
        SubAccounts "/deletions" { GET v1::deletions::list }
        SubAccounts "/deletions/{deletion_id}" { GET v1::deletions::show }
        SubAccounts "/limits" { GET v1::limits::show, PUT v1::limits::set }
        Billing "/sub-accounts/{sub_account_id}/wallet/auto-recharge" {
            GET v1::wallet_rules::show_auto_recharge, PUT v1::wallet_rules::set_auto_recharge
        }
        Billing "/sub-accounts/{sub_account_id}/price" { GET v1::prices::show, PUT v1::prices::set }
        Billing "/sub-accounts/{sub_account_id}/wallet/recharge" { POST v1::wallet::recharge }
        Any "/languages" { GET v1::catalogues::languages }
        Any "/languages/{id}" { GET v1::catalogues::language }
        Any "/llms" { GET v1::catalogues::llms }
        Any "/llms/fallback" { GET v1::catalogues::fallback_llms }
        Any "/llms/{id}" { GET v1::catalogues::llm }
        Any "/transcribers" { GET v1::catalogues::transcribers }
        Any "/transcribers/fallback" { GET v1::catalogues::fallback_transcribers }
        Any "/transcribers/{id}" { GET v1::catalogues::transcriber }
        Any "/voices" { GET v1::voices::voices }
        Any "/voices/accents" { GET v1::voices::accents }
        Any "/voices/s2s" { GET v1::voices::speech_voices }
        Any "/voices/{id}" { GET v1::voices::voice }
        Any "/voices/{id}/languages" { GET v1::voices::voice_languages }
        Any "/phone-country-rules/countries" { GET v1::countries::countries }
        Any "/phone-number-pricing" { GET v1::countries::prices }
    }

    in_account: {
        Billing "/wallet" { GET v1::wallet::show }
        Billing "/transactions" { GET v1::wallet::transactions }
        Billing "/payments" { GET v1::payments::list, POST v1::payments::create }
        Billing "/payments/{payment_id}" { GET v1::payments::show }
        Billing "/invoices" { GET v1::invoices::list }
        Billing "/invoices/{invoice_id}" { GET v1::invoices::show }
        Billing "/invoices/{invoice_id}/pdf" { GET v1::invoices::pdf }
        Billing "/wallet/rules" { GET v1::wallet_rules::show, PUT v1::wallet_rules::set }
        Usage "/usage" { GET v1::usage::show }
        AuditLog "/audit-log" { GET v1::audit_log::list }
        Members "/members" { GET v1::members::list }
        Members "/members/{user_id}" { PATCH v1::members::update, DELETE v1::members::remove }
        Members "/invitations" { GET v1::invitations::list, POST v1::invitations::create }
        Members "/invitations/{invitation_id}" { DELETE v1::invitations::revoke }
        Members "/invitations/{invitation_id}/resend" { POST v1::invitations::resend }
        Agents "/agents" { GET v1::agents::list, POST v1::agents::create }
        Agents "/agents/{agent_id}" {
            GET v1::agents::show, PATCH v1::agents::update, DELETE v1::agents::delete
        }
        Numbers "/organization-phone-numbers" { GET v1::numbers::list }
        Numbers "/organization-phone-numbers/plivo-numbers" { GET v1::numbers::search }
        Numbers "/organization-phone-numbers/purchase" { POST v1::numbers::purchase }
        Numbers "/organization-phone-numbers/{number_id}" {
            GET v1::numbers::show, DELETE v1::numbers::release
        }
        Calls "/calls" { GET v1::calls::list, POST v1::place_call::create }
        Calls "/calls/{call_id}" { GET v1::calls::show }
        Calls "/calls/{call_id}/recording" { GET v1::recordings::show }
        Calls "/retention" { GET v1::retention::show, PUT v1::retention::set }
        Webhooks "/user-webhooks" { GET v1::webhooks::list, POST v1::webhooks::create }
        Webhooks "/user-webhooks/{webhook_id}" {
            GET v1::webhooks::show, PATCH v1::webhooks::update, DELETE v1::webhooks::delete
        }
        Webhooks "/user-webhooks/{webhook_id}/rotate-secret" { POST v1::webhooks::rotate }
        Webhooks "/user-webhooks/{webhook_id}/test" { POST v1::webhook_deliveries::test }
        Webhooks "/user-webhooks/{webhook_id}/redeliver" { POST v1::webhook_deliveries::redeliver_failed }
        Webhooks "/user-webhooks/{webhook_id}/deliveries" { GET v1::webhook_deliveries::list }
        Webhooks "/user-webhooks/{webhook_id}/deliveries/{event_id}/redeliver" {
            POST v1::webhook_deliveries::redeliver
        }
        ApiKeys "/api-keys" { GET v1::api_keys::list, POST v1::api_keys::create }
        ApiKeys "/api-keys/{api_key_id}" {
            GET v1::api_keys::show, PATCH v1::api_keys::rename, DELETE v1::api_keys::revoke
        }
        ApiKeys "/api-keys/{api_key_id}/rotate" { POST v1::api_keys::rotate }
    }
}

/// Makes the table of the engines' face, and the function that registers it.
macro_rules! engine_routes {
    ($($path:literal { $method:ident $handler:path })+) => {
        /// Every route of the engines' face there is.
        pub const ENGINE_ROUTES: &[(Method, &str)] =
            &[$((Method::$method, concat!("/engine/v1", $path)),)+];

        /// Everything beneath `/engine/v1`.
        pub(crate) fn engines(config: &mut ServiceConfig) {
            $(config.service(web::resource($path).route(on(Method::$method).to($handler)));)+
        }
    };
}

engine_routes! {
    "/calls" { POST engine::admission::ask }
    "/calls/claim" { POST engine::admission::claim }
    "/calls/{call_id}/ringing" { POST engine::reports::ringing }
    "/calls/{call_id}/answered" { POST engine::reports::answered }
    "/calls/{call_id}/heartbeat" { POST engine::reports::heartbeat }
    "/calls/{call_id}/ended" { POST engine::reports::ended }
    "/calls/{call_id}/recording" { PUT engine::uploads::recording }
    "/calls/{call_id}/transcript" { PUT engine::uploads::transcript }
}

/// The right that each route of the API takes.
pub(crate) fn rights() -> v1::front::Rights {
    v1::front::Rights::of(API_ROUTES.iter().map(|route| (route.method.clone(), route.path, route.area)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_path_stands_once_and_says_whom_it_answers() {
        let mut seen = HashSet::new();
        for route in ROUTES {
            assert!(seen.insert((&route.method, route.path)), "{} {} stands twice", route.method, route.path);
            let is_in_account = route.path.contains("{account}");
            assert_eq!(route.answers == Answers::Member, is_in_account, "{}", route.path);
        }
    }

    #[test]
    fn the_document_and_the_table_of_the_api_say_the_same() {
        let document = v1::document::document(&rights(), &[], "http://localhost");
        let mut described = described(&document);
        let mut routed: Vec<_> =
            API_ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
        described.sort();
        routed.sort();
        assert_eq!(described, routed);
    }

    #[test]
    fn the_document_and_the_table_of_the_engines_say_the_same() {
        let mut described = described(&engine::document::document("http://localhost"));
        let mut routed: Vec<_> =
            ENGINE_ROUTES.iter().map(|(method, path)| (method.to_string(), (*path).to_owned())).collect();
        described.sort();
        routed.sort();
        assert_eq!(described, routed);
    }

    /// The method and path of everything that a document describes.
    fn described(document: &impl serde::Serialize) -> Vec<(String, String)> {
        let written = serde_json::to_value(document).unwrap();
        let paths = written["paths"].as_object().unwrap();
        paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect()
    }
}
