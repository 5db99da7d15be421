//! Phone numbers: what they are for stands in the account's region, that they are taken
//! in the directory of the whole world.

use diesel::prelude::*;
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
    values::{AgentId, NumberId, WorkspaceId},
};

/// A phone number of an account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
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
