//! Tells people about their wallets (`domain.md` 4.7).

use std::sync::Arc;

use crate::{
    access::{
        Access, Scope,
        permission::{PushFunds, ViewBilling},
    },
    domain::{
        billing::{
            alerts,
            letters::{self, Content, Due, Letter as News},
        },
        sub_accounts::auto_recharge,
    },
    error::Error,
    values::{AccountId, Money, OrganizationId, SubAccountId},
};

use super::{
    mail::{Letter, Mailer},
    resting::Resting,
};

fn scope(
    access: &Arc<Access>,
    organization: OrganizationId,
    account: AccountId,
) -> Result<Scope<ViewBilling>, Error> {
    access.scope_anywhere("wallets", organization, account)
}

/// Tells of one wallet that runs low; tells whether there was one.
pub async fn tell_one(access: &Arc<Access>, resting: &Resting) -> Result<bool, Error> {
    let rests = resting.now();
    let Some((organization, account)) = access.gate(None, move |tx| alerts::due(tx, &rests)).await? else {
        return Ok(false);
    };
    let told = async { scope(access, organization, account)?.write(alerts::tell).await };
    resting.after("telling of a low wallet", account.uuid(), told.await);
    Ok(true)
}

/// Recharges one sub-account whose wallet waits for it; tells whether there was one.
pub async fn recharge_one(access: &Arc<Access>, resting: &Resting) -> Result<bool, Error> {
    let rests = resting.now();
    let Some((organization, id)) = access.gate(None, move |tx| auto_recharge::due(tx, &rests)).await? else {
        return Ok(false);
    };
    resting.after("auto-recharge", id.uuid(), recharge(access, organization, id).await);
    Ok(true)
}

async fn recharge(access: &Arc<Access>, organization: OrganizationId, id: SubAccountId) -> Result<(), Error> {
    let scope: Scope<PushFunds> =
        access.scope_anywhere("auto-recharge", organization, organization.into())?;
    match scope.write(move |tx| auto_recharge::perform(tx, id)).await {
        Err(Error::Unpaid { .. }) => scope.write(move |tx| auto_recharge::fall_short(tx, id)).await,
        done => done,
    }
}

/// Sends one letter that waits; tells whether there was one. Its link leads to `public_url`.
pub async fn send_one(
    access: &Arc<Access>,
    resting: &Resting,
    mailer: &Mailer,
    public_url: &str,
) -> Result<bool, Error> {
    let rests = resting.now();
    let Some(due) = access.gate(None, move |tx| letters::due(tx, &rests)).await? else { return Ok(false) };
    resting.after("a letter about a wallet", due.letter, send(access, due, mailer, public_url).await);
    Ok(true)
}

async fn send(access: &Arc<Access>, due: Due, mailer: &Mailer, public_url: &str) -> Result<(), Error> {
    let scope = scope(access, due.organization, due.account)?;
    let Some(news) = scope.write(move |tx| letters::claim(tx, due)).await? else { return Ok(()) };
    match mailer.send(letter(&news, public_url)).await {
        Ok(()) => scope.write(move |tx| letters::settle(tx, &news)).await,
        Err(error) => {
            let given_up = scope.write(move |tx| letters::postpone(tx, &news)).await?;
            tracing::warn!(%error, given_up, "a letter about a wallet could not be sent");
            Ok(())
        }
    }
}

fn letter(news: &News, public_url: &str) -> Letter {
    let News { to, account_name, brand, account, content, .. } = news;
    let written = |minor: &i64, currency: &String| Money::new(*minor, currency.clone()).text();
    let (subject, text) = match content {
        Content::LowBalance { balance_minor, threshold_minor, currency } => (
            format!("The wallet of {account_name} runs low"),
            format!(
                "The prepaid wallet of {account_name} holds {}, which is below the {} that you want to be \
                 told of.\nWhen it is empty, calls end and new ones are refused.\n\nThe wallet:\n\n\
                 {public_url}/accounts/{account}/billing\n",
                written(balance_minor, currency),
                written(threshold_minor, currency),
            ),
        ),
        Content::AutoRechargeStopped { sub_account, reason, amount_minor, currency } => (
            format!("{sub_account} could not be recharged"),
            format!(
                "The wallet of {sub_account} is below the balance at which you recharge it by {}, and that \
                 was not done: {reason}\nIt is tried again later.\n\nYour wallet:\n\n\
                 {public_url}/accounts/{account}/billing\n",
                written(amount_minor, currency),
            ),
        ),
    };
    let text = format!("Hello {},\n\n{text}", to.0);
    Letter { to: to.clone(), from: brand.clone(), subject, text, file: None }
}
