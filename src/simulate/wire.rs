//! What goes over the wire, as the published contracts have it. What is not looked at is
//! left out.

use serde::Deserialize;

use crate::values::Direction;

/// A call that was admitted, as it is handed to an engine.
#[derive(Debug, Clone, Deserialize)]
pub struct Admitted {
    pub call_id: String,
    pub lease: String,
    pub direction: Direction,
    pub from: String,
    pub to: String,
    pub agent: Speaking,
    /// How often it is to be told that the call goes on, in seconds.
    pub heartbeat_seconds: u32,
    /// How long it may last, in seconds.
    pub max_duration_seconds: u32,
    /// Whether it is recorded: yes, unless said.
    #[serde(default = "yes")]
    pub record: bool,
}

fn yes() -> bool {
    true
}

impl Admitted {
    /// The number of the account.
    pub fn own_number(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.to,
            Direction::Outbound => &self.from,
        }
    }
}

/// The agent that speaks.
#[derive(Debug, Clone, Deserialize)]
pub struct Speaking {
    pub name: String,
    pub settings: serde_json::Value,
}

/// Calls that waited for an engine.
#[derive(Debug, Deserialize)]
pub struct Claimed {
    pub calls: Vec<Admitted>,
}

/// What is to become of a call that goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Heard {
    /// To a heartbeat: `continue` or `end`.
    pub action: String,
    pub reason: Option<String>,
    /// In how many seconds it is to end: what is paid lasts so long.
    pub in_seconds: Option<u64>,
    /// To other reports: it has been closed.
    pub late: bool,
}

/// A call that ended, as the server has it.
#[derive(Debug, Deserialize)]
pub struct Ended {
    pub status: String,
    /// It was closed before, because nothing was heard of it.
    #[serde(default)]
    pub late: bool,
}

/// The account of a key.
#[derive(Debug, Deserialize)]
pub struct Me {
    pub account: OwnAccount,
}

#[derive(Debug, Deserialize)]
pub struct OwnAccount {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub struct SubAccounts {
    pub data: Vec<SubAccount>,
    pub meta: Meta,
}

#[derive(Debug, Deserialize)]
pub struct Meta {
    #[serde(rename = "totalPages")]
    pub total_pages: u32,
}

#[derive(Debug, Deserialize)]
pub struct SubAccount {
    pub sub_account_id: String,
    pub name: String,
    pub region: String,
    pub concurrency_limit: u32,
}

#[derive(Debug, Deserialize)]
pub struct Numbers {
    pub items: Vec<Number>,
}

#[derive(Debug, Deserialize)]
pub struct Number {
    pub phone_number: String,
    pub inbound_agent_id: Option<String>,
    pub outbound_agent_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Agents {
    pub agents: Vec<Agent>,
}

#[derive(Debug, Deserialize)]
pub struct Agent {
    pub id: String,
}

/// Why something was refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refusal {
    pub code: String,
}
