//! Issues invoices as their months end, for whoever is due, and sends them by mail (`domain.md` 4.8).

use std::sync::Arc;

use time::OffsetDateTime;

use crate::{
    access::{
        Access, Scope,
        permission::{ManageSubAccounts, ViewBilling},
    },
    domain::billing::invoices::{
        Document, Kind, Month, Platform,
        due::{self, Due},
        issue::{self, Outcome},
        letters::{self, Letter as News},
        list,
    },
    error::Error,
    invoice_file,
    values::{AccountId, Money, OrganizationId},
};

use super::mail::{File, Letter, Mailer};

/// Serves one account that is due; tells whether there was one.
pub async fn issue_some(access: &Arc<Access>, platform: &Arc<Platform>) -> Result<bool, Error> {
    let Some(Due { organization, account }) = access.gate(None, due::claim).await? else { return Ok(false) };
    let scope = scope(access, organization)?;
    let now = OffsetDateTime::now_utc();
    let mut outcomes = Vec::new();
    for month in due::months(now) {
        outcomes.push(issue_one(&scope, account, month, platform).await?);
    }
    scope.write(move |tx| due::finish(tx, account, &outcomes, now)).await?;
    Ok(true)
}

/// The platform's scope in an organization, over all its accounts.
fn scope(access: &Arc<Access>, organization: OrganizationId) -> Result<Scope<ManageSubAccounts>, Error> {
    access.scope_anywhere("invoices", organization, organization.into())
}

/// Issues the invoice of one account for one month, in a transaction of its own.
async fn issue_one(
    scope: &Scope<ManageSubAccounts>,
    account: AccountId,
    month: Month,
    platform: &Arc<Platform>,
) -> Result<Outcome, Error> {
    let platform = platform.clone();
    let now = OffsetDateTime::now_utc();
    scope.write(move |tx| issue::issue(tx, account, month, &platform, now)).await
}

/// Sends one letter that waits; tells whether there was one. Its link leads to `public_url`. What
/// goes wrong with one letter is put off with it, and holds up no other.
pub async fn send_one(access: &Arc<Access>, mailer: &Mailer, public_url: &str) -> Result<bool, Error> {
    let Some(due) = access.gate(None, letters::due).await? else { return Ok(false) };
    let scope: Scope<ViewBilling> = access.scope_anywhere("invoices", due.organization, due.account)?;
    let Some(news) = scope.write(move |tx| letters::claim(tx, due)).await? else { return Ok(true) };
    match send(&scope, due, &news, mailer, public_url).await {
        Ok(()) => scope.write(move |tx| letters::sent(tx, due)).await?,
        Err(error) => {
            let given_up = scope.write(move |tx| letters::postpone(tx, due, &news)).await?;
            tracing::warn!(%error, given_up, "an invoice could not be sent");
        }
    }
    Ok(true)
}

async fn send(
    scope: &Scope<ViewBilling>,
    due: letters::Due,
    news: &News,
    mailer: &Mailer,
    public_url: &str,
) -> Result<(), Error> {
    let issued = scope.read(move |tx| list::find(tx, due.invoice)).await?;
    let link = format!("{public_url}/accounts/{}/invoices/{}", due.account, due.invoice);
    let (subject, text) = words(news, &issued.document, &link);
    let name = invoice_file::name(&issued.document);
    let file = Some(File { name, bytes: invoice_file::pdf(scope, issued).await? });
    mailer.send(Letter { to: news.to.clone(), from: news.brand.clone(), subject, text, file }).await
}

/// The subject and the text of a letter.
fn words(news: &News, document: &Document, link: &str) -> (String, String) {
    let (number, period) = (&document.number, document.period());
    let total = Money::new(document.total, document.currency.clone()).text();
    let wallet = format!("the prepaid wallet of {}", news.account_name);
    let (what, told) = match (document.kind, &document.credited) {
        (Kind::CreditNote, Some(credited)) => (
            "credit note",
            format!(
                "{total}, tax included, of your invoice {} for {period} was paid back into {wallet}, by the \
                 credit note {number}.\nThe reason: {}",
                credited.number, credited.reason,
            ),
        ),
        _ => (
            "invoice",
            format!(
                "here is your invoice {number} for {period}: {total}, tax included.\nIt is paid, from \
                 {wallet}: there is nothing to do."
            ),
        ),
    };
    let hello = match news.to.0.as_str() {
        "" => "Hello".to_owned(),
        name => format!("Hello {name}"),
    };
    let text = format!("{hello},\n\n{told}\n\nIt is attached as a PDF file, and it is here:\n\n{link}\n");
    (format!("{}: {what} {number} for {period}", news.brand), text)
}
