//! + Create Sub-Account (`domain.md` 2.1).

use actix_web::{HttpResponse, http::StatusCode};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::{
        idempotency::{self, IdempotencyKey},
        sub_accounts::{NewSubAccount, NewSubAccountInput, allocation, create},
    },
    error::FieldError,
    values::{BillingMode, SubAccountId},
    web::{
        forms::Submitted,
        notices::told,
        page::{Here, Visit, html_as, see},
        parts::{Choice, ErrorSummary, Field},
        views::sub_accounts::NewPage,
    },
};

/// The form as it is sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewForm {
    idempotency_key: String,
    name: String,
    billing_mode: String,
    region: String,
    concurrency_limit: String,
    external_id: String,
}

/// `GET /accounts/{account}/sub-accounts/new`
pub async fn form(scope: Scope<ManageSubAccounts>, visit: Visit) -> Result<HttpResponse, Denied> {
    let blank = NewForm {
        // Any unguessable, never repeated word will do.
        idempotency_key: SubAccountId::new().uuid().to_string(),
        billing_mode: BillingMode::Isolated.to_string(),
        concurrency_limit: "10".into(),
        ..NewForm::default()
    };
    page(&scope, &visit, &blank, &[], StatusCode::OK).await
}

/// `POST /accounts/{account}/sub-accounts`
pub async fn submit(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    form: Submitted<NewForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let input = NewSubAccountInput {
        name: form.name.clone(),
        billing_mode: form.billing_mode.clone(),
        region: form.region.clone(),
        concurrency_limit: super::whole_number(&form.concurrency_limit),
        external_id: Some(form.external_id.clone()),
    };
    let created = match NewSubAccount::check(&input, &scope.regions()) {
        Ok(new) => {
            let key = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
            scope
                .write(move |tx| {
                    idempotency::once(tx, "sub_accounts.create", &key, &new, |tx| create(tx, &new))
                })
                .await
        }
        Err(wrong) => Err(wrong),
    };
    match created {
        Ok(made) => Ok(see(told(&super::href(&scope, made.id), "created"))),
        Err(error) => {
            let wrong = super::wrong_fields(error)?;
            page(&scope, &visit, &form, &wrong, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn page(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    form: &NewForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let free = scope.overview(allocation::current).await?.free();
    let name = super::with_error(
        Field::new("name", "Name")
            .hint("What you and its members call it, such as a client’s name.")
            .value(&form.name),
        wrong,
    );
    let billing_mode = super::with_error(
        Field::new("billing_mode", "Billing mode").value(&form.billing_mode).options(vec![
            Choice::new(
                "isolated",
                "Isolated",
                "It pays from a prepaid wallet of its own. You recharge it; you can never draw from it.",
            ),
            Choice::new(
                "consolidated",
                "Consolidated",
                "Your organization’s wallet pays. The sub-account sees no wallet.",
            ),
        ]),
        wrong,
    );
    let regions = scope.regions();
    let region = super::with_error(
        Field::new("region", "Data region")
            .hint("Where its calls, transcripts and recordings are kept. It cannot be changed later.")
            .value(&form.region)
            .options(regions.iter().map(|r| Choice::new(r.as_str(), r.label(), "")).collect()),
        wrong,
    );
    let concurrency_limit = super::with_error(
        Field::new("concurrency_limit", "Concurrency limit")
            .hint("The most calls it may have at the same time. You can change it whenever you like.")
            .value(&form.concurrency_limit),
        wrong,
    );
    let external_id = super::with_error(
        Field::new("external_id", "Your reference")
            .hint("An id of your own system, to find it by.")
            .value(&form.external_id),
        wrong,
    );
    let errors = ErrorSummary::of([&name, &billing_mode, &region, &concurrency_limit, &external_id]);
    let mut frame = visit.frame(scope, "Create sub-account", Here::SubAccounts);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &NewPage {
            frame,
            crumbs: super::crumbs(scope, None),
            action: super::list_href(scope),
            cancel_href: super::list_href(scope),
            idempotency_key: form.idempotency_key.clone(),
            errors,
            name,
            billing_mode,
            region,
            concurrency_limit,
            limit_suffix: format!("of {free} free"),
            external_id,
        },
        status,
    )
}
