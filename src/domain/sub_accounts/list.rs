//! The parent's list of sub-accounts: searched, filtered, sorted, and paged by key, so
//! that the hundredth page costs what the first does.

use data_encoding::HEXLOWER;
use diesel::{dsl::InnerJoinOn, prelude::*};
use time::OffsetDateTime;

use crate::{
    access::Overview,
    error::Error,
    schema::{
        containing,
        control::{ledger_accounts, organizations, sub_accounts},
    },
    values::{BillingMode, Money, Region, SubAccountId, SubAccountStatus, words},
};

use super::allocation::{self, Allocation};

words! {
    /// What the list can be ordered by.
    Sort {
        /// The name, without regard to case.
        Name = "name" / "Name",
        /// When it was created.
        Created = "created" / "Created",
        /// Calls of the last 30 days.
        Calls = "calls" / "Calls, 30 days",
        /// What is in its wallet.
        Balance = "balance" / "Balance",
        /// Its concurrency limit.
        Limit = "limit" / "Concurrency limit",
    }
}

/// What to list.
#[derive(Debug, Clone)]
pub struct Query {
    /// Part of a name, a whole id, or a whole external id.
    pub search: Option<String>,
    /// Only of this status.
    pub status: Option<SubAccountStatus>,
    /// Only in this region.
    pub region: Option<Region>,
    /// Only of this billing mode.
    pub billing_mode: Option<BillingMode>,
    /// The order.
    pub sort: Sort,
    /// Largest, latest or last first.
    pub descending: bool,
    /// Only the one of this reference.
    pub external_id: Option<String>,
    /// Where the page begins; `None` for the first.
    pub from: Option<Cursor>,
    /// Rows to pass over first: for pages that are asked for by number.
    pub skip: i64,
    /// Rows on a page.
    pub page_size: i64,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            search: None,
            status: None,
            region: None,
            billing_mode: None,
            sort: Sort::Name,
            descending: false,
            external_id: None,
            from: None,
            skip: 0,
            page_size: 25,
        }
    }
}

impl Query {
    /// Whether it leaves anything out.
    pub fn is_filtered(&self) -> bool {
        self.search.is_some()
            || self.status.is_some()
            || self.region.is_some()
            || self.billing_mode.is_some()
            || self.external_id.is_some()
    }
}

/// The value of the sort column in the row a page begins beside.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Number(i64),
    Text(String),
}

/// A place between two rows of a list, as it stands in a page's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    key: Key,
    id: SubAccountId,
    backwards: bool,
}

impl Cursor {
    /// The cursor as a word for a URL: its direction, the value, the id. Any word of this
    /// form is read as a cursor, so that its form alone tells whether it is one.
    pub fn encode(&self) -> String {
        let direction = if self.backwards { 'b' } else { 'f' };
        let key = match &self.key {
            Key::Number(number) => format!("n{number}"),
            Key::Text(text) => format!("t{}", HEXLOWER.encode(text.as_bytes())),
        };
        format!("{direction}{key}.{}", self.id)
    }

    /// The cursor that a URL names; nothing for one that was tampered with, so that such
    /// a link shows the first page.
    pub fn decode(text: &str) -> Option<Self> {
        let (place, id) = text.split_once('.')?;
        let mut place = place.chars();
        let backwards = match place.next()? {
            'f' => false,
            'b' => true,
            _ => return None,
        };
        let kind = place.next()?;
        let value = place.as_str();
        let key = match kind {
            'n' if value.len() <= 18 => Key::Number(value.parse().ok()?),
            't' => {
                let bytes = HEXLOWER.decode(value.as_bytes()).ok().filter(|bytes| !bytes.contains(&0))?;
                Key::Text(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => return None,
        };
        Some(Self { key, id: id.parse().ok()?, backwards })
    }
}

/// One row.
#[derive(Debug, Clone, Queryable)]
pub struct Listed {
    /// Its id.
    pub id: SubAccountId,
    /// Its name.
    pub name: String,
    /// The caller's own reference.
    pub external_id: Option<String>,
    /// How it stands.
    pub status: SubAccountStatus,
    /// Who pays.
    pub billing_mode: BillingMode,
    /// Where its call content lives.
    pub region: Region,
    /// Its concurrency limit.
    pub limit: i32,
    /// Its calls in progress.
    pub in_use: i32,
    /// Calls of the last 30 days.
    pub calls_30d: i64,
    /// Minutes of the last 30 days.
    pub minutes_30d: i64,
    /// When it last had a call.
    pub last_call_at: Option<OffsetDateTime>,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// What is in its wallet, in minor units; frozen while it is consolidated.
    pub balance_minor: i64,
    /// The wallet's currency.
    pub currency: String,
    /// What names are ordered by.
    name_key: String,
}

impl Listed {
    /// What is in its wallet.
    pub fn balance(&self) -> Money {
        Money::new(self.balance_minor, self.currency.clone())
    }

    fn cursor(&self, sort: Sort, backwards: bool) -> Cursor {
        let key = match sort {
            Sort::Name => Key::Text(self.name_key.clone()),
            Sort::Created => Key::Number(microseconds(self.created_at)),
            Sort::Calls => Key::Number(self.calls_30d),
            Sort::Balance => Key::Number(self.balance_minor),
            Sort::Limit => Key::Number(self.limit.into()),
        };
        Cursor { key, id: self.id, backwards }
    }
}

/// The columns of a row, in the order of [`Listed`].
type Columns = (
    sub_accounts::sub_account_id,
    sub_accounts::name,
    sub_accounts::external_id,
    sub_accounts::status,
    sub_accounts::billing_mode,
    sub_accounts::region,
    sub_accounts::concurrency_limit,
    sub_accounts::slots_in_use,
    sub_accounts::calls_30d,
    sub_accounts::minutes_30d,
    sub_accounts::last_call_at,
    sub_accounts::created_at,
    ledger_accounts::balance_minor,
    ledger_accounts::currency,
    sub_accounts::name_key,
);

const COLUMNS: Columns = (
    sub_accounts::sub_account_id,
    sub_accounts::name,
    sub_accounts::external_id,
    sub_accounts::status,
    sub_accounts::billing_mode,
    sub_accounts::region,
    sub_accounts::concurrency_limit,
    sub_accounts::slots_in_use,
    sub_accounts::calls_30d,
    sub_accounts::minutes_30d,
    sub_accounts::last_call_at,
    sub_accounts::created_at,
    ledger_accounts::balance_minor,
    ledger_accounts::currency,
    sub_accounts::name_key,
);

/// A page of the list.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its rows, in order.
    pub rows: Vec<Listed>,
    /// Where the page before begins, if there is one.
    pub previous: Option<Cursor>,
    /// Where the page after begins, if there is one.
    pub next: Option<Cursor>,
}

impl Page {
    /// Those of its rows for which the organization pays.
    pub fn consolidated(&self) -> Vec<SubAccountId> {
        let of = self.rows.iter().filter(|row| row.billing_mode == BillingMode::Consolidated);
        of.map(|row| row.id).collect()
    }
}

fn microseconds(moment: OffsetDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000).unwrap_or(0)
}

fn moment(microseconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

type WithWallet = InnerJoinOn<
    sub_accounts::table,
    ledger_accounts::table,
    diesel::dsl::And<
        diesel::dsl::And<
            diesel::dsl::Eq<ledger_accounts::organization_id, sub_accounts::organization_id>,
            diesel::dsl::Eq<ledger_accounts::account_id, sub_accounts::sub_account_id>,
        >,
        diesel::dsl::Eq<ledger_accounts::ledger_account, &'static str>,
    >,
>;

type Boxed<'q> = diesel::helper_types::IntoBoxed<'q, WithWallet, diesel::pg::Pg>;

/// Every sub-account has a wallet, if an empty or frozen one.
fn with_wallet() -> WithWallet {
    sub_accounts::table.inner_join(
        ledger_accounts::table.on(ledger_accounts::organization_id
            .eq(sub_accounts::organization_id)
            .and(ledger_accounts::account_id.eq(sub_accounts::sub_account_id))
            .and(ledger_accounts::ledger_account.eq("wallet"))),
    )
}

fn filtered<'q>(tx: &Overview<'_>, query: &'q Query) -> Boxed<'q> {
    let mut rows = with_wallet()
        .into_boxed()
        .filter(sub_accounts::organization_id.eq(tx.organization()))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting));
    if let Some(search) = &query.search {
        let named = sub_accounts::name_key.like(containing(&search.to_lowercase()));
        rows = match search.parse::<SubAccountId>() {
            Ok(id) => rows.filter(sub_accounts::sub_account_id.eq(id)),
            Err(_) => rows.filter(named.or(sub_accounts::external_id.is_not_distinct_from(search))),
        };
    }
    if let Some(status) = query.status {
        rows = rows.filter(sub_accounts::status.eq(status));
    }
    if let Some(region) = &query.region {
        rows = rows.filter(sub_accounts::region.eq(region));
    }
    if let Some(external_id) = &query.external_id {
        rows = rows.filter(sub_accounts::external_id.eq(external_id));
    }
    if let Some(billing_mode) = query.billing_mode {
        rows = rows.filter(sub_accounts::billing_mode.eq(billing_mode));
    }
    rows
}

/// Orders by a column and the id, from a cursor on. `<=` beside the tie-break lets the
/// index find the place.
macro_rules! ordered {
    ($rows:expr, $column:expr, $from:expr, $descending:expr) => {{
        let id = sub_accounts::sub_account_id;
        let mut rows = $rows;
        if let Some((key, from)) = $from {
            rows = if $descending {
                rows.filter($column.le(key.clone()).and($column.lt(key).or(id.lt(from))))
            } else {
                rows.filter($column.ge(key.clone()).and($column.gt(key).or(id.gt(from))))
            };
        }
        if $descending {
            rows.order(($column.desc(), id.desc()))
        } else {
            rows.order(($column.asc(), id.asc()))
        }
    }};
}

/// A page of the list.
pub fn page(tx: &mut Overview<'_>, query: &Query) -> Result<Page, Error> {
    let rows = filtered(tx, query);
    let backwards = query.from.as_ref().is_some_and(|cursor| cursor.backwards);
    let descending = query.descending != backwards;
    let number = query.from.as_ref().and_then(|cursor| match cursor.key {
        Key::Number(number) => Some((number, cursor.id)),
        Key::Text(_) => None,
    });
    let text = query.from.as_ref().and_then(|cursor| match &cursor.key {
        Key::Text(text) => Some((text.clone(), cursor.id)),
        Key::Number(_) => None,
    });
    let rows = match query.sort {
        Sort::Name => ordered!(rows, sub_accounts::name_key, text, descending),
        Sort::Created => {
            let from = number.map(|(number, id)| (moment(number), id));
            ordered!(rows, sub_accounts::created_at, from, descending)
        }
        Sort::Calls => ordered!(rows, sub_accounts::calls_30d, number, descending),
        Sort::Balance => ordered!(rows, ledger_accounts::balance_minor, number, descending),
        Sort::Limit => {
            let from = number.map(|(number, id)| (i32::try_from(number).unwrap_or(0), id));
            ordered!(rows, sub_accounts::concurrency_limit, from, descending)
        }
    };
    let mut rows: Vec<Listed> =
        rows.offset(query.skip).limit(query.page_size + 1).select(COLUMNS).load(tx.connection())?;
    let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > query.page_size;
    if more {
        rows.pop();
    }
    if backwards {
        rows.reverse();
    }
    let has_previous = if backwards { more } else { query.from.is_some() };
    let has_next = if backwards { true } else { more };
    Ok(Page {
        previous: rows.first().filter(|_| has_previous).map(|row| row.cursor(query.sort, true)),
        next: rows.last().filter(|_| has_next).map(|row| row.cursor(query.sort, false)),
        rows,
    })
}

/// How many sub-accounts a filter leaves. Those of all are kept beside the organization.
pub fn count(tx: &mut Overview<'_>, query: &Query) -> Result<i64, Error> {
    if !query.is_filtered() {
        let (active, suspended) = organizations::table
            .find(tx.organization())
            .select((organizations::active_sub_accounts, organizations::suspended_sub_accounts))
            .first::<(i32, i32)>(tx.connection())?;
        return Ok(i64::from(active) + i64::from(suspended));
    }
    Ok(filtered(tx, query).count().get_result(tx.connection())?)
}

/// Some sub-accounts by their ids; those that are none of this organization's are left
/// out.
pub fn some(tx: &mut Overview<'_>, ids: &[SubAccountId]) -> Result<Vec<Listed>, Error> {
    let query = Query::default();
    Ok(filtered(tx, &query)
        .filter(sub_accounts::sub_account_id.eq_any(ids))
        .order((sub_accounts::name_key, sub_accounts::sub_account_id))
        .select(COLUMNS)
        .load(tx.connection())?)
}

/// One sub-account.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this organization's.
pub fn find(tx: &mut Overview<'_>, id: SubAccountId) -> Result<Listed, Error> {
    let query = Query { search: Some(id.to_string()), page_size: 1, ..Query::default() };
    page(tx, &query)?.rows.pop().ok_or(Error::NotFound)
}

/// The sums over an organization's sub-accounts.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Totals {
    /// Active sub-accounts.
    pub active: i32,
    /// Suspended sub-accounts.
    pub suspended: i32,
    /// Their calls of the last 30 days.
    pub calls_30d: i64,
    /// Their minutes of the last 30 days.
    pub minutes_30d: i64,
    /// How its concurrency is shared out.
    pub allocation: Allocation,
    /// Calls in progress, of the parent and all sub-accounts.
    pub in_use: Option<i64>,
}

/// The sums, kept beside the organization: only the calls in progress are counted, and
/// they are never more than its total concurrency.
pub fn totals(tx: &mut Overview<'_>) -> Result<Totals, Error> {
    let organization = tx.organization();
    Ok(organizations::table
        .find(organization)
        .select((
            organizations::active_sub_accounts,
            organizations::suspended_sub_accounts,
            organizations::calls_30d,
            organizations::minutes_30d,
            allocation::COLUMNS,
            allocation::held(organization),
        ))
        .first(tx.connection())?)
}
