//! Which way a call goes.

use super::words;

words! {
    /// Who called whom.
    Direction {
        /// Somebody called a number of the account.
        Inbound = "inbound" / "Inbound",
        /// An agent called somebody.
        Outbound = "outbound" / "Outbound",
    }
}
