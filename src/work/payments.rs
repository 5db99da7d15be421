//! Asks providers what became of payments of which they told nothing: a webhook may be lost.

use std::sync::Arc;

use crate::{
    access::{Access, Scope, permission::AddFunds},
    domain::billing::payments::{self, Whose, settle},
    error::Error,
    payment_providers::Providers,
    values::{PaymentOutcome, SeenPayment},
};

/// Asks about one payment that is due; tells whether there was one. Of what cannot be found out it asks
/// again later: one provider that does not answer holds up no other.
pub async fn ask_one(access: &Arc<Access>, providers: &Providers) -> Result<bool, Error> {
    let Some(whose) = access.gate(None, payments::claim).await? else { return Ok(false) };
    let id = whose.id;
    if let Err(error) = ask(access, providers, whose).await {
        tracing::warn!(payment = %id, %error, "what became of a payment could not be found out");
    }
    Ok(true)
}

async fn ask(access: &Arc<Access>, providers: &Providers, whose: Whose) -> Result<(), Error> {
    let id = whose.id;
    let seen = look(providers, &whose).await?;
    let scope: Scope<AddFunds> = access.scope_anywhere("payments", whose.organization, whose.account)?;
    scope.write(move |tx| settle::settle(tx, id, None, &seen)).await?;
    Ok(())
}

async fn look(providers: &Providers, whose: &Whose) -> Result<SeenPayment, Error> {
    match &whose.provider_id {
        Some(id) => providers.look(whose.provider, id).await,
        // A bank transfer, or a provider that was never asked, is due when its time is over.
        None => Ok(SeenPayment {
            outcome: PaymentOutcome::Expired,
            amount_minor: whose.amount.minor,
            currency: whose.amount.currency.clone(),
            paid_by: None,
        }),
    }
}
