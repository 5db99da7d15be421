//! Razorpay: a Payment Link for each payment, and its webhooks.

use actix_web::http::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    error::Error,
    values::{PaymentEvent, PaymentId, PaymentOutcome, SeenPayment},
};

use super::{Opened, RazorpaySettings, Refused, Wish, header, read, signatures::is_signed, unreachable};

const WHO: &str = "Razorpay";

pub(super) struct Razorpay {
    pub client: Client,
    pub settings: RazorpaySettings,
}

#[derive(Deserialize)]
struct Link {
    id: String,
    short_url: String,
    status: String,
    amount_paid: i64,
    currency: String,
    #[serde(default)]
    payments: Option<Vec<Paid>>,
}

#[derive(Deserialize)]
struct Paid {
    payment_id: String,
}

#[derive(Deserialize)]
struct Links {
    payment_links: Vec<Link>,
}

#[derive(Deserialize)]
struct Event {
    event: String,
    payload: Value,
}

impl Razorpay {
    fn asking(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.settings.key_id, Some(self.settings.key_secret.reveal()))
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.settings.url.as_str().trim_end_matches('/'))
    }

    pub(super) async fn open(&self, wish: &Wish) -> Result<Opened, Error> {
        let payment = wish.payment.to_string();
        let body = json!({
            "amount": wish.amount.minor,
            "currency": wish.amount.currency,
            "accept_partial": false,
            "reference_id": payment,
            "description": "Wallet recharge",
            "expire_by": wish.expires_at.unix_timestamp(),
            "reminder_enable": false,
            "notes": { "payment_id": payment },
            "callback_url": wish.return_url,
            "callback_method": "get",
        });
        let request = self.asking(self.client.post(self.address("/v1/payment_links"))).json(&body);
        let answer = request.send().await.map_err(unreachable)?;
        let link: Link = if answer.status().as_u16() == 400 {
            // There is one link for a reference: an answer that was lost left it there.
            self.made_before(&payment).await?
        } else {
            read(WHO, answer).await?
        };
        Ok(Opened { id: link.id, url: link.short_url })
    }

    async fn made_before(&self, reference: &str) -> Result<Link, Error> {
        let path = format!("/v1/payment_links?reference_id={reference}");
        let answer = self.asking(self.client.get(self.address(&path))).send().await.map_err(unreachable)?;
        let links: Links = read(WHO, answer).await?;
        links
            .payment_links
            .into_iter()
            .next()
            .ok_or_else(|| Error::internal("Razorpay refused to make a payment link"))
    }

    pub(super) async fn look(&self, id: &str) -> Result<SeenPayment, Error> {
        let request = self.asking(self.client.get(self.address(&format!("/v1/payment_links/{id}"))));
        let link: Link = read(WHO, request.send().await.map_err(unreachable)?).await?;
        let outcome = match link.status.as_str() {
            "paid" => PaymentOutcome::Paid,
            "expired" => PaymentOutcome::Expired,
            "cancelled" => PaymentOutcome::Failed,
            _ => PaymentOutcome::Open,
        };
        Ok(SeenPayment {
            outcome,
            amount_minor: link.amount_paid,
            currency: link.currency,
            paid_by: link.payments.unwrap_or_default().into_iter().next().map(|paid| paid.payment_id),
        })
    }

    pub(super) fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<Option<PaymentEvent>, Refused> {
        let signature = header(headers, "x-razorpay-signature").ok_or(Refused::Unsigned)?;
        if !is_signed(self.settings.webhook_secret.reveal(), &[body], signature) {
            return Err(Refused::Unsigned);
        }
        let event: Event = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
        let id = header(headers, "x-razorpay-event-id").filter(|id| (1..=255).contains(&id.len()));
        let named = ["/payment_link/entity/reference_id", "/payment/entity/notes/payment_id"]
            .into_iter()
            .find_map(|place| event.payload.pointer(place)?.as_str()?.parse::<PaymentId>().ok());
        match (named, id) {
            (None, _) => Ok(None),
            (Some(_), None) => Err(Refused::Unreadable),
            (Some(payment), Some(id)) => {
                Ok(Some(PaymentEvent { id: id.to_owned(), kind: event.event, payment }))
            }
        }
    }
}
