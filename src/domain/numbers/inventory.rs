//! Numbers that can be bought, buying them and giving them back.
//!
//! A purchase is kept in the control database: the buyer's name on the number, the entry in
//! the directory of the whole world, the audit entry, and a *move*. The move says that the
//! account's region has yet to get its row; whoever bought finishes it at once, and
//! background work does after a crash. Giving back is the same the other way round: a number
//! leaves the region before the directory forgets it, so that it is never two accounts'.

use diesel::{OptionalExtension, prelude::*};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{
        Access, Change, Event, GateTx, OperatorTx, RegionTx, Scope, Tx,
        permission::{Includes, ManageContent, View},
    },
    domain::catalogues::{Country, countries},
    error::Error,
    schema::{
        control::{number_directory, number_inventory, number_moves},
        region::phone_numbers,
    },
    values::{AccountId, E164, KeyMode, NumberId, OrganizationId, Region, WorkspaceId},
};

use super::{Line, Number, NumberType, PROVIDER};

/// A number that can be bought.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = number_inventory)]
pub struct Offer {
    /// The number.
    pub e164: E164,
    /// ISO 3166-1, two letters.
    pub country_iso: String,
    /// What kind it is.
    pub number_type: NumberType,
    /// Its rent per month, in minor units.
    pub monthly_minor: i64,
    /// What it costs once, in minor units.
    pub setup_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Whether it takes text messages.
    pub sms_enabled: bool,
}

/// As many offers as one search gives.
pub const MOST_OFFERS: i64 = 20;

/// Numbers of a country that can be bought, [`MOST_OFFERS`] at most, and how many there are.
pub fn search<P: Includes<View>>(
    tx: &mut Tx<'_, P>,
    country_iso: &str,
    number_type: Option<NumberType>,
) -> Result<(Vec<Offer>, i64), Error> {
    let wanted = || {
        let mut query = number_inventory::table
            .filter(number_inventory::account_id.is_null())
            .filter(number_inventory::country_iso.eq(country_iso.to_owned()))
            .into_boxed::<diesel::pg::Pg>();
        if let Some(number_type) = number_type {
            query = query.filter(number_inventory::number_type.eq(number_type));
        }
        query
    };
    let total = wanted().count().get_result(tx.connection())?;
    let offers = wanted()
        .order(number_inventory::e164)
        .limit(MOST_OFFERS)
        .select(Offer::as_select())
        .load(tx.connection())?;
    Ok((offers, total))
}

/// A number to be bought.
#[derive(Debug, Clone, Serialize)]
pub struct Purchase {
    /// The number, as it was typed.
    pub number: String,
    /// The country it is expected to be in.
    pub country_iso: String,
    /// The workspace it is for.
    pub workspace: WorkspaceId,
}

fn refused(code: &'static str, message: String) -> Error {
    Error::Conflict { code, message }
}

/// Only real keys, and people, move real numbers.
fn check_mode(mode: KeyMode) -> Result<(), Error> {
    match mode {
        KeyMode::Live => Ok(()),
        KeyMode::Test => Err(Error::Forbidden(
            "A test key buys no phone number and gives none back: these are real. Use a live key.",
        )),
    }
}

/// Buys a number. Of those who buy the same one at once, one gets it. [`settle`] brings it
/// into the account's region.
///
/// # Errors
/// [`Error::Conflict`] with code `number_invalid` for what is no phone number,
/// `number_not_available` for one that is not for sale, or no longer, `country_mismatch` for
/// one of another country; [`Error::Forbidden`] with a test key.
pub fn purchase<P: Includes<ManageContent>>(
    tx: &mut Tx<'_, P>,
    purchase: &Purchase,
) -> Result<Change<Line>, Error> {
    check_mode(tx.asker().mode())?;
    let e164 = E164::parse(&purchase.number).map_err(|error| {
        refused("number_invalid", format!("phoneNumber: {} is {error}.", purchase.number))
    })?;
    let gone = || refused("number_not_available", format!("{e164} is not for sale, or no longer."));
    let (organization, account) = (tx.organization(), tx.account().id);
    // The buyer's name is put on it before anything else is done: whoever comes second waits
    // here, and then finds a name on it.
    let offer = diesel::update(number_inventory::table.find(&e164))
        .filter(number_inventory::account_id.is_null())
        .set((
            number_inventory::organization_id.eq(organization),
            number_inventory::account_id.eq(account.uuid()),
            number_inventory::sold_at.eq(diesel::dsl::now),
        ))
        .returning(Offer::as_returning())
        .get_result(tx.connection())
        .optional()?
        .ok_or_else(gone)?;
    if offer.country_iso != purchase.country_iso {
        return Err(refused("country_mismatch", format!("countryISO: {e164} is of {}.", offer.country_iso)));
    }
    let now = OffsetDateTime::now_utc();
    let number = Number {
        id: NumberId::new(),
        workspace: purchase.workspace,
        e164: e164.as_str().to_owned(),
        label: String::new(),
        agent: None,
        monthly_cost_minor: offer.monthly_minor,
        created_at: now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now),
    };
    let entered = diesel::insert_into(number_directory::table)
        .values((number_directory::e164.eq(&e164), number_directory::number_id.eq(number.id)))
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    if entered == 0 {
        return Err(gone());
    }
    begin(tx, &Moving { number: number.clone(), number_type: offer.number_type, direction: Direction::In })?;
    let details = json!({ "monthly_minor": offer.monthly_minor, "currency": offer.currency });
    let event = event(tx, "number.purchased", &number, details);
    let line =
        Line { number, provider: PROVIDER.to_owned(), number_type: offer.number_type, outbound_agent: None };
    Ok(Change::new(line, event))
}

/// Gives a number back to its provider. [`settle`] takes it out of the account's region and
/// then out of the directory.
///
/// # Errors
/// [`Error::NotFound`] when it is on its way back already; [`Error::Forbidden`] with a test
/// key.
pub fn release<P: Includes<ManageContent>>(tx: &mut Tx<'_, P>, line: &Line) -> Result<Change<()>, Error> {
    check_mode(tx.asker().mode())?;
    let (number, number_type) = (line.number.clone(), line.number_type);
    begin(tx, &Moving { number: number.clone(), number_type, direction: Direction::Out })?;
    let event = event(tx, "number.released", &number, json!({}));
    Ok(Change::new((), event))
}

fn event<P: Includes<ManageContent>>(
    tx: &Tx<'_, P>,
    action: &'static str,
    number: &Number,
    details: Value,
) -> Event {
    Event {
        account: tx.account().id,
        action,
        object: number.e164.clone(),
        object_id: number.id.to_string(),
        details,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Direction {
    In,
    Out,
}

impl Direction {
    fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// A number on its way into the account's region, or out of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moving {
    number: Number,
    number_type: NumberType,
    direction: Direction,
}

fn begin<P: Includes<ManageContent>>(tx: &mut Tx<'_, P>, moving: &Moving) -> Result<(), Error> {
    let region = tx.account().region.clone();
    let content = serde_json::to_value(moving).map_err(Error::internal)?;
    let begun = diesel::insert_into(number_moves::table)
        .values((
            number_moves::number_id.eq(moving.number.id),
            number_moves::direction.eq(moving.direction.word()),
            number_moves::region.eq(region),
            number_moves::number.eq(content),
        ))
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    if begun == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// The account's moves, oldest first: a number comes before it goes.
fn moves<P: Includes<ManageContent>>(tx: &mut Tx<'_, P>) -> Result<Vec<Moving>, Error> {
    number_moves::table
        .order((number_moves::begun_at, number_moves::number_id, number_moves::direction))
        .select(number_moves::number)
        .load::<Value>(tx.connection())?
        .into_iter()
        .map(|moving| serde_json::from_value(moving).map_err(Error::internal))
        .collect()
}

/// Does the region's part of a move; doing it again changes nothing.
fn arrive<P: Includes<ManageContent>>(tx: &mut RegionTx<'_, P>, moving: &Moving) -> Result<(), Error> {
    match moving.direction {
        Direction::In => diesel::insert_into(phone_numbers::table)
            .values((
                &moving.number,
                phone_numbers::provider.eq(PROVIDER),
                phone_numbers::number_type.eq(moving.number_type),
            ))
            .on_conflict_do_nothing()
            .execute(tx.connection())?,
        Direction::Out => {
            diesel::delete(phone_numbers::table.filter(phone_numbers::number_id.eq(moving.number.id)))
                .execute(tx.connection())?
        }
    };
    Ok(())
}

/// Does what the control database has left to do of a move whose region is done.
fn finish<P: Includes<ManageContent>>(tx: &mut Tx<'_, P>, moving: &Moving) -> Result<(), Error> {
    let id = moving.number.id;
    if moving.direction == Direction::Out {
        diesel::delete(number_directory::table.filter(number_directory::number_id.eq(id)))
            .execute(tx.connection())?;
        diesel::delete(
            number_inventory::table
                .filter(number_inventory::e164.eq(&moving.number.e164))
                .filter(number_inventory::account_id.is_not_null()),
        )
        .execute(tx.connection())?;
    }
    diesel::delete(
        number_moves::table
            .filter(number_moves::number_id.eq(id))
            .filter(number_moves::direction.eq(moving.direction.word())),
    )
    .execute(tx.connection())?;
    Ok(())
}

/// Finishes the account's moves, one after the other. Each step can be repeated, by
/// whomever; the log was told when they began.
///
/// # Errors
/// Those of the databases; what was not finished is taken up again later.
pub async fn settle<P: Includes<ManageContent>>(scope: &Scope<P>) -> Result<(), Error> {
    for moving in scope.read(moves).await? {
        let arriving = moving.clone();
        scope.write_region(move |tx| arrive(tx, &arriving).map(Change::none)).await?;
        scope.write(move |tx| finish(tx, &moving).map(Change::none)).await?;
    }
    Ok(())
}

/// An account with moves that nobody is at, and its region.
pub fn left_behind(tx: &mut GateTx<'_>) -> Result<Vec<(OrganizationId, AccountId, Region)>, Error> {
    let rows = number_moves::table
        .filter(number_moves::begun_at.lt(diesel::dsl::now))
        .select((number_moves::organization_id, number_moves::account_id, number_moves::region))
        .distinct()
        .limit(50)
        .load::<(OrganizationId, Uuid, Region)>(tx.connection())?;
    Ok(rows
        .into_iter()
        .map(|(organization, account, region)| {
            (organization, AccountId::of_row(organization, account), region)
        })
        .collect())
}

/// Finishes moves that a crash left behind; tells whether there were any.
///
/// # Errors
/// Those of [`settle`].
pub async fn settle_left_behind(access: &std::sync::Arc<Access>) -> Result<bool, Error> {
    let accounts = access.gate(None, left_behind).await?;
    for (organization, account, region) in &accounts {
        let scope =
            access.scope_of_job::<ManageContent>("numbers", *organization, *account, region.clone())?;
        settle(&scope).await?;
    }
    Ok(!accounts.is_empty())
}

/// Puts numbers up for sale; tells how many were new. A number that is known already, sold
/// or not, is left alone.
///
/// # Errors
/// [`Error::Invalid`] on `number` for a number of a country in which none are sold.
pub fn stock(
    tx: &mut OperatorTx<'_>,
    numbers: &[E164],
    number_type: NumberType,
    monthly_minor: Option<i64>,
) -> Result<Change<usize>, Error> {
    let rows = numbers
        .iter()
        .map(|number| {
            let country = number.country_iso().as_deref().and_then(countries::find);
            let sold = country.and_then(|Country { iso, monthly_minor, .. }| Some((*iso, (*monthly_minor)?)));
            let (iso, price) = sold.ok_or_else(|| {
                Error::invalid("number", format!("{number}: no numbers of its country are sold"))
            })?;
            Ok((
                number_inventory::e164.eq(number),
                number_inventory::provider.eq(PROVIDER),
                number_inventory::country_iso.eq(iso),
                number_inventory::number_type.eq(number_type),
                number_inventory::monthly_minor.eq(monthly_minor.unwrap_or(price)),
                number_inventory::currency.eq("INR"),
                number_inventory::sms_enabled.eq(number_type == NumberType::Mobile),
            ))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let new = diesel::insert_into(number_inventory::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    // The stock is the platform's: it stands in no account's log.
    Ok(Change::none(new))
}
