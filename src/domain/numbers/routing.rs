//! Which agent answers a number, and which calls from it.

use diesel::prelude::*;

use crate::{
    access::{
        RegionTx,
        permission::{EditAgents, Includes, View},
    },
    error::Error,
    schema::region::phone_numbers,
    values::{AgentId, E164, NumberId, WorkspaceId},
};

/// Calls in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routed {
    /// To the number.
    Inbound,
    /// From the number.
    Outbound,
}

/// The number that an agent calls from: its own, or one that it answers, or any of its
/// workspace.
pub fn calling_for<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    agent: AgentId,
    workspace: WorkspaceId,
) -> Result<Option<(NumberId, E164)>, Error> {
    let one = |query: phone_numbers::BoxedQuery<'_, diesel::pg::Pg>, tx: &mut RegionTx<'_, P>| {
        query
            .filter(phone_numbers::workspace_id.eq(workspace))
            .order((phone_numbers::e164, phone_numbers::number_id))
            .select((phone_numbers::number_id, phone_numbers::e164))
            .first::<(NumberId, E164)>(tx.connection())
            .optional()
    };
    let numbers = || phone_numbers::table.into_boxed();
    let own = one(numbers().filter(phone_numbers::outbound_agent_id.eq(agent)), tx)?;
    if own.is_some() {
        return Ok(own);
    }
    let answered = one(numbers().filter(phone_numbers::agent_id.eq(agent)), tx)?;
    if answered.is_some() {
        return Ok(answered);
    }
    Ok(one(numbers(), tx)?)
}

/// A number of the account, and the agent that answers it.
///
/// # Errors
/// [`Error::NotFound`] for one that is not the account's, or not yet.
pub fn answering<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    number: &E164,
) -> Result<(NumberId, Option<AgentId>), Error> {
    Ok(phone_numbers::table
        .filter(phone_numbers::e164.eq(number.as_str()))
        .select((phone_numbers::number_id, phone_numbers::agent_id))
        .first(tx.connection())?)
}

/// Gives the calls of a number to an agent of the same account.
///
/// # Errors
/// [`Error::Conflict`] with code `number_in_use` when they are another agent's.
pub fn attach<P: Includes<EditAgents>>(
    tx: &mut RegionTx<'_, P>,
    number: NumberId,
    agent: AgentId,
    way: Routed,
) -> Result<(), Error> {
    let one = phone_numbers::table.filter(phone_numbers::number_id.eq(number));
    let (e164, inbound, outbound) = one
        .select((phone_numbers::e164, phone_numbers::agent_id, phone_numbers::outbound_agent_id))
        .for_update()
        .first::<(String, Option<AgentId>, Option<AgentId>)>(tx.connection())?;
    let (holder, field, done) = match way {
        Routed::Inbound => (inbound, "inbound_phone_number_id", "answered"),
        Routed::Outbound => (outbound, "outbound_phone_number_id", "called from"),
    };
    if let Some(holder) = holder.filter(|holder| *holder != agent) {
        return Err(Error::Conflict {
            code: "number_in_use",
            message: format!("{field}: {e164} is {done} by the agent {holder}. Detach it there first."),
        });
    }
    match way {
        Routed::Inbound => {
            diesel::update(one).set(phone_numbers::agent_id.eq(agent)).execute(tx.connection())?
        }
        Routed::Outbound => {
            diesel::update(one).set(phone_numbers::outbound_agent_id.eq(agent)).execute(tx.connection())?
        }
    };
    Ok(())
}

/// Takes all numbers from an agent, in one direction; tells how many there were.
pub fn detach<P: Includes<EditAgents>>(
    tx: &mut RegionTx<'_, P>,
    agent: AgentId,
    way: Routed,
) -> Result<usize, Error> {
    Ok(match way {
        Routed::Inbound => diesel::update(phone_numbers::table.filter(phone_numbers::agent_id.eq(agent)))
            .set(phone_numbers::agent_id.eq(None::<AgentId>))
            .execute(tx.connection())?,
        Routed::Outbound => {
            diesel::update(phone_numbers::table.filter(phone_numbers::outbound_agent_id.eq(agent)))
                .set(phone_numbers::outbound_agent_id.eq(None::<AgentId>))
                .execute(tx.connection())?
        }
    })
}
