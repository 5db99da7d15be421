//! Issuing the invoice of an account for one month.

use std::collections::HashMap;

use diesel::{
    dsl::{exists, select},
    prelude::*,
};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    access::{
        Change, Event, Notice, PRODUCT_NAME, Tx,
        permission::{Includes, ManageSubAccounts},
    },
    domain::brands,
    error::Error,
    schema::control::{
        charges, invoice_letters, invoice_recipients, invoices, ledger_accounts, organizations, sub_accounts,
    },
    values::{AccountId, EventKind, InvoiceId, LogoId, Money, SubAccountId, SubAccountStatus, indian_day},
};

use super::{
    Document, Kind, Line, Month, Party, Platform,
    details::{self, Part},
    gst,
    lines::{self, Sum},
    numbers,
};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was issued.
    Issued(InvoiceId),
    /// It was issued before.
    Before,
    /// Nothing was charged.
    Nothing,
    /// The month is not over, or charges of it are still to be posted.
    Early,
    /// The organization has yet to say who it is by law.
    NoIssuer,
}

/// Runs `work` on the rows of an account of the organization.
pub(super) fn at<P: Includes<ManageSubAccounts>, T>(
    tx: &mut Tx<'_, P>,
    account: AccountId,
    work: impl FnOnce(&mut Tx<'_, P>) -> Result<T, Error>,
) -> Result<T, Error> {
    match account {
        AccountId::Organization(_) => work(tx),
        AccountId::SubAccount(id) => tx.within(id, work),
    }
}

/// Whom an invoice is made out to, and whether the account is still there.
struct Recipient {
    party: Party,
    is_there: bool,
}

/// What an account of the organization is called; `None` once it was deleted.
pub(super) fn name_of<P: Includes<ManageSubAccounts>>(
    tx: &mut Tx<'_, P>,
    account: AccountId,
) -> Result<Option<String>, Error> {
    let organization = tx.organization();
    Ok(match account {
        AccountId::Organization(id) => {
            organizations::table.find(id).select(organizations::name).first(tx.connection()).optional()?
        }
        AccountId::SubAccount(id) => sub_accounts::table
            .find((organization, id))
            .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
            .select(sub_accounts::name)
            .first(tx.connection())
            .optional()?,
    })
}

fn recipient(tx: &mut Tx<'_, ManageSubAccounts>, account: AccountId) -> Result<Recipient, Error> {
    // Of one that was deleted nothing is left but its id.
    let Some(name) = name_of(tx, account)? else {
        return Ok(Recipient { party: Party::named(account.to_string()), is_there: false });
    };
    let details = at(tx, account, |tx| details::of(tx, Part::Recipient))?;
    let party = match details {
        Some(details) => Party::of(name, details),
        None => Party::named(name),
    };
    Ok(Recipient { party, is_there: true })
}

/// Who issues the invoices of an account, and under which logo. `None`: its organization has yet to
/// say.
fn supplier(
    tx: &mut Tx<'_, ManageSubAccounts>,
    account: AccountId,
    platform: &Platform,
) -> Result<Option<(Party, Option<LogoId>)>, Error> {
    if matches!(account, AccountId::Organization(_)) {
        return Ok(Some((platform.party(), None)));
    }
    let Some(details) = details::of(tx, Part::Issuer)? else { return Ok(None) };
    let (name, logo) = match brands::to_print(tx)? {
        Some(brand) => (brand.product_name, brand.logo),
        None => (PRODUCT_NAME.to_owned(), None),
    };
    Ok(Some((Party::of(name, details), logo)))
}

/// Issues the invoice of `account` for `month`, unless that was done: at most one is ever kept.
/// Where nothing was charged there is none; nor where corrections outweigh what was.
///
/// # Errors
/// Those of the database.
pub fn issue(
    tx: &mut Tx<'_, ManageSubAccounts>,
    account: AccountId,
    month: Month,
    platform: &Platform,
    now: OffsetDateTime,
) -> Result<Change<Outcome>, Error> {
    if !is_complete(tx, account, month, now)? {
        return Ok(Change::none(Outcome::Early));
    }
    // Whoever issues for this account at the same time waits here, and sees then what was done.
    let currency = at(tx, account, lock_wallet)?;
    if at(tx, account, |tx| was_issued(tx, month))? {
        return Ok(Change::none(Outcome::Before));
    }
    let sums = at(tx, account, |tx| lines::of_month(tx, month))?;
    let total: i64 = sums.iter().map(|sum| -sum.amount).sum();
    if total <= 0 {
        return Ok(Change::none(Outcome::Nothing));
    }
    let Some((supplier, logo)) = supplier(tx, account, platform)? else {
        return Ok(Change::none(Outcome::NoIssuer));
    };
    let Recipient { party, is_there } = recipient(tx, account)?;
    let issued_on = indian_day(now);
    let lines = lines_of(tx, account, &sums)?;
    let of_platform = matches!(account, AccountId::Organization(_));
    let issuer = numbers::issuer(of_platform, tx.organization().uuid());
    // Where the address is not on record, the place of supply is the supplier's (section 12(2)
    // of the IGST Act).
    let place_of_supply = if party.state.is_empty() { supplier.state.clone() } else { party.state.clone() };
    let rate = if supplier.gstin.is_some() { gst::rate(issued_on) } else { 0 };
    let (number, financial_year) = numbers::next(tx, issuer, Kind::Invoice, issued_on)?;
    let mut document = Document {
        kind: Kind::Invoice,
        number,
        issued_on,
        month: month.first_day(),
        split: gst::split(total, rate, place_of_supply == supplier.state),
        place_of_supply,
        supplier,
        logo,
        sac: gst::SAC.to_owned(),
        currency,
        rate,
        lines,
        total,
        credited: None,
    };
    share_out(&mut document)?;
    let id = InvoiceId::at(now);
    at(tx, account, |tx| {
        keep(
            tx,
            id,
            &New { document: &document, recipient: &party, credits: None, issuer, financial_year, now },
        )?;
        if is_there { ask_to_send(tx, id) } else { Ok(()) }
    })?;
    Ok(told(Outcome::Issued(id), tx, account, id, &document, is_there))
}

/// Shares the taxable value out over the lines.
pub(super) fn share_out(document: &mut Document) -> Result<(), Error> {
    let amounts: Vec<_> = document.lines.iter().map(|line| line.amount).collect();
    let shares = gst::share_out(document.split.taxable, &amounts)
        .ok_or_else(|| Error::internal("the lines of an invoice sum to nothing"))?;
    for (line, share) in document.lines.iter_mut().zip(shares) {
        line.taxable = share;
    }
    Ok(())
}

/// Whether the month is over and nothing of it is still to be posted.
fn is_complete(
    tx: &mut Tx<'_, ManageSubAccounts>,
    account: AccountId,
    month: Month,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    if now < month.ends() {
        return Ok(false);
    }
    if matches!(account, AccountId::SubAccount(_)) {
        // Its own calls are posted as they end.
        return Ok(true);
    }
    let waiting = charges::table.filter(charges::occurred_at.lt(month.ends()));
    Ok(!select(exists(waiting)).get_result::<bool>(tx.connection())?)
}

/// Locks the wallet's row; gives its currency.
fn lock_wallet(tx: &mut Tx<'_, ManageSubAccounts>) -> Result<String, Error> {
    Ok(ledger_accounts::table
        .find((tx.organization(), tx.tenant().uuid(), "wallet"))
        .select(ledger_accounts::currency)
        .for_no_key_update()
        .first(tx.connection())?)
}

fn was_issued(tx: &mut Tx<'_, ManageSubAccounts>, month: Month) -> Result<bool, Error> {
    let issued = invoices::table
        .filter(invoices::organization_id.eq(tx.organization()))
        .filter(invoices::account_id.eq(tx.tenant().uuid()))
        .filter(invoices::month.eq(month.first_day()))
        .filter(invoices::kind.eq(Kind::Invoice));
    Ok(select(exists(issued)).get_result(tx.connection())?)
}

/// One line for each kind of use or, on an organization's invoice, for each sub-account too.
fn lines_of(
    tx: &mut Tx<'_, ManageSubAccounts>,
    account: AccountId,
    sums: &[Sum],
) -> Result<Vec<Line>, Error> {
    let ids: Vec<_> = sums.iter().filter_map(Sum::sub_account).collect();
    let organization = tx.organization();
    let names: HashMap<SubAccountId, String> = sub_accounts::table
        .filter(sub_accounts::organization_id.eq(organization))
        .filter(sub_accounts::sub_account_id.eq_any(&ids))
        .select((sub_accounts::sub_account_id, sub_accounts::name))
        .load::<(SubAccountId, String)>(tx.connection())?
        .into_iter()
        .collect();
    let line = |sum: &Sum| {
        let of = sum.sub_account();
        let what = if sum.is_correction { "Corrections of calls" } else { "Calls" };
        let text = match (of.map(|id| (id, names.get(&id))), account) {
            (Some((_, Some(name))), _) => format!("{what}: {name}"),
            // It was deleted since.
            (Some((id, None)), _) => format!("{what}: {id}"),
            (None, AccountId::Organization(_)) => format!("{what} of the organization"),
            (None, AccountId::SubAccount(_)) => what.to_owned(),
        };
        Line {
            text,
            sub_account: of,
            calls: sum.calls,
            minutes: sum.minutes,
            amount: -sum.amount,
            taxable: 0,
            postings: (sum.first, sum.last),
        }
    };
    Ok(sums.iter().map(line).collect())
}

/// What is to be kept.
pub(super) struct New<'a> {
    pub document: &'a Document,
    pub recipient: &'a Party,
    pub credits: Option<InvoiceId>,
    pub issuer: uuid::Uuid,
    pub financial_year: i32,
    pub now: OffsetDateTime,
}

pub(super) fn keep<P: Includes<ManageSubAccounts>>(
    tx: &mut Tx<'_, P>,
    id: InvoiceId,
    new: &New<'_>,
) -> Result<(), Error> {
    let document = new.document;
    diesel::insert_into(invoices::table)
        .values((
            invoices::invoice_id.eq(id),
            invoices::kind.eq(document.kind),
            invoices::issuer_id.eq(new.issuer),
            invoices::financial_year.eq(new.financial_year),
            invoices::number.eq(&document.number),
            invoices::month.eq(document.month),
            invoices::credits.eq(new.credits),
            invoices::issued_on.eq(document.issued_on),
            invoices::issued_at.eq(new.now),
            invoices::currency.eq(&document.currency),
            invoices::taxable_minor.eq(document.split.taxable),
            invoices::cgst_minor.eq(document.split.cgst),
            invoices::sgst_minor.eq(document.split.sgst),
            invoices::igst_minor.eq(document.split.igst),
            invoices::total_minor.eq(document.total),
            invoices::document.eq(serde_json::to_value(document).map_err(Error::internal)?),
        ))
        .execute(tx.connection())?;
    diesel::insert_into(invoice_recipients::table)
        .values((
            invoice_recipients::invoice_id.eq(id),
            invoice_recipients::recipient.eq(serde_json::to_value(new.recipient).map_err(Error::internal)?),
        ))
        .execute(tx.connection())?;
    Ok(())
}

/// Asks for it to be sent by mail.
pub(super) fn ask_to_send<P: Includes<ManageSubAccounts>>(
    tx: &mut Tx<'_, P>,
    id: InvoiceId,
) -> Result<(), Error> {
    diesel::insert_into(invoice_letters::table)
        .values(invoice_letters::invoice_id.eq(id))
        .execute(tx.connection())?;
    Ok(())
}

/// The change that issued it, told to the organization and, where it is still there, to the
/// sub-account.
pub(super) fn told<P: Includes<ManageSubAccounts>, T>(
    value: T,
    tx: &Tx<'_, P>,
    account: AccountId,
    id: InvoiceId,
    document: &Document,
    is_there: bool,
) -> Change<T> {
    let organization = AccountId::from(tx.organization());
    let event = |log| Event {
        account: log,
        action: match document.kind {
            Kind::Invoice => "invoice.issued",
            Kind::CreditNote => "credit_note.issued",
        },
        object: document.number.clone(),
        object_id: id.to_string(),
        details: json!({ "account": account, "total_minor": document.total, "currency": document.currency }),
    };
    let data = json!({
        "invoice_id": id,
        "number": document.number,
        "kind": document.kind,
        "month": document.month.to_string()[..7],
        "total": Money::new(document.total, document.currency.clone()).major(),
        "currency": document.currency,
    });
    let notice = |to, data| Notice::new(to, EventKind::InvoiceIssued, data);
    if account == organization {
        return Change::new(value, event(organization)).publishing(notice(organization, data));
    }
    let mut above = data.clone();
    above["sub_account_id"] = json!(account);
    let beneath = is_there.then(|| event(account));
    let change = Change::told_by(value, event(organization), beneath).publishing(notice(organization, above));
    if is_there { change.publishing(notice(account, data)) } else { change }
}
