//! Those who take money for wallets: one seam, with a bank transfer and two providers over HTTP
//! behind it (`domain.md` 4.7, `trust.md` R10).
//!
//! Nothing here knows the database, and nothing that holds a transaction open calls it.

mod razorpay;
mod signatures;
mod stripe;

use std::{fmt, time::Duration};

use actix_web::http::header::HeaderMap;
use reqwest::{Client, Response, redirect};
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use url::Url;

use crate::{
    error::Error,
    values::{Money, PaymentEvent, PaymentId, PaymentProvider, Secret, SeenPayment},
};

use razorpay::Razorpay;
use stripe::Stripe;

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Where Stripe is, and what it knows this product by.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// Its API, without a slash at the end.
    pub url: Url,
    /// The key that asks.
    pub secret_key: Secret,
    /// What signs its webhooks.
    pub webhook_secret: Secret,
}

/// Where Razorpay is, and what it knows this product by.
#[derive(Debug, Clone)]
pub struct RazorpaySettings {
    /// Its API, without a slash at the end.
    pub url: Url,
    /// The public half of the key that asks.
    pub key_id: String,
    /// The secret half.
    pub key_secret: Secret,
    /// What signs its webhooks.
    pub webhook_secret: Secret,
}

/// By whom wallets can be paid into; what is not set up is not offered.
#[derive(Debug, Clone, Default)]
pub struct PaymentSettings {
    /// Stripe.
    pub stripe: Option<StripeSettings>,
    /// Razorpay.
    pub razorpay: Option<RazorpaySettings>,
    /// Where a bank transfer goes, in lines for people.
    pub bank_details: Option<String>,
}

/// A payment that is asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Which: providers are told it, and tell it back.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// Until when it can be paid.
    pub expires_at: OffsetDateTime,
    /// Where whoever paid, or gave up, is led.
    pub return_url: String,
}

/// Where a payment is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What the provider calls it.
    pub id: String,
    /// The provider's page.
    pub url: String,
}

/// Why what came as an event is not listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// This provider is not set up.
    NotOffered,
    /// The signature is missing, wrong, or too old.
    Unsigned,
    /// It is signed and cannot be read.
    Unreadable,
}

/// The providers that are set up.
pub struct Providers {
    stripe: Option<Stripe>,
    razorpay: Option<Razorpay>,
    bank_details: Option<String>,
}

impl Providers {
    /// Those of `settings`.
    ///
    /// # Errors
    /// When the system's trust in certificates cannot be read.
    pub fn new(settings: &PaymentSettings) -> Result<Self, Error> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .referer(false)
            .build()
            .map_err(Error::internal)?;
        let PaymentSettings { stripe, razorpay, bank_details } = settings.clone();
        Ok(Self {
            stripe: stripe.map(|settings| Stripe { client: client.clone(), settings }),
            razorpay: razorpay.map(|settings| Razorpay { client, settings }),
            bank_details,
        })
    }

    /// By whom a wallet can be paid into.
    pub fn offered(&self) -> Vec<PaymentProvider> {
        let is_set_up = |provider: &PaymentProvider| match provider {
            PaymentProvider::Manual => self.bank_details.is_some(),
            PaymentProvider::Stripe => self.stripe.is_some(),
            PaymentProvider::Razorpay => self.razorpay.is_some(),
        };
        PaymentProvider::ALL.iter().copied().filter(is_set_up).collect()
    }

    /// Where a bank transfer goes.
    pub fn bank_details(&self) -> Option<&str> {
        self.bank_details.as_deref()
    }

    /// Asks the provider to take a payment. Asked again for the same payment, it answers the same.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be asked or refuses; [`Error::NotFound`] when it is not set up.
    pub async fn open(&self, provider: PaymentProvider, wish: &Wish) -> Result<Opened, Error> {
        let opened = match provider {
            PaymentProvider::Manual => Err(Error::NotFound),
            PaymentProvider::Stripe => self.stripe.as_ref().ok_or(Error::NotFound)?.open(wish).await,
            PaymentProvider::Razorpay => self.razorpay.as_ref().ok_or(Error::NotFound)?.open(wish).await,
        }?;
        match Url::parse(&opened.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(opened),
            _ => Err(Error::internal(format!("{provider} answered with no address to pay at"))),
        }
    }

    /// How a payment stands with its provider now.
    ///
    /// # Errors
    /// Those of [`Providers::open`].
    pub async fn look(&self, provider: PaymentProvider, id: &str) -> Result<SeenPayment, Error> {
        match provider {
            PaymentProvider::Manual => Err(Error::NotFound),
            PaymentProvider::Stripe => self.stripe.as_ref().ok_or(Error::NotFound)?.look(id).await,
            PaymentProvider::Razorpay => self.razorpay.as_ref().ok_or(Error::NotFound)?.look(id).await,
        }
    }

    /// What a webhook of `provider` tells, once its signature is known to be right; nothing when it
    /// is about none of our payments.
    ///
    /// # Errors
    /// Why it is not listened to.
    pub fn event(
        &self,
        provider: PaymentProvider,
        headers: &HeaderMap,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Option<PaymentEvent>, Refused> {
        match provider {
            PaymentProvider::Manual => Err(Refused::NotOffered),
            PaymentProvider::Stripe => {
                self.stripe.as_ref().ok_or(Refused::NotOffered)?.event(headers, body, now)
            }
            PaymentProvider::Razorpay => {
                self.razorpay.as_ref().ok_or(Refused::NotOffered)?.event(headers, body)
            }
        }
    }
}

/// A failure of the wire, without the address it went to.
fn unreachable(error: reqwest::Error) -> Error {
    Error::internal(error.without_url())
}

/// Reads an answer of a provider; of one that refuses only its status is told, because its words
/// may hold what was sent.
async fn read<T: DeserializeOwned>(who: &str, mut answer: Response) -> Result<T, Error> {
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Error::internal(format!("{who} answered too much")));
        }
        body.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        return Err(Error::internal(format!("{who} answered {status}")));
    }
    serde_json::from_slice(&body).map_err(|error| unreadable(who, &error))
}

fn unreadable(who: &str, error: &impl fmt::Display) -> Error {
    Error::internal(format!("the answer of {who} cannot be read: {error}"))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
