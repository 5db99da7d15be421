//! Creating agents, changing their drafts, publishing and deleting them.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{
    access::{
        Change, Event, RegionTx,
        permission::{EditAgents, Includes, ManageContent, View},
    },
    domain::{
        catalogues::{languages, llms, voices},
        numbers::{self, Routed},
    },
    error::Error,
    schema::region::{agent_versions, agents},
    values::{AgentId, NumberId, WorkspaceId, words},
};

use super::{Agent, Changes, Settings, rules};

words! {
    /// How an agent is written down.
    AgentType {
        /// As one prompt.
        SinglePrompt = "Single_Prompt_Agent" / "Single prompt",
        /// As a flow of a conversation.
        ConversationalFlow = "Conversational_Flow_Agent" / "Conversation flow",
    }
}

/// An agent with all its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Configured {
    /// Its id.
    pub id: AgentId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// How it is written down.
    pub kind: AgentType,
    /// The number of its current version.
    pub current_version: i32,
    /// Its versions, the first one first.
    pub versions: Vec<Version>,
    /// Since when it exists.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl Configured {
    /// The latest version that is published: with it calls are answered and made.
    pub fn published(&self) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.is_published)
    }

    /// The current version.
    pub fn current(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == self.current_version)
    }
}

/// One version of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// From 1.
    pub number: i32,
    /// Whether calls are answered and made with it; a draft is not.
    pub is_published: bool,
    /// How it behaves.
    pub settings: Settings,
}

impl Version {
    /// What the version is called.
    pub fn title(&self) -> String {
        self.settings.version_title.clone().unwrap_or_else(|| format!("Version {}", self.number))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = agents)]
struct Row {
    #[diesel(embed)]
    agent: Agent,
    agent_type: AgentType,
    current_version: i32,
    updated_at: Option<OffsetDateTime>,
}

impl Row {
    /// The version of an agent that was entered without one: what its row says. People see
    /// it at work, so it is published.
    fn version(&self) -> Version {
        let agent = &self.agent;
        let language = agent.language.split(',').next().and_then(languages::called);
        let voice = agent.voice.split(" (").next().and_then(voices::called);
        let settings = Settings {
            title: agent.name.clone(),
            pipeline_type: agent.pipeline,
            language_id: language.map(|language| language.id.to_owned()),
            voice_id: voice.map(|voice| voice.id.to_owned()),
            llm_id: llms::called(&agent.llm).map(|llm| llm.id.to_owned()),
            prompt_text: agent.prompt.clone(),
            ..Settings::default()
        };
        Version { number: self.current_version, is_published: true, settings }
    }

    fn with(self, mut versions: Vec<Version>) -> Configured {
        if versions.is_empty() {
            versions.push(self.version());
        }
        Configured {
            id: self.agent.id,
            workspace: self.agent.workspace,
            kind: self.agent_type,
            current_version: self.current_version,
            versions,
            created_at: self.agent.created_at,
            updated_at: self.updated_at.unwrap_or(self.agent.created_at),
        }
    }
}

/// The agents that an asker sees: of one workspace, for its key.
macro_rules! seen {
    ($tx:expr) => {{
        let mut query = agents::table.into_boxed::<diesel::pg::Pg>();
        if let Some(workspace) = $tx.asker().workspace() {
            query = query.filter(agents::workspace_id.eq(workspace));
        }
        query
    }};
}

fn versions<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    of: &[AgentId],
) -> Result<Vec<(AgentId, Version)>, Error> {
    let rows = agent_versions::table
        .filter(agent_versions::agent_id.eq_any(of))
        .order((agent_versions::agent_id, agent_versions::version_number))
        .select((
            agent_versions::agent_id,
            agent_versions::version_number,
            agent_versions::is_published,
            agent_versions::settings,
        ))
        .load::<(AgentId, i32, bool, Value)>(tx.connection())?;
    rows.into_iter()
        .map(|(agent, number, is_published, settings)| {
            let settings = serde_json::from_value(settings).map_err(Error::internal)?;
            Ok((agent, Version { number, is_published, settings }))
        })
        .collect()
}

/// Agents with their versions, the newest first, and how many there are in all.
pub fn page<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Configured>, i64), Error> {
    let total = seen!(tx).count().get_result(tx.connection())?;
    let rows: Vec<Row> = seen!(tx)
        .order((agents::created_at.desc(), agents::agent_id.desc()))
        .limit(limit)
        .offset(offset)
        .select(Row::as_select())
        .load(tx.connection())?;
    let ids: Vec<_> = rows.iter().map(|row| row.agent.id).collect();
    let versions = versions(tx, &ids)?;
    let of = |id| versions.iter().filter(|(agent, _)| *agent == id).map(|(_, v)| v.clone()).collect();
    let agents = rows.into_iter().map(|row| (row.agent.id, row)).map(|(id, row)| row.with(of(id))).collect();
    Ok((agents, total))
}

/// One agent with its versions.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's, or not of the workspace
/// that the key is for.
pub fn configured<P: Includes<View>>(tx: &mut RegionTx<'_, P>, id: AgentId) -> Result<Configured, Error> {
    let row: Row =
        seen!(tx).filter(agents::agent_id.eq(id)).select(Row::as_select()).first(tx.connection())?;
    let versions = versions(tx, &[id])?.into_iter().map(|(_, version)| version).collect();
    Ok(row.with(versions))
}

/// The columns of an agent's row, as its current version says them.
fn row(id: AgentId, workspace: WorkspaceId, settings: &Settings, created_at: OffsetDateTime) -> Agent {
    let name = |id: &Option<String>, find: fn(&str) -> Option<&'static str>| {
        id.as_deref().and_then(find).unwrap_or_default().to_owned()
    };
    Agent {
        id,
        workspace,
        name: settings.title.clone(),
        pipeline: settings.pipeline_type,
        language: name(&settings.language_id, |id| languages::find(id).map(|found| found.name)),
        voice: name(&settings.voice_id, |id| voices::find(id).map(|found| found.name)),
        llm: name(&settings.llm_id, |id| llms::find(id).map(|found| found.name)),
        prompt: settings.prompt_text.clone(),
        created_at,
    }
}

fn event(
    tx: &RegionTx<'_, impl Includes<View>>,
    action: &'static str,
    agent: &Agent,
    details: Value,
) -> Event {
    Event {
        account: tx.account().id,
        action,
        object: agent.name.clone(),
        object_id: agent.id.to_string(),
        details,
    }
}

/// An agent to be created.
#[derive(Debug, Clone, Serialize)]
pub struct NewAgent {
    /// How it is written down.
    pub kind: AgentType,
    /// What differs from the defaults.
    pub changes: Changes,
}

/// Creates an agent in `workspace`, with its first version as a draft.
///
/// # Errors
/// [`Error::Invalid`] for settings that are wrong by themselves; [`Error::Conflict`] with code
/// `settings_do_not_fit` for those that contradict each other, `phone_number_unknown` for a
/// number that is not one of the workspace's.
pub fn create<P: Includes<EditAgents> + Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    workspace: WorkspaceId,
    new: &NewAgent,
) -> Result<Change<Configured>, Error> {
    let settings = Settings::default().with(&new.changes);
    rules::check(&settings)?;
    let settings = rules::resolve(new.kind, settings)?;
    numbers_exist(tx, workspace, &settings)?;
    let now = OffsetDateTime::now_utc();
    // The database keeps microseconds: what is answered now is answered again later.
    let now = now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now);
    let agent = row(AgentId::new(), workspace, &settings, now);
    diesel::insert_into(agents::table)
        .values((&agent, agents::agent_type.eq(new.kind)))
        .execute(tx.connection())?;
    let version = Version { number: 1, is_published: false, settings };
    store(tx, agent.id, &version)?;
    let event = event(tx, "agent.created", &agent, json!({ "workspace": workspace }));
    let created = Configured {
        id: agent.id,
        workspace,
        kind: new.kind,
        current_version: 1,
        versions: vec![version],
        created_at: now,
        updated_at: now,
    };
    Ok(Change::new(created, event))
}

fn store<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    agent: AgentId,
    version: &Version,
) -> Result<(), Error> {
    let settings = serde_json::to_value(&version.settings).map_err(Error::internal)?;
    diesel::insert_into(agent_versions::table)
        .values((
            agent_versions::agent_id.eq(agent),
            agent_versions::version_number.eq(version.number),
            agent_versions::is_published.eq(version.is_published),
            agent_versions::settings.eq(&settings),
        ))
        .on_conflict((
            agent_versions::organization_id,
            agent_versions::account_id,
            agent_versions::agent_id,
            agent_versions::version_number,
        ))
        .do_update()
        .set((
            agent_versions::is_published.eq(version.is_published),
            agent_versions::settings.eq(&settings),
            agent_versions::updated_at.eq(diesel::dsl::now),
        ))
        .execute(tx.connection())?;
    Ok(())
}

fn numbers_exist<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    workspace: WorkspaceId,
    settings: &Settings,
) -> Result<(), Error> {
    for (field, number) in [
        ("inbound_phone_number_id", settings.inbound_phone_number_id),
        ("outbound_phone_number_id", settings.outbound_phone_number_id),
    ] {
        if let Some(id) = number
            && !numbers::is_in(tx, workspace, id)?
        {
            return Err(Error::Conflict {
                code: "phone_number_unknown",
                message: format!("{field}: there is no phone number {id} in this workspace."),
            });
        }
    }
    Ok(())
}

/// Changes to one version of an agent.
#[derive(Debug, Clone, Serialize)]
pub struct Update {
    /// Which version.
    pub version: i32,
    /// Whether to publish it.
    pub publish: bool,
    /// Whether a version that is published already may be changed.
    pub even_if_published: bool,
    /// What is to change.
    pub changes: Changes,
}

/// Changes a version of an agent, and publishes it where that is asked: only then calls are
/// routed as it says.
///
/// # Errors
/// [`Error::NotFound`] for an agent or a version that is not there; [`Error::Invalid`] on
/// `version_number` for a published one; [`Error::Conflict`] with code `number_in_use` for a
/// number that another agent answers; those of [`create`].
pub fn update<P: Includes<EditAgents> + Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    id: AgentId,
    update: &Update,
) -> Result<Change<Configured>, Error> {
    lock(tx, id)?;
    let mut agent = configured(tx, id)?;
    let version = agent.versions.iter_mut().find(|v| v.number == update.version).ok_or(Error::NotFound)?;
    if version.is_published && !update.even_if_published {
        return Err(Error::invalid(
            "version_number",
            format!(
                "version {} is published and cannot be updated without update_deployment",
                version.number
            ),
        ));
    }
    let before = version.clone();
    let settings = version.settings.clone().with(&update.changes);
    rules::check(&settings)?;
    version.settings = rules::resolve(agent.kind, settings)?;
    version.is_published |= update.publish;
    let version = version.clone();
    numbers_exist(tx, agent.workspace, &version.settings)?;
    let changed = changed(&before.settings, &version.settings)?;
    if changed.is_empty() && before.is_published == version.is_published {
        return Ok(Change::none(agent));
    }
    store(tx, id, &version)?;
    let now = OffsetDateTime::now_utc();
    agent.updated_at = now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now);
    let row = row(id, agent.workspace, &version.settings, agent.created_at);
    if version.number == agent.current_version {
        diesel::update(agents::table.filter(agents::agent_id.eq(id)))
            .set((
                agents::name.eq(&row.name),
                agents::pipeline.eq(row.pipeline),
                agents::language.eq(&row.language),
                agents::voice.eq(&row.voice),
                agents::llm.eq(&row.llm),
                agents::prompt.eq(&row.prompt),
                agents::updated_at.eq(agent.updated_at),
            ))
            .execute(tx.connection())?;
    }
    if update.publish {
        route(tx, id, Routed::Inbound, &update.changes.inbound_phone_number_id, &version.settings)?;
        route(tx, id, Routed::Outbound, &update.changes.outbound_phone_number_id, &version.settings)?;
    }
    let published = version.is_published && !before.is_published;
    let details = json!({ "version": version.number, "published": published, "changed": changed });
    let action = if published { "agent.published" } else { "agent.updated" };
    let event = event(tx, action, &row, details);
    Ok(Change::new(agent, event))
}

/// Routes calls as a version says that is being published. A number that was named in the
/// same request takes the place of all others; one of the draft is added to them.
fn route<P: Includes<EditAgents> + Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    agent: AgentId,
    way: Routed,
    named: &Option<Option<NumberId>>,
    settings: &Settings,
) -> Result<(), Error> {
    let number = match way {
        Routed::Inbound => settings.inbound_phone_number_id,
        Routed::Outbound => settings.outbound_phone_number_id,
    };
    if named.is_some() {
        numbers::detach(tx, agent, way)?;
    }
    number.map_or(Ok(()), |number| numbers::attach(tx, number, agent, way))
}

/// The names of the settings that differ; their content may be personal and stays out of
/// the log.
fn changed(before: &Settings, after: &Settings) -> Result<Vec<String>, Error> {
    let fields = |settings| -> Result<Map<String, Value>, Error> {
        match serde_json::to_value(settings).map_err(Error::internal)? {
            Value::Object(fields) => Ok(fields),
            _ => Err(Error::internal("settings are an object")),
        }
    };
    let before = fields(before)?;
    Ok(fields(after)?
        .into_iter()
        .filter(|(name, value)| before.get(name) != Some(value))
        .map(|(name, _)| name)
        .collect())
}

/// Makes whoever changes the same agent wait.
fn lock<P: Includes<View>>(tx: &mut RegionTx<'_, P>, id: AgentId) -> Result<(), Error> {
    agents::table
        .filter(agents::agent_id.eq(id))
        .select(agents::agent_id)
        .for_update()
        .first::<AgentId>(tx.connection())?;
    Ok(())
}

/// Deletes an agent with its versions. Its calls stay; its numbers stay too, and are answered
/// by nobody until they are given to another agent.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn delete<P: Includes<ManageContent> + Includes<EditAgents> + Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    id: AgentId,
) -> Result<Change<()>, Error> {
    lock(tx, id)?;
    let agent = configured(tx, id)?;
    let freed = numbers::detach(tx, id, Routed::Inbound)? + numbers::detach(tx, id, Routed::Outbound)?;
    diesel::delete(agent_versions::table.filter(agent_versions::agent_id.eq(id))).execute(tx.connection())?;
    let deleted = diesel::delete(agents::table.filter(agents::agent_id.eq(id)))
        .returning(Agent::as_returning())
        .get_result(tx.connection())?;
    let details = json!({ "versions": agent.versions.len(), "numbers_detached": freed });
    let event = event(tx, "agent.deleted", &deleted, details);
    Ok(Change::new((), event))
}
