//! Reading a wallet's entries: any period with what it opened and closed at (`trust.md` U9).
//!
//! What the entries of a day come to is kept as they are posted: nothing here reads a statement to
//! the end. A day is a day in India.

use std::collections::HashMap;

use diesel::{
    dsl::{max, min, sql, sum},
    prelude::*,
    sql_types::Bool,
};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{
        Tx,
        permission::{Includes, Permission, ViewBilling},
    },
    error::Error,
    schema::{
        control::{allowances, api_keys, ledger_postings, users, wallet_days},
        whole,
    },
    values::{
        CallId, InvoiceId, Money, Part, PaymentId, Slice, SubAccountId, TransactionId, start_of_indian_day,
        words,
    },
};

use super::{
    books::{LedgerAccount, today},
    ledger::EntryKind,
};

words! {
    /// Which way money went.
    Flow {
        /// Into the wallet.
        In = "in" / "Money in",
        /// Out of it.
        Out = "out" / "Money out",
    }
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// The entries of a call.
    Call(CallId),
    /// An entry.
    Transaction(TransactionId),
    /// A whole reference.
    Reference(String),
}

/// Which entries of a wallet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this day on.
    pub from: Option<Date>,
    /// Up to this day and with it.
    pub to: Option<Date>,
    /// Of one kind.
    pub kind: Option<EntryKind>,
    /// Of one direction.
    pub flow: Option<Flow>,
    /// What an organization paid for one of its sub-accounts.
    pub charged_for: Option<SubAccountId>,
    /// What is looked for.
    pub search: Option<Search>,
}

/// One line of the wallet's statement.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Posting {
    /// Its place in the statement, from 1.
    pub sequence: i64,
    /// The entry.
    pub transaction: TransactionId,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// Why.
    pub kind: EntryKind,
    /// The payment's reference; may be empty.
    pub reference: String,
    /// The call that was charged.
    pub call: Option<CallId>,
    /// The consolidated sub-account whose call it was, or to whose wallet a transfer went; `None` for
    /// the account's own.
    pub charged_for: Option<SubAccountId>,
    /// Who did it, a person or a key; `None`: the platform.
    pub actor: Option<Uuid>,
    /// The payment that it keeps.
    pub payment: Option<PaymentId>,
    /// The credit note that it keeps.
    pub invoice: Option<InvoiceId>,
    /// What came in, or with a minus went out, in minor units.
    pub amount_minor: i64,
    /// What was in the wallet after it.
    pub balance_after_minor: i64,
    /// ISO 4217.
    pub currency: String,
}

/// What a period's entries come to, whichever of them are looked at, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// What was in the wallet before the first of them.
    pub opening_minor: i64,
    /// What came in.
    pub in_minor: i64,
    /// What went out.
    pub out_minor: i64,
    /// How many there are, of the filter's kind where it names one.
    pub entries: i64,
    /// The places of the first and the last of them.
    span: Option<(i64, i64)>,
}

impl Sums {
    /// What was in the wallet after the last of them.
    pub fn closing_minor(&self) -> i64 {
        self.opening_minor + self.in_minor - self.out_minor
    }
}

type Summed = (EntryKind, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// What the entries of the filter's period come to.
pub fn sums<P: Includes<ViewBilling>>(tx: &mut Tx<'_, P>, filter: &Filter) -> Result<Sums, Error> {
    let own = wallet_days::table
        .filter(wallet_days::organization_id.eq(tx.organization()))
        .filter(wallet_days::account_id.eq(tx.tenant().uuid()));
    let mut sums = Sums::default();
    if let Some(from) = filter.from {
        let (credits, debits) = own
            .filter(wallet_days::day.lt(from))
            .select((whole(sum(wallet_days::credits_minor)), whole(sum(wallet_days::debits_minor))))
            .first::<(Option<i64>, Option<i64>)>(tx.connection())?;
        sums.opening_minor = credits.unwrap_or(0) - debits.unwrap_or(0);
    }
    let mut period = own
        .group_by(wallet_days::kind)
        .select((
            wallet_days::kind,
            whole(sum(wallet_days::credits_minor)),
            whole(sum(wallet_days::debits_minor)),
            whole(sum(wallet_days::entries)),
            min(wallet_days::first_sequence),
            max(wallet_days::last_sequence),
        ))
        .into_boxed();
    if let Some(from) = filter.from {
        period = period.filter(wallet_days::day.ge(from));
    }
    if let Some(to) = filter.to {
        period = period.filter(wallet_days::day.le(to));
    }
    for (kind, credits, debits, entries, first, last) in period.load::<Summed>(tx.connection())? {
        sums.in_minor += credits.unwrap_or(0);
        sums.out_minor += debits.unwrap_or(0);
        if filter.kind.is_none_or(|wanted| wanted == kind) {
            sums.entries += entries.unwrap_or(0);
            sums.span = match (sums.span, first.zip(last)) {
                (Some((a, b)), Some((first, last))) => Some((a.min(first), b.max(last))),
                (span, other) => span.or(other),
            };
        }
    }
    Ok(sums)
}

/// The wallet's statement, newest first: those entries of the filter's period, whose `sums` are
/// known, that it lets through. `skip` of them are passed over first.
pub fn page<P: Includes<ViewBilling>>(
    tx: &mut Tx<'_, P>,
    filter: &Filter,
    sums: &Sums,
    part: Part<i64>,
    (skip, limit): (i64, u16),
) -> Result<Slice<Posting>, Error> {
    let Some((first, last)) = sums.span else { return Ok(Slice::of(Vec::new(), &part, limit.into())) };
    let mut query = ledger_postings::table
        .filter(ledger_postings::organization_id.eq(tx.organization()))
        .filter(ledger_postings::account_id.eq(tx.tenant().uuid()))
        .filter(ledger_postings::ledger_account.eq(LedgerAccount::Wallet))
        .filter(ledger_postings::sequence.between(first, last))
        .select((
            ledger_postings::sequence,
            ledger_postings::transaction_id,
            ledger_postings::occurred_at,
            ledger_postings::kind,
            ledger_postings::reference,
            ledger_postings::call_id,
            ledger_postings::charged_for,
            ledger_postings::actor_id,
            ledger_postings::payment_id,
            ledger_postings::invoice_id,
            ledger_postings::amount_minor,
            ledger_postings::balance_after_minor,
            ledger_postings::currency,
        ))
        .offset(skip)
        .limit(i64::from(limit) + 1)
        .into_boxed();
    // Entries stand in the order in which they were posted, which is nearly that of their time.
    if let Some(from) = filter.from {
        query = query.filter(ledger_postings::occurred_at.ge(start_of_indian_day(from)));
    }
    if let Some(after) = filter.to.and_then(Date::next_day) {
        query = query.filter(ledger_postings::occurred_at.lt(start_of_indian_day(after)));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(ledger_postings::kind.eq(kind));
    }
    if let Some(id) = filter.charged_for {
        query = query.filter(ledger_postings::charged_for.eq(id));
    }
    match filter.flow {
        Some(Flow::In) => query = query.filter(ledger_postings::amount_minor.gt(0)),
        Some(Flow::Out) => query = query.filter(ledger_postings::amount_minor.lt(0)),
        None => {}
    }
    // Calls only draw.
    if filter.kind.is_some_and(|kind| kind != EntryKind::Call) || filter.flow == Some(Flow::In) {
        query = query.filter(but_calls());
    }
    query = match &filter.search {
        None => query,
        Some(Search::Call(id)) => query.filter(ledger_postings::call_id.eq(*id)),
        Some(Search::Transaction(id)) => query.filter(ledger_postings::transaction_id.eq(*id)),
        Some(Search::Reference(text)) => {
            query.filter(ledger_postings::reference.eq(text.clone())).filter(with_reference())
        }
    };
    query = match part {
        Part::Newest => query.order(ledger_postings::sequence.desc()),
        Part::OlderThan(at) => {
            query.filter(ledger_postings::sequence.lt(at)).order(ledger_postings::sequence.desc())
        }
        Part::NewerThan(at) => {
            query.filter(ledger_postings::sequence.gt(at)).order(ledger_postings::sequence.asc())
        }
    };
    Ok(Slice::of(query.load(tx.connection())?, &part, limit.into()))
}

/// The condition of the index on all entries but calls, word by word: of a bound value the planner
/// does not know that it is the same.
fn but_calls() -> diesel::expression::SqlLiteral<Bool> {
    sql::<Bool>("kind <> 'call'")
}

/// The condition of the index on references; see [`but_calls`].
fn with_reference() -> diesel::expression::SqlLiteral<Bool> {
    sql::<Bool>("reference <> ''")
}

/// The names of those who did things in this account, as far as it knows them: its members and its
/// keys.
pub fn actors<P: Permission>(tx: &mut Tx<'_, P>, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, Error> {
    let mut names: HashMap<Uuid, String> = users::table
        .filter(users::user_id.eq_any(ids))
        .select((users::user_id, users::name))
        .load::<(Uuid, String)>(tx.connection())?
        .into_iter()
        .collect();
    let keys = api_keys::table
        .filter(api_keys::api_key_id.eq_any(ids))
        .select((api_keys::api_key_id, api_keys::name))
        .load::<(Uuid, String)>(tx.connection())?;
    names.extend(keys.into_iter().map(|(id, name)| (id, format!("API key {name}"))));
    Ok(names)
}

/// How many days of calls a forecast looks back on.
const FORECAST_FROM: i64 = 7;

/// For how many days `available` lasts if calls go on as in the last days; `None` where none were paid.
pub fn days_left<P: Includes<ViewBilling>>(
    tx: &mut Tx<'_, P>,
    available: &Money,
) -> Result<Option<i64>, Error> {
    let since = today() - Duration::days(FORECAST_FROM - 1);
    let spent = wallet_days::table
        .filter(wallet_days::organization_id.eq(tx.organization()))
        .filter(wallet_days::account_id.eq(tx.tenant().uuid()))
        .filter(wallet_days::day.ge(since))
        .filter(wallet_days::kind.eq(EntryKind::Call))
        .select(whole(sum(wallet_days::debits_minor)))
        .first::<Option<i64>>(tx.connection())?;
    Ok(lasts(available.minor, spent.unwrap_or(0)))
}

fn lasts(available: i64, spent: i64) -> Option<i64> {
    available.max(0).checked_mul(FORECAST_FROM)?.checked_div(spent)
}

/// What the calls of an organization's consolidated sub-accounts hold of its wallet, in minor units.
pub fn held_beneath<P: Includes<ViewBilling>>(tx: &mut Tx<'_, P>) -> Result<i64, Error> {
    let organization = tx.organization();
    Ok(allowances::table
        .filter(allowances::organization_id.eq(organization))
        .filter(allowances::account_id.ne(organization.uuid()))
        .select(whole(sum(allowances::held_minor)))
        .first::<Option<i64>>(tx.connection())?
        .unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::lasts;

    #[test]
    fn a_balance_lasts_as_long_as_calls_go_on_as_they_did() {
        assert_eq!(lasts(3_000, 7_000), Some(3));
        assert_eq!(lasts(10, 7_000), Some(0));
        assert_eq!(lasts(-10, 7_000), Some(0));
        assert_eq!(lasts(3_000, 0), None);
        assert_eq!(lasts(i64::MAX, 1), None);
    }
}
