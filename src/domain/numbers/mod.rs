//! Phone numbers: what they are for stands in the account's region, that they are taken
//! in the directory of the whole world.
//!
//! - [`inventory`]: what can be bought, buying and giving back.
//! - [`routing`]: which agent answers a number, or calls from it.

pub mod inventory;
pub mod routing;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    access::{
        RegionTx, Tx,
        permission::{Includes, RecordCalls, View},
    },
    error::Error,
    schema::{
        control::number_directory,
        region::{agents, phone_numbers},
    },
    values::{AgentId, NumberId, WorkspaceId, words},
};

pub use inventory::{Offer, Purchase, purchase, release, search, settle, stock};
pub use routing::{Routed, answering, attach, calling_for, detach};

words! {
    /// What kind of number it is.
    NumberType {
        /// Of a place.
        Local = "local" / "Local",
        /// Of a mobile network.
        Mobile = "mobile" / "Mobile",
        /// Free for whoever calls it.
        TollFree = "tollfree" / "Toll-free",
    }
}

/// The telephony provider whose numbers are sold.
pub const PROVIDER: &str = "plivo";

/// A phone number of an account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = phone_numbers)]
pub struct Number {
    /// Its id.
    #[diesel(column_name = number_id)]
    pub id: NumberId,
    /// The workspace it belongs to.
    #[diesel(column_name = workspace_id)]
    pub workspace: WorkspaceId,
    /// The number, such as `+918047182200`.
    pub e164: String,
    /// What it is for.
    pub label: String,
    /// The agent that answers it.
    #[diesel(column_name = agent_id)]
    pub agent: Option<AgentId>,
    /// What it costs per month, in minor units.
    pub monthly_cost_minor: i64,
    /// Since when the account has it.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// As many numbers as one page shows.
const MOST: i64 = 500;

/// The numbers of an account, each with the name of the agent that answers it.
pub fn list<P: Includes<View>>(tx: &mut RegionTx<'_, P>) -> Result<Vec<(Number, Option<String>)>, Error> {
    Ok(phone_numbers::table
        .left_join(
            agents::table.on(agents::organization_id
                .eq(phone_numbers::organization_id)
                .and(agents::account_id.eq(phone_numbers::account_id))
                .and(phone_numbers::agent_id.eq(agents::agent_id.nullable()))),
        )
        .order((phone_numbers::e164, phone_numbers::number_id))
        .limit(MOST)
        .select((Number::as_select(), agents::name.nullable()))
        .load(tx.connection())?)
}

/// The numbers that one agent answers.
pub fn of_agent<P: Includes<View>>(tx: &mut RegionTx<'_, P>, agent: AgentId) -> Result<Vec<Number>, Error> {
    Ok(phone_numbers::table
        .filter(phone_numbers::agent_id.eq(agent))
        .order(phone_numbers::e164)
        .limit(MOST)
        .select(Number::as_select())
        .load(tx.connection())?)
}

/// A number with how it is routed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize, Deserialize)]
#[diesel(table_name = phone_numbers)]
pub struct Line {
    /// The number.
    #[diesel(embed)]
    pub number: Number,
    /// Who provides it.
    pub provider: String,
    /// What kind it is.
    pub number_type: NumberType,
    /// The agent that calls from it.
    #[diesel(column_name = outbound_agent_id)]
    pub outbound_agent: Option<AgentId>,
}

/// The numbers that an asker sees: of one workspace, for its key.
macro_rules! seen {
    ($tx:expr) => {{
        let mut query = phone_numbers::table.into_boxed::<diesel::pg::Pg>();
        if let Some(workspace) = $tx.asker().workspace() {
            query = query.filter(phone_numbers::workspace_id.eq(workspace));
        }
        query
    }};
}

/// Some of the numbers, the newest first, and how many there are in all.
pub fn page<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Line>, i64), Error> {
    let total = seen!(tx).count().get_result(tx.connection())?;
    let lines = seen!(tx)
        .order((phone_numbers::created_at.desc(), phone_numbers::number_id.desc()))
        .limit(limit)
        .offset(offset)
        .select(Line::as_select())
        .load(tx.connection())?;
    Ok((lines, total))
}

/// One number.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's, or not of the workspace
/// that the key is for.
pub fn get<P: Includes<View>>(tx: &mut RegionTx<'_, P>, id: NumberId) -> Result<Line, Error> {
    let one = seen!(tx).filter(phone_numbers::number_id.eq(id)).select(Line::as_select());
    Ok(one.first(tx.connection())?)
}

/// Whether a number belongs to a workspace of this account.
pub fn is_in<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    workspace: WorkspaceId,
    id: NumberId,
) -> Result<bool, Error> {
    let found = phone_numbers::table
        .filter(phone_numbers::number_id.eq(id))
        .filter(phone_numbers::workspace_id.eq(workspace));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(tx.connection())?)
}

/// Enters numbers in the account's region.
pub fn enter(tx: &mut RegionTx<'_, RecordCalls>, numbers: &[Number]) -> Result<(), Error> {
    diesel::insert_into(phone_numbers::table)
        .values(numbers)
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    Ok(())
}

/// Enters numbers in the directory of the whole world. One that is taken is left alone.
pub fn register(tx: &mut Tx<'_, RecordCalls>, numbers: &[(NumberId, String)]) -> Result<(), Error> {
    let rows: Vec<_> = numbers
        .iter()
        .map(|(id, e164)| (number_directory::number_id.eq(*id), number_directory::e164.eq(e164)))
        .collect();
    diesel::insert_into(number_directory::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    Ok(())
}
