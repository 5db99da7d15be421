//! What payment providers tell by webhooks (`trust.md` R10): public addresses without a session,
//! where nothing is believed but a signature over the bytes that came. What a payment came to is
//! then read back from its provider.

use actix_web::{HttpRequest, HttpResponse, web};
use time::OffsetDateTime;

use crate::{
    access::{Access, Scope, permission::AddFunds},
    domain::billing::payments::{self, settle},
    error::Error,
    payment_providers::{Providers, Refused},
    values::{PaymentEvent, PaymentProvider},
};

/// `POST /payments/stripe`
pub async fn stripe(
    access: web::Data<Access>,
    providers: web::Data<Providers>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    told(access, providers, PaymentProvider::Stripe, request, body).await
}

/// `POST /payments/razorpay`
pub async fn razorpay(
    access: web::Data<Access>,
    providers: web::Data<Providers>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    told(access, providers, PaymentProvider::Razorpay, request, body).await
}

async fn told(
    access: web::Data<Access>,
    providers: web::Data<Providers>,
    provider: PaymentProvider,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let plain = |mut answer: actix_web::HttpResponseBuilder, text: &'static str| {
        answer.content_type("text/plain; charset=utf-8").body(text)
    };
    match providers.event(provider, request.headers(), &body, OffsetDateTime::now_utc()) {
        Err(Refused::NotOffered) => plain(HttpResponse::NotFound(), "not found"),
        Err(Refused::Unsigned) => {
            tracing::warn!(%provider, "a webhook of a payment provider is not signed as it must be");
            plain(HttpResponse::BadRequest(), "the signature is missing, wrong or too old")
        }
        Err(Refused::Unreadable) => plain(HttpResponse::BadRequest(), "the event cannot be read"),
        // Of what is not ours there is nothing to say, and no reason to be told again.
        Ok(None) => plain(HttpResponse::Ok(), "ignored"),
        Ok(Some(event)) => match keep(&access, &providers, provider, event).await {
            Ok(()) => plain(HttpResponse::Ok(), "received"),
            Err(error) => {
                tracing::warn!(%provider, %error, "an event of a payment provider is to be told again");
                plain(HttpResponse::ServiceUnavailable(), "not now, tell it again")
            }
        },
    }
}

async fn keep(
    access: &web::Data<Access>,
    providers: &Providers,
    provider: PaymentProvider,
    event: PaymentEvent,
) -> Result<(), Error> {
    let (access, id) = (access.clone().into_inner(), event.payment);
    let whose = access.gate_of_payment(id, move |tx| payments::whose(tx, id)).await?;
    let Some(whose) = whose.filter(|whose| whose.provider == provider) else { return Ok(()) };
    // An event that comes before its own payment has an address is told again.
    let provider_id = whose.provider_id.ok_or(Error::Busy)?;
    let seen = providers.look(provider, &provider_id).await?;
    let scope: Scope<AddFunds> = access.scope_anywhere("payments", whose.organization, whose.account)?;
    scope.write(move |tx| settle::settle(tx, id, Some(&event), &seen)).await?;
    Ok(())
}
