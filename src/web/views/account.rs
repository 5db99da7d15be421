//! Pages inside one account: overview, agents, numbers, calls, audit log.

use askama::Template;
use askama::filters::HtmlSafe;

use super::invoices::Waiting;
use crate::web::chart::Chart;
use crate::web::filters::{self, Moment};
use crate::web::frame::Frame;
use crate::web::parts::{
    Allocation, Badge, Column, Crumb, Empty, ErrorSummary, Field, LiveBar, Pager, Stat, Tab,
};

/// The first page of an account.
#[derive(Template)]
#[template(path = "account/overview.html")]
pub struct OverviewPage {
    pub frame: Frame,
    pub text: String,
    /// Label, address, icon.
    pub actions: Vec<(String, String, &'static str)>,
    pub live: LiveBar,
    /// Where the numbers come from that change while one looks.
    pub live_source: String,
    pub stats: Vec<Stat>,
    pub charts: Vec<Chart>,
    pub allocation: Option<Allocation>,
    pub recent: CallsTable,
    pub calls_href: String,
}

/// The agents of a workspace.
#[derive(Template)]
#[template(path = "account/agents.html")]
pub struct AgentsPage {
    pub frame: Frame,
    pub new_href: Option<String>,
    /// Name, languages, voice, numbers, calls, created.
    pub columns: Vec<Column>,
    pub rows: Vec<AgentRow>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

/// One agent in the list.
#[derive(Debug, Clone)]
pub struct AgentRow {
    pub name: String,
    pub href: String,
    /// "Speech to speech", "Cascaded · GPT-4o"
    pub kind: String,
    pub languages: String,
    pub voice: String,
    pub numbers: String,
    pub calls: i64,
    pub created: Moment,
}

/// The phone numbers of a workspace.
#[derive(Template)]
#[template(path = "account/numbers.html")]
pub struct NumbersPage {
    pub frame: Frame,
    pub new_href: Option<String>,
    /// Number, who answers, calls.
    pub columns: Vec<Column>,
    pub rows: Vec<NumberRow>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

/// One number in the list.
#[derive(Debug, Clone)]
pub struct NumberRow {
    /// In E.164.
    pub number: String,
    /// Its calls.
    pub href: String,
    pub label: String,
    /// Who answers it; may be empty.
    pub agent: String,
    pub calls: i64,
}

/// One agent.
#[derive(Template)]
#[template(path = "account/agent.html")]
pub struct AgentPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub id: String,
    pub name: String,
    pub kind: String,
    pub prompt: String,
    pub facts: Vec<(String, String)>,
    pub minute: Option<MinuteCard>,
    /// Number and label.
    pub numbers: Vec<(String, String)>,
    pub calls_href: String,
    /// Where it is asked to call somebody, by whoever may.
    pub call_href: Option<String>,
    pub created: Moment,
}

/// What a started minute of an agent's calls comes to: swapped by htmx (`#minute`).
#[derive(Template)]
#[template(path = "account/_minute.html")]
pub struct MinuteCard {
    pub sum: String,
    /// What it is made of, where the reader may know.
    pub parts: Vec<(String, String)>,
    /// What it comes to later, as far as that was set.
    pub changes: Vec<String>,
    /// Whether it is of what the agent has, and not of something chosen to look at.
    pub is_as_saved: bool,
    pub action: String,
    /// What is chosen to look at.
    pub fields: Vec<Field>,
}

impl HtmlSafe for MinuteCard {}

/// Having an agent call somebody.
#[derive(Template)]
#[template(path = "account/place_call.html")]
pub struct PlaceCallPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub agent: String,
    pub action: String,
    pub cancel_href: String,
    pub idempotency_key: String,
    pub errors: ErrorSummary,
    pub number: Field,
}

/// The calls of a workspace.
#[derive(Template)]
#[template(path = "account/calls.html")]
pub struct CallsPage {
    pub frame: Frame,
    pub text: String,
    pub list_href: String,
    pub q: String,
    /// Words that were said.
    pub said: String,
    /// Selects such as status, direction, agent.
    pub filters: Vec<Field>,
    /// Date inputs such as from and to.
    pub days: Vec<Field>,
    /// Shortest and longest, in seconds.
    pub lengths: Vec<Field>,
    /// Whether the filters are shown that are folded away otherwise.
    pub unfolded: bool,
    pub filtered: bool,
    pub table: CallsTable,
}

/// The list itself: swapped by htmx (`#calls-table`).
#[derive(Template)]
#[template(path = "account/_calls_table.html")]
pub struct CallsTable {
    /// Number, status, agent, started, length, cost: see [`CallsTable::columns`].
    pub columns: Vec<Column>,
    pub rows: Vec<CallRow>,
    pub pager: Option<Pager>,
    /// The same calls as a file.
    pub export_href: Option<String>,
    pub empty: Option<Empty>,
}

impl HtmlSafe for CallsTable {}

impl CallsTable {
    /// The columns, with the cost where the reader may see it; calls are always newest
    /// first.
    pub fn columns(with_cost: bool) -> Vec<Column> {
        let mut columns = vec![
            Column::new("Number"),
            Column::new("Status"),
            Column::new("Agent"),
            Column { sorted: "descending", ..Column::new("Started") },
            Column::new("Length").end(),
        ];
        if with_cost {
            columns.push(Column::new("Cost").end());
        }
        columns
    }
}

/// One call in the list.
#[derive(Debug, Clone)]
pub struct CallRow {
    pub href: String,
    /// The other side's number.
    pub number: String,
    /// "Inbound" or "Outbound"
    pub direction: &'static str,
    pub test: bool,
    pub badge: Badge,
    pub agent: String,
    pub started: Moment,
    /// None: it was never answered.
    pub seconds: Option<i64>,
    /// Written, or empty where the reader may not see it.
    pub cost: String,
}

impl CallRow {
    /// The symbol for its direction.
    pub fn direction_icon(&self) -> &'static str {
        if self.direction == "Inbound" { "call-in" } else { "call-out" }
    }
}

/// One call: recording, transcript, facts, cost, analysis.
#[derive(Template)]
#[template(path = "account/call.html")]
pub struct CallPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub id: String,
    pub number: String,
    pub direction: &'static str,
    pub badge: Badge,
    pub agent: String,
    pub started: Moment,
    /// Started, answered, ended.
    pub timeline: Vec<Moments>,
    pub recording: Recording,
    pub turns: Vec<Turn>,
    /// Why there is no transcript.
    pub no_transcript: String,
    pub facts: Vec<(String, String)>,
    pub analysis: Vec<(String, String)>,
}

/// Why a link to a recording opens nothing.
#[derive(Template)]
#[template(path = "account/dead_link.html")]
pub struct DeadLinkPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub heading: &'static str,
    pub text: &'static str,
    pub call_href: String,
}

/// What there is of a recording.
#[derive(Debug, Clone)]
pub enum Recording {
    /// It can be listened to; `until` says how long it is kept.
    Ready { audio_href: String, download_href: String, until: String },
    /// There is none, or it cannot be read now, and why.
    None(String),
}

/// One thing said in a call, or an event between (then the speaker is empty).
#[derive(Debug, Clone, Default)]
pub struct Turn {
    pub speaker: String,
    /// The agent speaks; otherwise the other side.
    pub agent: bool,
    pub second: i64,
    /// The language, such as `hi`, so that fonts and screen readers know it; may be empty.
    pub lang: String,
    /// What that is called; may be empty.
    pub language: String,
    pub text: String,
}

/// A moment of a call.
#[derive(Debug, Clone)]
pub struct Moments {
    pub word: &'static str,
    pub icon: &'static str,
    /// When; none for what goes on.
    pub at: Option<Moment>,
    pub note: String,
}

/// A page with one section: an account's own, or the parent's over a sub-account with
/// the tabs of that.
#[derive(Template)]
#[template(path = "account/section.html")]
pub struct SectionPage<S: Template + HtmlSafe> {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub tabs: Vec<Tab>,
    pub heading: String,
    pub text: String,
    pub badge: Option<Badge>,
    /// What can be done here: labels with addresses.
    pub actions: Vec<(String, String)>,
    /// Set on a parent's page about a wallet that is not invoiced yet.
    pub waiting: Option<Waiting>,
    pub section: S,
}

impl<S: Template + HtmlSafe> SectionPage<S> {
    /// The page of an account's own dashboard.
    pub fn of(frame: Frame, text: &str, section: S) -> Self {
        let heading = frame.title.clone();
        Self {
            frame,
            crumbs: Vec::new(),
            tabs: Vec::new(),
            heading,
            text: text.into(),
            badge: None,
            actions: Vec::new(),
            waiting: None,
            section,
        }
    }
}

/// The wallet: balance and entries.
#[derive(Template)]
#[template(path = "account/_billing.html")]
pub struct BillingSection {
    pub list_href: String,
    /// The same entries as a file.
    pub export_href: String,
    /// Where the wallet's rules are set, by whoever may: what they are called, and the address.
    pub rules: Option<(String, String)>,
    pub stats: Vec<Stat>,
    /// What the period comes to.
    pub period: Vec<Stat>,
    pub filters: Vec<Field>,
    pub texts: Vec<Field>,
    pub days: Vec<Field>,
    pub filtered: bool,
    pub rows: Vec<PostingRow>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

impl HtmlSafe for BillingSection {}

/// One entry of the wallet.
#[derive(Debug, Clone)]
pub struct PostingRow {
    pub id: String,
    pub at: Moment,
    pub kind: String,
    pub reference: String,
    /// What it leads to: labels with addresses.
    pub links: Vec<(String, String)>,
    /// Who did it.
    pub actor: String,
    pub amount: String,
    pub is_credit: bool,
    /// After this entry.
    pub balance: String,
}

/// The audit log.
#[derive(Template)]
#[template(path = "account/_audit.html")]
pub struct AuditSection {
    pub list_href: String,
    pub filters: Vec<Field>,
    pub days: Vec<Field>,
    pub filtered: bool,
    pub events: Vec<Event>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

impl HtmlSafe for AuditSection {}

/// Something that was done: who, how, what, from what to what, when, from where.
#[derive(Debug, Clone)]
pub struct Event {
    pub icon: &'static str,
    pub actor: String,
    /// "via Access Dashboard", "key Billing sync", or empty.
    pub via: String,
    /// What was done, to follow the actor's name: "lowered the limit of Acme Corp".
    pub sentence: String,
    pub before: String,
    pub after: String,
    pub at: Moment,
    /// The address it came from; may be empty.
    pub from: String,
}
