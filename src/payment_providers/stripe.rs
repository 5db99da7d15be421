//! Stripe: a Checkout Session for each payment, by its form-encoded API, and its webhooks.

use actix_web::http::header::HeaderMap;
use reqwest::{
    Client, RequestBuilder,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use url::form_urlencoded;

use crate::{
    error::Error,
    values::{PaymentEvent, PaymentId, PaymentOutcome, SeenPayment},
};

use super::{
    Opened, Refused, StripeSettings, Wish, header, read, signatures::is_signed_with_time, unreachable,
};

const WHO: &str = "Stripe";

pub(super) struct Stripe {
    pub client: Client,
    pub settings: StripeSettings,
}

#[derive(Deserialize)]
struct Session {
    id: String,
    url: Option<String>,
    status: Option<String>,
    payment_status: String,
    amount_total: Option<i64>,
    currency: Option<String>,
    /// Its id, or the whole of it.
    payment_intent: Option<Value>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

impl Stripe {
    fn asking(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.settings.secret_key.reveal())
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.settings.url.as_str().trim_end_matches('/'))
    }

    pub(super) async fn open(&self, wish: &Wish) -> Result<Opened, Error> {
        let payment = wish.payment.to_string();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("mode", "payment")
            .append_pair("client_reference_id", &payment)
            .append_pair("metadata[payment_id]", &payment)
            .append_pair("payment_intent_data[metadata][payment_id]", &payment)
            .append_pair("line_items[0][quantity]", "1")
            .append_pair("line_items[0][price_data][currency]", &wish.amount.currency.to_lowercase())
            .append_pair("line_items[0][price_data][unit_amount]", &wish.amount.minor.to_string())
            .append_pair("line_items[0][price_data][product_data][name]", "Wallet recharge")
            .append_pair("expires_at", &wish.expires_at.unix_timestamp().to_string())
            .append_pair("success_url", &wish.return_url)
            .append_pair("cancel_url", &wish.return_url)
            .finish();
        let request = self
            .asking(self.client.post(self.address("/v1/checkout/sessions")))
            // Asked twice after a lost answer, there is one session.
            .header("Idempotency-Key", payment)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .body(form);
        let session: Session = read(WHO, request.send().await.map_err(unreachable)?).await?;
        Ok(Opened { id: session.id, url: session.url.unwrap_or_default() })
    }

    pub(super) async fn look(&self, id: &str) -> Result<SeenPayment, Error> {
        let request = self.asking(self.client.get(self.address(&format!("/v1/checkout/sessions/{id}"))));
        let session: Session = read(WHO, request.send().await.map_err(unreachable)?).await?;
        let outcome = match (session.payment_status.as_str(), session.status.as_deref()) {
            ("paid", _) => PaymentOutcome::Paid,
            (_, Some("expired")) => PaymentOutcome::Expired,
            _ => PaymentOutcome::Open,
        };
        let paid_by = match session.payment_intent {
            Some(Value::String(id)) => Some(id),
            Some(Value::Object(intent)) => intent.get("id").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        Ok(SeenPayment {
            outcome,
            amount_minor: session.amount_total.unwrap_or_default(),
            currency: session.currency.unwrap_or_default().to_uppercase(),
            paid_by,
        })
    }

    pub(super) fn event(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Option<PaymentEvent>, Refused> {
        let signature = header(headers, "stripe-signature").ok_or(Refused::Unsigned)?;
        if !is_signed_with_time(self.settings.webhook_secret.reveal(), signature, body, now) {
            return Err(Refused::Unsigned);
        }
        let event: Event = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
        let named = event.data.object.pointer("/metadata/payment_id").and_then(Value::as_str);
        Ok(named.and_then(|id| id.parse::<PaymentId>().ok()).map(|payment| PaymentEvent {
            id: event.id,
            kind: event.kind,
            payment,
        }))
    }
}
