//! Links to recordings: each opens one recording, in one session, for a short while
//! (`trust.md` S15). Whether its bearer may listen is asked anew whenever it is used.

use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::{
    access::Scope,
    access::permission::Permission,
    values::CallId,
    web::{forms::Context, page::home_href, site::Site},
};

/// How long a link is good for.
pub const LIFE: Duration = Duration::minutes(15);

const PURPOSE: &str = "recording";

/// What the address of a recording says besides which it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SignedUrl {
    /// Until when it is good, in Unix seconds.
    until: String,
    signature: String,
    /// Whether the browser is to keep the file.
    pub(super) download: Option<String>,
}

/// Why a link does not open anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is not one that was given to this session, for this recording.
    Wrong,
    /// It was good, and is not any more.
    Over,
}

/// The link to the recording of a call, for whoever is shown it here and now.
pub fn href<P: Permission>(site: &Site, scope: &Scope<P>, call: CallId) -> String {
    let until = (OffsetDateTime::now_utc() + LIFE).unix_timestamp().to_string();
    let signature =
        site.signer.sign(PURPOSE, &[&scope.bound_to(), &scope.place(), &call.to_string(), &until]);
    let home = home_href(scope.asker().account.id);
    format!("{home}/calls/{call}/recording?until={until}&signature={signature}")
}

impl SignedUrl {
    /// Checks that the link was given to this session, in this account and on this stay, for
    /// this call, and is still good.
    pub(super) fn check<P: Permission>(
        &self,
        site: &Site,
        scope: &Scope<P>,
        call: CallId,
    ) -> Result<(), Refusal> {
        let parts: [&str; 4] = [&scope.bound_to(), &scope.place(), &call.to_string(), &self.until];
        if !site.signer.is_signed(PURPOSE, &parts, &self.signature) {
            return Err(Refusal::Wrong);
        }
        let until = self.until.parse().unwrap_or(0);
        if OffsetDateTime::now_utc().unix_timestamp() < until { Ok(()) } else { Err(Refusal::Over) }
    }

    /// What tells this link from all others: what is heard by it is told once in the log.
    pub(super) fn mark(&self) -> &str {
        &self.signature
    }
}
