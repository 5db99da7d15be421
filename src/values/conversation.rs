//! What is said in a call, and how.

use serde::{Deserialize, Serialize};

use super::words;

words! {
    /// How the other side felt about it, by the analysis.
    Sentiment {
        /// Content.
        Positive = "positive" / "Positive",
        /// Neither.
        Neutral = "neutral" / "Neutral",
        /// Discontent.
        Negative = "negative" / "Negative",
    }
}

words! {
    /// Who speaks.
    Speaker {
        /// The agent.
        Agent = "agent" / "Agent",
        /// The other side.
        Caller = "caller" / "Caller",
    }
}

/// One thing said in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// By whom.
    pub speaker: Speaker,
    /// Seconds after the answer.
    pub at: u32,
    /// What. Anybody may have said anything: it is hostile text wherever it is shown.
    pub text: String,
    /// The language, such as `hi`; empty where it is not known.
    #[serde(default)]
    pub language: String,
}
