//! Voice agents.
//!
//! - [`configure`]: creating, changing, publishing and deleting them.
//! - [`settings`]: how one behaves.
//! - [`rules`]: what settings must be.

pub mod configure;
pub mod rules;
pub mod settings;

use diesel::prelude::*;
use time::OffsetDateTime;

use crate::{
    access::{
        RegionTx,
        permission::{Includes, RecordCalls, View},
    },
    error::Error,
    schema::region::agents,
    values::{AgentId, WorkspaceId, words},
};

pub use configure::{
    AgentType, Configured, NewAgent, Update, Version, configured, create, delete, page, update,
};
pub use settings::{Changes, Settings};

words! {
    /// How an agent hears and speaks.
    Pipeline {
        /// Transcriber, language model and voice, one after the other.
        Cascaded = "Cascaded" / "Cascaded",
        /// One model from speech to speech.
        SpeechToSpeech = "Speech_To_Speech" / "Speech to speech",
    }
}

/// A voice agent.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = agents)]
pub struct Agent {
    /// Its id.
    #[diesel(column_name = agent_id)]
    pub id: AgentId,
    /// The workspace it belongs to.
    #[diesel(column_name = workspace_id)]
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// How it hears and speaks.
    pub pipeline: Pipeline,
    /// The languages it speaks.
    pub language: String,
    /// Its voice.
    pub voice: String,
    /// Its language model.
    pub llm: String,
    /// What it is told to do.
    pub prompt: String,
    /// Since when it exists.
    pub created_at: OffsetDateTime,
}

/// The agents of an account by name.
pub fn list<P: Includes<View>>(tx: &mut RegionTx<'_, P>) -> Result<Vec<Agent>, Error> {
    Ok(agents::table
        .order((agents::name, agents::agent_id))
        .limit(MOST)
        .select(Agent::as_select())
        .load(tx.connection())?)
}

/// As many agents as one page shows.
const MOST: i64 = 500;

/// One agent.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn get<P: Includes<View>>(tx: &mut RegionTx<'_, P>, id: AgentId) -> Result<Agent, Error> {
    Ok(agents::table.filter(agents::agent_id.eq(id)).select(Agent::as_select()).first(tx.connection())?)
}

/// Enters agents; tells how many were new.
pub fn enter(tx: &mut RegionTx<'_, RecordCalls>, agents: &[Agent]) -> Result<usize, Error> {
    Ok(diesel::insert_into(agents::table).values(agents).on_conflict_do_nothing().execute(tx.connection())?)
}
