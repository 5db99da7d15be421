//! Recharging a sub-account's wallet from the organization's: how much, a look at what would
//! happen, and what did (`domain.md` 4.7, `trust.md` U5).

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, PushFunds},
    },
    domain::{
        idempotency::{self, IdempotencyKey},
        sub_accounts::{
            list::Listed,
            recharge::{self, LONGEST_REFERENCE, Recharge, Wallets},
        },
    },
    error::{Error, FieldError},
    values::{AccountId, BillingMode, Money, SubAccountId, TransactionId},
    web::{
        amounts,
        filters::money_text,
        forms::Submitted,
        page::{Here, Visit, html, html_as, see, zone},
        parts::{Badge, ErrorSummary, Field},
        views::money::{AskPage, MadePage, ReviewPage},
    },
};

use super::Place;

/// The form as it is sent, by its first page and by the review.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RechargeForm {
    step: String,
    idempotency_key: String,
    amount: String,
    reference: String,
}

/// The recharge in the address.
#[derive(Debug, Deserialize)]
pub struct MadePlace {
    /// The parent; the scope is proved for it.
    pub account: AccountId,
    /// Whose wallet was recharged.
    pub sub_account: SubAccountId,
    /// The entry.
    pub transaction: TransactionId,
}

/// Where a sub-account is recharged.
pub fn href(scope: &Scope<ManageSubAccounts>, id: SubAccountId) -> String {
    format!("{}/recharge", super::href(scope, id))
}

async fn load(scope: &Scope<PushFunds>, id: SubAccountId) -> Result<(Listed, Wallets), Denied> {
    let listed = super::find(&scope.narrow(), id).await?;
    let wallets = scope.read(move |tx| recharge::wallets(tx, id)).await?;
    Ok((listed, wallets))
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/recharge`
pub async fn ask(
    scope: Scope<PushFunds>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let (listed, wallets) = load(&scope, place.sub_account).await?;
    page(&scope, &visit, &listed, &wallets, &RechargeForm::default(), &[], StatusCode::OK)
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/recharge`
pub async fn submit(
    scope: Scope<PushFunds>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<RechargeForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let id = place.sub_account;
    let (listed, wallets) = load(&scope, id).await?;
    let again = |wrong: &[FieldError], status| page(&scope, &visit, &listed, &wallets, &form, wrong, status);
    let amount = match amounts::typed("amount", &form.amount, &wallets.ours.currency) {
        Ok(minor) => Money::new(minor, &wallets.ours.currency),
        Err(wrong) => return again(&[wrong], StatusCode::UNPROCESSABLE_ENTITY),
    };
    let reference = form.reference.trim().to_owned();
    match form.step.as_str() {
        "recharge" => {}
        "edit" => return again(&[], StatusCode::OK),
        _ => match obstacle(&amount, &reference, &wallets) {
            Some(wrong) => return again(&[wrong], StatusCode::UNPROCESSABLE_ENTITY),
            None => return review(&scope, &visit, &listed, &wallets, &amount, &form),
        },
    }
    let key = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
    let asked = amount.clone();
    let made = scope
        .write(move |tx| {
            idempotency::once(tx, "wallet.recharge.form", &key, &(id, asked.minor, &reference), |tx| {
                recharge::recharge(tx, id, &asked, &reference)
            })
        })
        .await;
    match made {
        Ok(Recharge { transaction, .. }) => {
            Ok(see(format!("{}/recharges/{transaction}", super::href(&scope.narrow(), id))))
        }
        Err(Error::Unpaid { .. }) => {
            again(&[too_little(&amount, &wallets, "Nothing was moved.")], StatusCode::CONFLICT)
        }
        Err(Error::Conflict { code: "wallet_frozen" | "currency_mismatch", message }) => {
            again(&[FieldError::new("amount", format!("{message} Nothing was moved."))], StatusCode::CONFLICT)
        }
        Err(Error::Invalid(wrong)) => again(&wrong, StatusCode::UNPROCESSABLE_ENTITY),
        Err(other) => Err(Denied(other)),
    }
}

fn too_little(amount: &Money, wallets: &Wallets, end: &str) -> FieldError {
    let text = |money: &Money| money_text(money.minor, &money.currency);
    let message =
        format!("Your wallet can give {} now, less than {}. {end}", text(&wallets.ours), text(amount));
    FieldError::new("amount", message.trim_end())
}

/// What would be refused anyway, told before the review.
fn obstacle(amount: &Money, reference: &str, wallets: &Wallets) -> Option<FieldError> {
    if amount.minor > wallets.ours.minor {
        return Some(too_little(amount, wallets, ""));
    }
    let is_long = reference.chars().count() > LONGEST_REFERENCE;
    is_long.then(|| {
        let message = format!("The reference must be at most {LONGEST_REFERENCE} characters.");
        FieldError::new("reference", message)
    })
}

fn page(
    scope: &Scope<PushFunds>,
    visit: &Visit,
    listed: &Listed,
    wallets: &Wallets,
    form: &RechargeForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let parent = scope.narrow::<ManageSubAccounts>();
    let heading = format!("Recharge the wallet of {}", listed.name);
    let ours = money_text(wallets.ours.minor, &wallets.ours.currency);
    let amount = super::with_error(
        Field::new("amount", "Amount")
            .hint(format!("In {}, such as 5,000. Your wallet can give {ours}.", wallets.ours.currency))
            .value(&form.amount),
        wrong,
    );
    let reference = super::with_error(
        Field::new("reference", "Reference")
            .hint("Stands in the statements of both wallets. No personal data: it is kept for years.")
            .value(&form.reference),
        wrong,
    );
    let frozen = (listed.billing_mode == BillingMode::Consolidated).then(|| {
        format!(
            "Your own wallet pays for {} while it is consolidated. Its wallet is frozen: what is in it ({}) stays \
             there, and nothing can be moved into it until it is isolated again.",
            listed.name,
            money_text(wallets.theirs.minor, &wallets.theirs.currency),
        )
    });
    let mut frame = visit.frame(scope, &heading, Here::SubAccounts);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &AskPage {
            frame,
            crumbs: super::crumbs(&parent, Some(listed)),
            errors: ErrorSummary::of([&amount, &reference]),
            heading,
            text: super::told_apart(listed),
            instead: frozen,
            action: href(&parent, listed.id),
            amount,
            reference: Some(reference),
            cancel_href: super::href(&parent, listed.id),
        },
        status,
    )
}

fn review(
    scope: &Scope<PushFunds>,
    visit: &Visit,
    listed: &Listed,
    wallets: &Wallets,
    amount: &Money,
    form: &RechargeForm,
) -> Result<HttpResponse, Denied> {
    let parent = scope.narrow::<ManageSubAccounts>();
    let text = |minor: i64| money_text(minor, &amount.currency);
    let after = |minor: i64, change: i64| minor.checked_add(change).map_or_else(String::new, text);
    let (ours, theirs) = (wallets.ours.minor, wallets.theirs.minor);
    let organization = &scope.asker().account.name;
    let mut facts = vec![
        ("From".to_owned(), format!("{organization} (organization)")),
        ("To".to_owned(), super::told_apart(listed)),
        ("Amount".to_owned(), text(amount.minor)),
    ];
    if !form.reference.trim().is_empty() {
        facts.push(("Reference".to_owned(), form.reference.trim().to_owned()));
    }
    html(&ReviewPage {
        frame: visit.frame(scope, "Review the recharge", Here::SubAccounts),
        crumbs: super::crumbs(&parent, Some(listed)),
        errors: ErrorSummary::default(),
        heading: "Review the recharge".into(),
        facts,
        wallets: vec![
            (organization.clone(), text(ours), after(ours, -amount.minor)),
            (listed.name.clone(), text(theirs), after(theirs, amount.minor)),
        ],
        consequences: vec![
            format!("{} moves at once and whole, or not at all.", text(amount.minor)),
            "It cannot be pulled back: what is in the wallet of a sub-account is spent there.".into(),
            "It stands in the statements and audit logs of both.".into(),
        ],
        action: href(&parent, listed.id),
        hidden: vec![
            ("idempotency_key", Uuid::now_v7().to_string()),
            ("amount", amounts::plain(amount.minor)),
            ("reference", form.reference.trim().to_owned()),
        ],
        choice: None,
        button: format!("Recharge {}", text(amount.minor)),
        step: "recharge",
    })
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/recharges/{transaction}`
pub async fn made(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<MadePlace>,
) -> Result<HttpResponse, Denied> {
    let MadePlace { sub_account, transaction, .. } = *place;
    let listed = super::find(&scope, sub_account).await?;
    let (ours, theirs) = scope.read(move |tx| recharge::receipts(tx, sub_account, transaction)).await?;
    let text = |money: &Money| money_text(money.minor, &money.currency);
    let mut facts = vec![
        ("From".to_owned(), scope.asker().account.name.clone()),
        ("To".to_owned(), listed.name.clone()),
        ("Amount".to_owned(), text(&theirs.amount)),
        ("Your balance after it".to_owned(), text(&ours.balance_after)),
        (format!("Balance of {} after it", listed.name), text(&theirs.balance_after)),
        ("Transaction".to_owned(), transaction.to_string()),
    ];
    if !theirs.reference.is_empty() {
        facts.push(("Reference".to_owned(), theirs.reference));
    }
    html(&MadePage {
        frame: visit.frame(&scope, format!("Recharge of {}", listed.name), Here::SubAccounts),
        crumbs: super::crumbs(&scope, Some(&listed)),
        heading: format!("{} recharged with {}", listed.name, text(&theirs.amount)),
        badge: Badge::new("Done", "good", "check"),
        text: "The money is in its wallet.".into(),
        at: zone(scope.asker()).show(theirs.at),
        facts,
        details: None,
        outside_href: None,
        retry_action: None,
        back: (format!("Back to {}", listed.name), super::href(&scope, listed.id)),
    })
}
