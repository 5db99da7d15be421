//! What the parent charges its client per started minute, in place of the cost (`domain.md` 4.4). It is
//! the parent's alone to know and to set.

use diesel::prelude::*;
use serde_json::json;
use time::{Date, Duration, OffsetDateTime};

use crate::{
    access::{Change, Event, Tx, permission::ManageSubAccounts},
    domain::billing::{
        ledger,
        rates::{self, Card},
    },
    error::Error,
    schema::control::{prices, sub_accounts},
    values::{SubAccountId, SubAccountStatus, indian_day, start_of_indian_day},
};

/// A price that is valid from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Price {
    /// In minor units per started minute; `None`: the cost.
    pub minor_per_minute: Option<i64>,
    /// Since when.
    pub valid_from: OffsetDateTime,
}

/// What a sub-account's calls cost and are charged.
#[derive(Debug, Clone)]
pub struct Prices {
    /// The platform's rates there.
    pub card: Card,
    /// The price now, in minor units per started minute; `None`: the cost.
    pub now_minor: Option<i64>,
    /// Those that were set, the latest first, those to come with them.
    pub set: Vec<Price>,
    /// The currency of all.
    pub currency: String,
}

/// How many prices a page shows.
const SHOWN: i64 = 20;

/// The sub-account's prices, for its parent alone.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this organization's.
pub fn prices(tx: &mut Tx<'_, ManageSubAccounts>, id: SubAccountId) -> Result<Prices, Error> {
    name(tx, id)?;
    tx.within(id, |tx| {
        let set = prices::table
            .filter(prices::organization_id.eq(tx.organization()))
            .filter(prices::account_id.eq(tx.tenant().uuid()))
            .order(prices::valid_from.desc())
            .limit(SHOWN)
            .select((prices::minor_per_minute, prices::valid_from))
            .load::<Price>(tx.connection())?;
        Ok(Prices {
            card: rates::card(tx)?,
            now_minor: rates::price(tx)?,
            set,
            currency: ledger::balance(tx)?.currency,
        })
    })
}

fn name(tx: &mut Tx<'_, ManageSubAccounts>, id: SubAccountId) -> Result<String, Error> {
    Ok(sub_accounts::table
        .find((tx.organization(), id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select(sub_accounts::name)
        .first(tx.connection())?)
}

/// Charges a sub-account another price from the beginning of a day in India on, or from now on. A price
/// that was to begin on that day gives way. Calls in progress keep theirs.
///
/// # Errors
/// [`Error::Invalid`] on `price`; [`Error::Conflict`] with code `day_out_of_range` for a day that is over
/// or farther than a year away; [`Error::NotFound`] for an id that is not one of this organization's.
pub fn set(
    tx: &mut Tx<'_, ManageSubAccounts>,
    id: SubAccountId,
    minor_per_minute: Option<i64>,
    from: Option<Date>,
) -> Result<Change<()>, Error> {
    let name = name(tx, id)?;
    let at = OffsetDateTime::now_utc();
    let today = indian_day(at);
    let from = from.filter(|day| *day != today);
    if from.is_some_and(|day| day < today || day > today + Duration::days(366)) {
        let message = "A price begins today or on a day within the next year.".to_owned();
        return Err(Error::Conflict { code: "day_out_of_range", message });
    }
    let (before, currency) = tx.within(id, |tx| {
        let before = rates::price(tx)?;
        let begins = match from {
            None => at,
            Some(day) => after_others(tx, start_of_indian_day(day))?,
        };
        rates::set_price(tx, minor_per_minute, begins)?;
        Ok((before, ledger::balance(tx)?.currency))
    })?;
    let organization = tx.organization();
    let event = Event {
        // A sub-account's own log knows nothing of it.
        account: organization.into(),
        action: "sub_account.price_changed",
        object: name,
        object_id: id.to_string(),
        details: json!({
            "before": { "price_per_minute_minor": before },
            "after": {
                "price_per_minute_minor": minor_per_minute,
                "from": from.unwrap_or(today).to_string(),
            },
            "currency": currency,
        }),
    };
    Ok(Change::new((), event))
}

/// The first moment from `start` on at which no other price begins. They are never deleted: of those
/// that begin on one day, the last counts.
fn after_others(tx: &mut Tx<'_, ManageSubAccounts>, start: OffsetDateTime) -> Result<OffsetDateTime, Error> {
    let last = prices::table
        .filter(prices::organization_id.eq(tx.organization()))
        .filter(prices::account_id.eq(tx.tenant().uuid()))
        .filter(prices::valid_from.between(start, start + Duration::SECOND))
        .order(prices::valid_from.desc())
        .select(prices::valid_from)
        .first::<OffsetDateTime>(tx.connection())
        .optional()?;
    Ok(last.map_or(start, |last| last + Duration::MICROSECOND))
}
