//! Voice agents of an account.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{
        Denied, Scope,
        permission::{EditAgents, ManageContent, View},
    },
    domain::{
        agents::{self, AgentType, Configured, NewAgent, Pipeline, Update, Version},
        workspaces,
    },
    error::Error,
    values::{AgentId, NumberId, WorkspaceId},
};

use super::{
    agent_parts::{Analysis, Function},
    agent_settings::{CreateAgent, UpdateAgent, VersionSettings},
    catalogues::{LanguageId, LlmId, TranscriberId, VoiceId},
    numbers::Gone,
    reply::{Created, Reply},
    request::{Body, Once, Path, Query},
    timestamp::Timestamp,
};

/// One version of an agent, in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgentVersion {
    /// The agent.
    pub agent_id: AgentId,
    /// The version, from 1.
    #[schema(minimum = 1, example = 1)]
    pub version_number: i32,
    /// What it is called.
    #[schema(example = "Version 1")]
    pub version_title: String,
    /// The agent's name.
    #[schema(example = "Customer Support Agent")]
    pub title: String,
    /// Whether calls are answered and made with it.
    pub is_published: bool,
    /// Its language.
    #[schema(value_type = Option<LanguageId>, required = true)]
    pub language_id: Option<String>,
    /// Its voice.
    #[schema(value_type = Option<VoiceId>, required = true)]
    pub voice_id: Option<String>,
    /// Its language model.
    #[schema(value_type = Option<LlmId>, required = true)]
    pub llm_id: Option<String>,
    /// Its transcriber; null from speech to speech.
    #[schema(value_type = Option<TranscriberId>, required = true)]
    pub transcriber_id: Option<String>,
    /// Whether a second transcriber listens.
    pub fallback_stt_enabled: bool,
    /// Which.
    #[schema(value_type = Option<TranscriberId>, required = true)]
    pub stt_fallback_transcriber_id: Option<String>,
    /// The model that finds out after the call; null for the platform's own choice.
    #[schema(value_type = Option<LlmId>, required = true)]
    pub post_call_analysis_llm_id: Option<String>,
}

impl AgentVersion {
    fn of(agent: AgentId, version: &Version) -> Self {
        let settings = &version.settings;
        Self {
            agent_id: agent,
            version_number: version.number,
            version_title: version.title(),
            title: settings.title.clone(),
            is_published: version.is_published,
            language_id: settings.language_id.clone(),
            voice_id: settings.voice_id.clone(),
            llm_id: settings.llm_id.clone(),
            transcriber_id: settings.transcriber_id.clone(),
            fallback_stt_enabled: settings.fallback_stt_enabled,
            stt_fallback_transcriber_id: settings.stt_fallback_transcriber_id.clone(),
            post_call_analysis_llm_id: settings.post_call_analysis_llm_id.clone(),
        }
    }
}

/// An agent with versions of some kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentWith<V> {
    /// Its id.
    pub id: AgentId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// Always null: there are no folders yet.
    #[schema(required = true)]
    pub folder_id: Option<String>,
    /// The number of its current version.
    #[schema(minimum = 1, example = 1)]
    pub current_version_number: i32,
    /// Its time zone.
    #[schema(required = true, example = "Asia/Kolkata")]
    pub timezone: Option<String>,
    /// How it is written down.
    pub agent_type: AgentType,
    /// How it hears and speaks; null for a conversation flow.
    #[schema(required = true)]
    pub pipeline_type: Option<Pipeline>,
    /// Always null: events go to the account's webhooks.
    #[schema(required = true)]
    pub webhook_id: Option<String>,
    /// Its current version.
    #[schema(required = true)]
    pub current_version: Option<V>,
    /// All its versions.
    pub versions: Vec<V>,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An agent.
pub type Agent = AgentWith<AgentVersion>;

/// An agent with all that its versions are.
pub type AgentDetails = AgentWith<VersionDetails>;

impl<V: Clone> AgentWith<V> {
    fn of(agent: Configured, version: impl Fn(AgentId, &Version) -> V) -> Self {
        let settings = agent.current().map(|version| &version.settings);
        let is_flow = agent.kind == AgentType::ConversationalFlow;
        Self {
            id: agent.id,
            workspace_id: agent.workspace,
            folder_id: None,
            current_version_number: agent.current_version,
            timezone: settings.and_then(|settings| settings.timezone.clone()),
            agent_type: agent.kind,
            pipeline_type: settings.map(|settings| settings.pipeline_type).filter(|_| !is_flow),
            webhook_id: None,
            current_version: agent.current().map(|current| version(agent.id, current)),
            versions: agent.versions.iter().map(|one| version(agent.id, one)).collect(),
            created_at: agent.created_at.into(),
            updated_at: agent.updated_at.into(),
        }
    }
}

/// One version of an agent, with all its settings.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VersionDetails {
    /// The agent.
    pub agent_id: AgentId,
    /// The version, from 1.
    #[schema(minimum = 1, example = 1)]
    pub version_number: i32,
    /// The agent's name.
    #[schema(example = "Customer Support Agent")]
    pub title: String,
    /// Whether calls are answered and made with it.
    pub is_published: bool,
    /// Its language.
    #[schema(value_type = Option<LanguageId>, required = true)]
    pub language_id: Option<String>,
    /// Its voice.
    #[schema(value_type = Option<VoiceId>, required = true)]
    pub voice_id: Option<String>,
    /// What it is told to do.
    pub prompt_text: String,
    /// The number whose calls it answers.
    #[schema(required = true)]
    pub inbound_phone_number_id: Option<NumberId>,
    /// The number it calls from.
    #[schema(required = true)]
    pub outbound_phone_number_id: Option<NumberId>,
    /// What it can do during a call.
    pub agent_functions: Vec<Function>,
    /// How words are pronounced; nothing yet.
    pub pronunciations: Vec<String>,
    /// What to find out after the call.
    pub postcall_analysis: Vec<Analysis>,
    /// Voices that speak when its own cannot.
    #[schema(value_type = Vec<VoiceId>)]
    pub fallback_voice_ids: Vec<String>,
    /// The other settings.
    #[serde(flatten)]
    pub settings: VersionSettings,
}

impl VersionDetails {
    fn of(agent: AgentId, version: &Version) -> Self {
        let mut settings = version.settings.clone();
        settings.version_title = Some(version.title());
        Self {
            agent_id: agent,
            version_number: version.number,
            title: settings.title.clone(),
            is_published: version.is_published,
            language_id: settings.language_id.clone(),
            voice_id: settings.voice_id.clone(),
            prompt_text: settings.prompt_text.clone(),
            inbound_phone_number_id: settings.inbound_phone_number_id,
            outbound_phone_number_id: settings.outbound_phone_number_id,
            agent_functions: settings.agent_functions.iter().cloned().map(Function::from).collect(),
            pronunciations: Vec::new(),
            postcall_analysis: settings.post_call_analysis.iter().cloned().map(Analysis::from).collect(),
            fallback_voice_ids: settings.fallback_voices.iter().map(|voice| voice.voice_id.clone()).collect(),
            settings: settings.into(),
        }
    }
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AgentQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Agents on a page; 500 unless said.
    #[param(minimum = 1, maximum = 500, example = 500)]
    limit: Option<i64>,
}

/// Agents.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentPage {
    /// The agents, the latest first.
    pub agents: Vec<Agent>,
    /// How many there are in all.
    #[schema(minimum = 0, example = 4)]
    pub total: i64,
    /// The page.
    #[schema(minimum = 1, example = 1)]
    pub page: i64,
    /// Agents on a page.
    #[schema(minimum = 1, maximum = 500, example = 500)]
    pub limit: i64,
}

/// Agents on a page.
const MOST: i64 = 500;

/// Lists the agents
///
/// The latest come first, in short: ask for one agent to see its functions and settings. A
/// workspace's key sees those of its workspace.
#[utoipa::path(get, path = "/agents", tag = "Agents", operation_id = "listAgents", params(AgentQuery),
    responses((status = 200, description = "The account's agents.", body = AgentPage)))]
pub async fn list(scope: Scope<View>, query: Query<AgentQuery>) -> Result<Reply<AgentPage>, Denied> {
    let (page, limit) = (query.0.page.unwrap_or(1), query.0.limit.unwrap_or(MOST));
    if !(1..=10_000).contains(&page) {
        return Err(Error::invalid("page", "Ask for a page from 1 to 10000.").into());
    }
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid("limit", format!("Ask for 1 to {MOST} agents.")).into());
    }
    let (found, total) = scope.read_region(move |tx| agents::page(tx, limit, (page - 1) * limit)).await?;
    let agents = found.into_iter().map(|agent| Agent::of(agent, AgentVersion::of)).collect();
    Ok(Reply(AgentPage { agents, total, page, limit }))
}

/// The id in the address.
#[derive(Debug, Deserialize)]
pub struct Place {
    agent_id: AgentId,
}

/// Shows an agent
///
/// With all its versions, and all that they are.
#[utoipa::path(get, path = "/agents/{agent_id}", tag = "Agents", operation_id = "getAgent",
    params(("agent_id" = AgentId, Path, description = "The agent.")),
    responses((status = 200, description = "The agent.", body = AgentDetails)))]
pub async fn show(scope: Scope<View>, place: Path<Place>) -> Result<Reply<AgentDetails>, Denied> {
    let id = place.0.agent_id;
    let agent = scope.read_region(move |tx| agents::configured(tx, id)).await?;
    Ok(Reply(AgentDetails::of(agent, VersionDetails::of)))
}

/// Creates an agent
///
/// With its first version, as a draft; publish it by changing it with `is_published: true`. It
/// belongs to the key's workspace, or to the account's first one. Language, voice, model and
/// transcriber are of the catalogues, and must go together: what is right by itself and does
/// not fit the rest is answered with 409 `settings_do_not_fit`, a number that is not one of
/// the workspace's with 409 `phone_number_unknown`.
#[utoipa::path(post, path = "/agents", tag = "Agents", operation_id = "createAgent",
    request_body(content = CreateAgent, example = json!({
        "title": "Customer Support Agent",
        "language_id": "lang_hi_in",
        "voice_id": "voice_anushka",
        "llm_id": "llm_gpt_4_1_mini",
        "transcriber_id": "trs_deepgram_nova_3",
        "fallback_stt_enabled": true,
        "stt_fallback_transcriber_id": "trs_soniox",
        "prompt_text": "You are a helpful support agent. Confirm the customer's issue and summarize next steps.",
        "post_call_analysis": [
            { "field_name": "issue_type", "field_type": "STRING", "field_description": "Main issue discussed on the call" }
        ]
    })),
    responses((status = 201, description = "The agent, with its draft.", body = Agent)))]
pub async fn create(
    scope: Scope<EditAgents>,
    once: Once,
    body: Body<CreateAgent>,
) -> Result<Created<Agent>, Denied> {
    let asked = body.into_inner();
    let new =
        NewAgent { kind: asked.agent_type.unwrap_or(AgentType::SinglePrompt), changes: asked.changes() };
    let workspace = scope.read(workspaces::target).await?;
    let agent: Configured = scope
        .write_region(move |tx| {
            once.perform(tx, "agents.create", &new, |tx| agents::create(tx, workspace, &new))
        })
        .await?;
    Ok(Created(Agent::of(agent, AgentVersion::of)))
}

/// Changes an agent
///
/// Changes one version: a draft, or with `update_deployment` a published one too. With
/// `is_published: true` the version is published, and calls are routed over the numbers it
/// names: a number that another agent has is answered with 409 `number_in_use`. Number ids
/// without it leave the routing of calls as it is.
#[utoipa::path(patch, path = "/agents/{agent_id}", tag = "Agents", operation_id = "updateAgent",
    params(("agent_id" = AgentId, Path, description = "The agent.")),
    request_body(content = UpdateAgent, example = json!({ "version_number": 1, "title": "Customer Support Agent", "is_published": true })),
    responses((status = 200, description = "The agent after it.", body = Agent)))]
pub async fn update(
    scope: Scope<EditAgents>,
    place: Path<Place>,
    body: Body<UpdateAgent>,
) -> Result<Reply<Agent>, Denied> {
    let (id, asked) = (place.0.agent_id, body.into_inner());
    let update = Update {
        version: asked.version_number,
        publish: asked.is_published.unwrap_or_default(),
        even_if_published: asked.update_deployment.unwrap_or_default(),
        changes: asked.changes(),
    };
    let agent = scope.write_region(move |tx| agents::update(tx, id, &update)).await?;
    Ok(Reply(Agent::of(agent, AgentVersion::of)))
}

/// Deletes an agent
///
/// With all its versions. Its calls stay. Its numbers stay too, and are answered by nobody
/// until another agent has them.
#[utoipa::path(delete, path = "/agents/{agent_id}", tag = "Agents", operation_id = "deleteAgent",
    params(("agent_id" = AgentId, Path, description = "The agent.")),
    responses((status = 200, description = "It is gone.", body = Gone,
        example = json!({ "success": true, "message": "Agent deleted successfully" }))))]
pub async fn delete(scope: Scope<ManageContent>, place: Path<Place>) -> Result<Reply<Gone>, Denied> {
    let id = place.0.agent_id;
    scope.write_region(move |tx| agents::delete(tx, id)).await?;
    Ok(Reply(Gone { success: true, message: "Agent deleted successfully" }))
}
