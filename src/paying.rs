//! Asking a provider to take a payment that was begun: what both faces do alike (`domain.md` 4.7).

use std::sync::Arc;

use crate::{
    access::{Scope, permission::AddFunds},
    domain::billing::payments::{self, Payment, PaymentState},
    error::Error,
    payment_providers::{Providers, Wish},
    values::PaymentId,
};

/// Where payments are begun: the providers that are set up, and the address to come back to.
pub struct Paying {
    providers: Arc<Providers>,
    origin: String,
}

impl Paying {
    /// With these providers, for people who reach the product at `origin`.
    pub fn new(providers: Arc<Providers>, origin: &str) -> Self {
        Self { providers, origin: origin.to_owned() }
    }

    /// By whom a wallet can be paid into.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Asks the provider to take a payment that it was not asked for yet, outside of any transaction,
    /// and gives the payment as it stands. Where the provider cannot be asked, that is still
    /// [`PaymentState::Created`], and asking again makes one payment.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the payment is none of the account's.
    pub async fn open(&self, scope: &Scope<AddFunds>, id: PaymentId) -> Result<Payment, Error> {
        let payment = scope.read(move |tx| payments::find(tx, id)).await?;
        if payment.state != PaymentState::Created {
            return Ok(payment);
        }
        let wish = Wish {
            payment: id,
            amount: payment.amount(),
            expires_at: payment.expires_at,
            return_url: format!("{}/accounts/{}/payments/{id}", self.origin, scope.asker().account.id),
        };
        match self.providers.open(payment.provider, &wish).await {
            Ok(opened) => {
                scope.write(move |tx| payments::opened(tx, id, &opened.id, &opened.url)).await?;
                scope.read(move |tx| payments::find(tx, id)).await
            }
            Err(error) => {
                tracing::warn!(payment = %id, %error, "a payment provider could not be asked");
                Ok(payment)
            }
        }
    }
}
