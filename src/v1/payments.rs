//! Payments into the account's own wallet (`domain.md` 4.7).

use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{
        Denied, Scope,
        permission::{AddFunds, ViewBilling},
    },
    domain::billing::payments::{self, Payment as Found, PaymentState},
    error::Error,
    paying::Paying,
    values::{Money, PaymentId, PaymentProvider, TransactionId},
};

use super::{
    amount::Amount,
    reply::{Created, List, Paging, Reply},
    request::{Body, Once, Path, Query},
    timestamp::Timestamp,
    wallet::{check_seen, currency_code},
};

/// How a payment is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// By bank transfer: it is credited once it arrived and was confirmed.
    Bank,
    /// On the pages of Stripe.
    Stripe,
    /// On the pages of Razorpay.
    Razorpay,
}

impl From<PaymentMethod> for PaymentProvider {
    fn from(method: PaymentMethod) -> Self {
        match method {
            PaymentMethod::Bank => Self::Manual,
            PaymentMethod::Stripe => Self::Stripe,
            PaymentMethod::Razorpay => Self::Razorpay,
        }
    }
}

impl From<PaymentProvider> for PaymentMethod {
    fn from(provider: PaymentProvider) -> Self {
        match provider {
            PaymentProvider::Manual => Self::Bank,
            PaymentProvider::Stripe => Self::Stripe,
            PaymentProvider::Razorpay => Self::Razorpay,
        }
    }
}

/// A payment into the wallet.
#[derive(Debug, Serialize, ToSchema)]
pub struct Payment {
    /// Its id, which is also the reference of a bank transfer.
    pub payment_id: PaymentId,
    /// How far it is.
    pub status: PaymentState,
    /// How it is paid.
    pub method: PaymentMethod,
    /// How much it is.
    pub amount: Amount,
    /// Its currency, by ISO 4217.
    #[schema(example = "INR")]
    pub currency: String,
    /// The provider's page on which it is paid, while it can be; null for a bank transfer.
    pub pay_at: Option<String>,
    /// Why what came is not in the wallet; null for almost all. A person looks at it: it is not lost.
    pub held_back: Option<String>,
    /// The wallet's transaction, once it is paid.
    pub transaction_id: Option<TransactionId>,
    /// What was given back of it.
    pub refunded: Amount,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

impl From<Found> for Payment {
    fn from(found: Found) -> Self {
        let amount = found.amount();
        let can_be_paid = found.state == PaymentState::Waiting && found.problem.is_none();
        Self {
            payment_id: found.id,
            status: found.state,
            method: found.provider.into(),
            amount: Amount::from(&amount),
            pay_at: found.provider_url.filter(|_| can_be_paid),
            held_back: found.problem,
            transaction_id: found.transaction,
            refunded: Amount::from(&Money::new(found.refunded_minor, &amount.currency)),
            created_at: found.created_at.into(),
            expires_at: found.expires_at.into(),
            currency: amount.currency,
        }
    }
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaymentsQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; `page` is then not looked at.
    #[param(pattern = "^pay_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<String>,
}

/// Lists payments
///
/// Those into the account's own wallet, the latest first, whatever became of them.
#[utoipa::path(get, path = "/payments", tag = "Wallets", operation_id = "listPayments", params(PaymentsQuery),
    responses((status = 200, description = "A page of payments.", body = List<Payment>)))]
pub async fn list(
    scope: Scope<ViewBilling>,
    query: Query<PaymentsQuery>,
) -> Result<Reply<List<Payment>>, Denied> {
    check_seen(&scope)?;
    let PaymentsQuery { page, limit, cursor } = query.0;
    let paging = Paging::of(page, limit, cursor)?;
    let after = paging.cursor.as_ref().map(|text| text.parse::<PaymentId>());
    let after = after.transpose().map_err(|_| Error::invalid("cursor", "It is not one that was given."))?;
    let (skip, limit) = (paging.skip(), paging.limit);
    let (mut rows, total) =
        scope.read(move |tx| Ok((payments::list(tx, after, skip, limit + 1)?, payments::count(tx)?))).await?;
    let asked = usize::try_from(limit).map_err(Error::internal)?;
    let has_more = rows.len() > asked;
    rows.truncate(asked);
    let next = rows.last().filter(|_| has_more).map(|last| last.id.to_string());
    Ok(Reply(List::new(rows.into_iter().map(Payment::from).collect(), &paging, total, next)))
}

/// The payment in the address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PaymentPlace {
    /// A payment.
    #[param(value_type = String, example = "pay_01h455vb4pex5vsknk084sn02q")]
    pub payment_id: PaymentId,
}

/// Shows a payment
///
/// What became of it is here as soon as its provider tells of it; `wallet.recharged` says so to
/// webhooks when the money is in the wallet.
#[utoipa::path(get, path = "/payments/{payment_id}", tag = "Wallets", operation_id = "getPayment", params(PaymentPlace),
    responses((status = 200, description = "The payment.", body = Payment)))]
pub async fn show(scope: Scope<ViewBilling>, place: Path<PaymentPlace>) -> Result<Reply<Payment>, Denied> {
    check_seen(&scope)?;
    let id = place.0.payment_id;
    Ok(Reply(scope.read(move |tx| payments::find(tx, id)).await?.into()))
}

/// A payment to be begun.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayment {
    /// How much, in decimal major units: 5000 is five thousand rupees.
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 5000)]
    amount: Amount,
    /// The currency of the account's wallet, by ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "INR")]
    currency: String,
    /// How it is to be paid.
    method: PaymentMethod,
}

/// A payment that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedPayment {
    /// Its id, which is also the reference of a bank transfer.
    pub payment_id: PaymentId,
    /// How it is paid.
    pub method: PaymentMethod,
    /// How much it is.
    pub amount: Amount,
    /// Its currency.
    #[schema(example = "INR")]
    pub currency: String,
    /// The provider's page on which it is paid: send whoever pays there. Null for a bank transfer.
    pub pay_at: Option<String>,
    /// Where to transfer it, in lines for people; null where it is paid on a provider's page.
    pub bank_details: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

/// Begins a payment into the account's own wallet
///
/// Nothing is charged by this: whoever pays goes on at `pay_at`, or transfers the money with the
/// payment's id as its reference. A sub-account that its organization pays for has a frozen wallet, 409
/// `wallet_frozen`; a way to pay that is not set up here is 409 `method_not_offered`; and so many may be
/// under way at once, 409 `too_many_payments`. Where the provider does not answer, it is 503
/// `provider_unavailable`: send the request again under the same `Idempotency-Key`, which begins one
/// payment. Only the account's own keys pay into its wallet, and no test key does.
#[utoipa::path(post, path = "/payments", tag = "Wallets", operation_id = "createPayment",
    request_body(content = CreatePayment, example = json!({ "amount": 5000, "currency": "INR", "method": "bank" })),
    responses((status = 201, description = "It is begun, and can be paid.", body = CreatedPayment)))]
pub async fn create(
    scope: Scope<AddFunds>,
    paying: web::Data<Paying>,
    once: Once,
    body: Body<CreatePayment>,
) -> Result<Created<CreatedPayment>, Denied> {
    let asked = body.into_inner();
    currency_code(&asked.currency)?;
    let amount = Money::new(asked.amount.above_zero("amount", &asked.currency)?, asked.currency.clone());
    let provider = PaymentProvider::from(asked.method);
    let is_offered = paying.providers().offered().contains(&provider);
    let id = scope
        .write(move |tx| {
            once.perform(tx, "payments.begin", &asked, |tx| {
                let begun = payments::begin(tx, provider, &amount)?;
                // Told last: whoever may not pay at all need not know what is set up.
                if is_offered { Ok(begun) } else { Err(not_offered()) }
            })
        })
        .await?;
    let payment = paying.open(&scope, id).await?;
    if payment.state == PaymentState::Created {
        return Err(unavailable().into());
    }
    let (amount, is_transfer) = (payment.amount(), payment.provider == PaymentProvider::Manual);
    let bank_details = paying.providers().bank_details().filter(|_| is_transfer).map(str::to_owned);
    Ok(Created(CreatedPayment {
        payment_id: id,
        method: payment.provider.into(),
        amount: Amount::from(&amount),
        currency: amount.currency,
        pay_at: payment.provider_url,
        bank_details,
        created_at: payment.created_at.into(),
        expires_at: payment.expires_at.into(),
    }))
}

fn not_offered() -> Error {
    let message = "This way to pay is not set up here.".to_owned();
    Error::Conflict { code: "method_not_offered", message }
}

fn unavailable() -> Error {
    let message =
        "The provider cannot be asked now. Nothing was charged; send the request again under the same \
                   Idempotency-Key."
            .to_owned();
    Error::Conflict { code: "provider_unavailable", message }
}
