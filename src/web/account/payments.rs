//! Adding funds: how much, a look at what would happen and how it is paid, then the page of the
//! payment, from which it goes on (`domain.md` 4.7, `trust.md` U5).

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    access::{
        Denied, Scope,
        permission::{AddFunds, ViewBilling},
    },
    domain::{
        billing::{
            ledger,
            payments::{self, Payment, PaymentState},
        },
        idempotency::{self, IdempotencyKey},
    },
    error::{Error, FieldError},
    paying::Paying,
    payment_providers::Providers,
    values::{Money, PaymentId, PaymentProvider},
    web::{
        amounts,
        filters::money_text,
        forms::{ConfirmForm, Submitted},
        page::{Here, Visit, home_href, html, html_as, see, zone},
        parts::{Badge, Choice, Crumb, ErrorSummary, Field},
        sub_accounts::with_error,
        views::money::{AskPage, MadePage, PaymentRow, PaymentsPage, ReviewPage},
    },
};

use super::sees_wallet;

/// Payments on the list.
const MOST_LISTED: i64 = 100;

/// The form as it is sent, by its first page and by the review.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FundsForm {
    step: String,
    idempotency_key: String,
    amount: String,
    provider: String,
}

/// The payment in the address.
#[derive(Debug, Deserialize)]
pub struct PaymentPlace {
    /// Which.
    pub payment: PaymentId,
}

fn base<P: crate::access::permission::Permission>(scope: &Scope<P>) -> String {
    format!("{}/payments", home_href(scope.asker().account.id))
}

/// What the page of the wallet offers.
pub fn actions(scope: &Scope<ViewBilling>) -> Vec<(String, String)> {
    let base = base(scope);
    let add = scope.also::<AddFunds>().map(|_| ("Add funds".to_owned(), format!("{base}/new")));
    let always = [("Payments".to_owned(), base.clone()), super::invoices::action(scope)];
    add.into_iter().chain(always).collect()
}

fn badge(payment: &Payment) -> Badge {
    let word = payment.state.label();
    match payment.state {
        _ if payment.problem.is_some() => Badge::new("Held back", "warn", "warning"),
        _ if payment.returned_as.is_some() => Badge::new("Given back", "", "refresh"),
        PaymentState::Created | PaymentState::Waiting => Badge::new(word, "note", "clock"),
        PaymentState::Paid => Badge::new(word, "good", "check"),
        PaymentState::Failed => Badge::new(word, "bad", "error"),
        PaymentState::Expired => Badge::new(word, "", "clock"),
    }
}

fn text(money: &Money) -> String {
    money_text(money.minor, &money.currency)
}

/// `GET /accounts/{account}/payments`
pub async fn list(scope: Scope<ViewBilling>, visit: Visit) -> Result<HttpResponse, Denied> {
    if !sees_wallet(&scope) {
        return Err(Denied(Error::NotFound));
    }
    let found = scope.read(|tx| payments::list(tx, None, 0, MOST_LISTED)).await?;
    let (base, zone) = (base(&scope), zone(scope.asker()));
    html(&PaymentsPage {
        frame: visit.frame(&scope, "Payments", Here::Billing),
        new_href: scope.also::<AddFunds>().map(|_| format!("{base}/new")),
        rows: found
            .into_iter()
            .map(|payment| PaymentRow {
                href: format!("{base}/{}", payment.id),
                at: zone.show(payment.created_at),
                amount: text(&payment.amount()),
                how: payment.provider.label().to_owned(),
                badge: badge(&payment),
            })
            .collect(),
    })
}

/// `GET /accounts/{account}/payments/new`
pub async fn ask(
    scope: Scope<AddFunds>,
    visit: Visit,
    providers: web::Data<Providers>,
) -> Result<HttpResponse, Denied> {
    let balance = balance(&scope).await?;
    page(&scope, &visit, &providers, &balance, &FundsForm::default(), &[], StatusCode::OK)
}

async fn balance(scope: &Scope<AddFunds>) -> Result<Money, Denied> {
    if !scope.asker().account.pays_itself() {
        return Err(Denied(Error::NotFound));
    }
    Ok(scope.read(ledger::balance).await?)
}

/// `POST /accounts/{account}/payments/new`
pub async fn submit(
    scope: Scope<AddFunds>,
    visit: Visit,
    paying: web::Data<Paying>,
    form: Submitted<FundsForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let balance = balance(&scope).await?;
    let providers = paying.providers();
    let again =
        |wrong: &[FieldError], status| page(&scope, &visit, providers, &balance, &form, wrong, status);
    let amount = match amounts::typed("amount", &form.amount, &balance.currency) {
        Ok(minor) => Money::new(minor, &balance.currency),
        Err(wrong) => return again(&[wrong], StatusCode::UNPROCESSABLE_ENTITY),
    };
    match form.step.as_str() {
        "begin" => {}
        "edit" => return again(&[], StatusCode::OK),
        _ => return review(&scope, &visit, providers, &balance, &amount, &form, &[]),
    }
    let chosen = form.provider.parse().ok().filter(|chosen| providers.offered().contains(chosen));
    let Some(provider) = chosen else {
        let wrong = [FieldError::new("provider", "Choose how to pay.")];
        return review(&scope, &visit, providers, &balance, &amount, &form, &wrong);
    };
    let key = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
    let asked = amount.clone();
    let begun = scope
        .write(move |tx| {
            idempotency::once(tx, "payments.begin", &key, &(provider, &asked), |tx| {
                payments::begin(tx, provider, &asked)
            })
        })
        .await;
    let id = match begun {
        Ok(id) => id,
        Err(Error::Conflict { code: "wallet_frozen" | "too_many_payments", message }) => {
            return again(&[FieldError::new("amount", message)], StatusCode::CONFLICT);
        }
        Err(other) => return Err(Denied(other)),
    };
    paying.open(&scope, id).await?;
    Ok(see(format!("{}/{id}", base(&scope))))
}

/// `POST /accounts/{account}/payments/{payment}/continue`
pub async fn retry(
    scope: Scope<AddFunds>,
    paying: web::Data<Paying>,
    place: web::Path<PaymentPlace>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    paying.open(&scope, place.payment).await?;
    Ok(see(format!("{}/{}", base(&scope), place.payment)))
}

fn page(
    scope: &Scope<AddFunds>,
    visit: &Visit,
    providers: &Providers,
    balance: &Money,
    form: &FundsForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let amount = with_error(
        Field::new("amount", "Amount")
            .hint(format!("In {}, such as 5,000. The wallet holds {} now.", balance.currency, text(balance)))
            .value(&form.amount),
        wrong,
    );
    let nothing = providers.offered().is_empty();
    let mut frame = visit.frame(scope, "Add funds", Here::Billing);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &AskPage {
            frame,
            crumbs: crumbs(scope),
            errors: ErrorSummary::of([&amount]),
            heading: "Add funds".into(),
            text: "Money for the calls of this account. What is paid in comes into its wallet.".into(),
            instead: nothing.then(|| "No way to pay is set up here yet. Please ask for help.".to_owned()),
            action: format!("{}/new", base(scope)),
            amount,
            reference: None,
            cancel_href: format!("{}/billing", home_href(scope.asker().account.id)),
        },
        status,
    )
}

fn crumbs<P: crate::access::permission::Permission>(scope: &Scope<P>) -> Vec<Crumb> {
    let home = home_href(scope.asker().account.id);
    vec![Crumb::new("Billing", format!("{home}/billing")), Crumb::new("Payments", base(scope))]
}

fn review(
    scope: &Scope<AddFunds>,
    visit: &Visit,
    providers: &Providers,
    balance: &Money,
    amount: &Money,
    form: &FundsForm,
    wrong: &[FieldError],
) -> Result<HttpResponse, Denied> {
    let offered = providers.offered();
    let first = offered.first().map(|provider| provider.as_str()).unwrap_or_default();
    let choice = with_error(
        Field::new("provider", "How to pay")
            .value(if form.provider.is_empty() { first } else { &form.provider })
            .options(
                offered
                    .into_iter()
                    .map(|provider| {
                        let hint = match provider {
                            PaymentProvider::Manual => "You transfer the money; it is credited once it came.",
                            _ => "You pay on the provider’s page; it is credited at once.",
                        };
                        Choice::new(provider.as_str(), provider.label(), hint)
                    })
                    .collect(),
            ),
        wrong,
    );
    let name = &scope.asker().account.name;
    let after = balance.checked_add(amount).map(|after| text(&after)).unwrap_or_default();
    let key = match form.idempotency_key.as_str() {
        "" => Uuid::now_v7().to_string(),
        key => key.to_owned(),
    };
    let mut frame = visit.frame(scope, "Review the payment", Here::Billing);
    frame.has_errors = !wrong.is_empty();
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    html_as(
        &ReviewPage {
            frame,
            crumbs: crumbs(scope),
            errors: ErrorSummary::of([&choice]),
            heading: "Review the payment".into(),
            facts: vec![
                ("From".into(), "you, outside of here".into()),
                ("To".into(), format!("the wallet of {name}")),
                ("Amount".into(), text(amount)),
            ],
            wallets: vec![(name.clone(), text(balance), after)],
            consequences: vec![
                "Nothing is charged by this button: you pay on the next page.".into(),
                format!("When the money came, {} is added to the wallet.", text(amount)),
            ],
            action: format!("{}/new", base(scope)),
            hidden: vec![("idempotency_key", key), ("amount", amounts::plain(amount.minor))],
            choice: Some(choice),
            button: format!("Go on to pay {}", text(amount)),
            step: "begin",
        },
        status,
    )
}

/// What is going on with a payment, in words.
fn words(payment: &Payment) -> &'static str {
    match (payment.state, payment.provider) {
        _ if payment.problem.is_some() => {
            "What came is not what was asked for. It is not lost: it is looked at by a person, and nothing was put \
             into the wallet yet."
        }
        _ if payment.returned_as.is_some() => {
            "What came was given back to whoever paid. Nothing came into the wallet."
        }
        (PaymentState::Created, _) => {
            "The payment is begun, and the provider could not be asked yet. Nothing was charged."
        }
        (PaymentState::Waiting, PaymentProvider::Manual) => {
            "Transfer the money with the reference below. It comes into the wallet once it arrived and was confirmed."
        }
        (PaymentState::Waiting, _) => {
            "Pay on the provider’s page. The money comes into the wallet as soon as the provider tells of it; reload \
             this page to see it."
        }
        (PaymentState::Paid, _) => "The money is in the wallet.",
        (PaymentState::Failed, _) => "The payment was refused or called off. Nothing came into the wallet.",
        (PaymentState::Expired, _) => {
            "Nothing came in time. Begin a new payment; what comes for this one all the same is not lost."
        }
    }
}

/// `GET /accounts/{account}/payments/{payment}`
pub async fn show(
    scope: Scope<ViewBilling>,
    visit: Visit,
    providers: web::Data<Providers>,
    place: web::Path<PaymentPlace>,
) -> Result<HttpResponse, Denied> {
    if !sees_wallet(&scope) {
        return Err(Denied(Error::NotFound));
    }
    let id = place.payment;
    let payment = scope.read(move |tx| payments::find(tx, id)).await?;
    let is_payer = scope.also::<AddFunds>().is_some();
    let zone = zone(scope.asker());
    let waits = payment.state == PaymentState::Waiting && payment.problem.is_none();
    let mut facts = vec![
        ("Amount".to_owned(), text(&payment.amount())),
        ("How".to_owned(), payment.provider.label().to_owned()),
        ("Reference".to_owned(), id.to_string()),
    ];
    if matches!(payment.state, PaymentState::Created | PaymentState::Waiting) {
        facts.push(("Can be paid until".to_owned(), zone.show(payment.expires_at).text()));
    }
    if let Some(transaction) = payment.transaction {
        facts.push(("Transaction".to_owned(), transaction.to_string()));
    }
    if payment.refunded_minor > 0 {
        let refunded = Money::new(payment.refunded_minor, payment.amount().currency);
        facts.push(("Given back".to_owned(), text(&refunded)));
    }
    let transfers = waits && payment.provider == PaymentProvider::Manual;
    html(&MadePage {
        frame: visit.frame(&scope, "Payment", Here::Billing),
        crumbs: crumbs(&scope),
        heading: format!("Payment of {}", text(&payment.amount())),
        badge: badge(&payment),
        text: words(&payment).into(),
        at: zone.show(payment.created_at),
        facts,
        details: providers
            .bank_details()
            .filter(|_| transfers)
            .map(|bank| ("Where to transfer it".into(), format!("{bank}\nReference: {id}"))),
        outside_href: payment.provider_url.clone().filter(|_| waits && is_payer),
        retry_action: (payment.state == PaymentState::Created && is_payer)
            .then(|| format!("{}/{id}/continue", base(&scope))),
        back: ("All payments".into(), base(&scope)),
    })
}
