//! Keys in plain words.

use crate::{
    domain::identity::api_keys::{ApiKey, KeyStatus, Lifetime},
    values::{KeyReach, KeyScopes},
    web::{
        filters::Zone,
        parts::{Badge, Choice, Field},
        views::api_keys::KeyFacts,
    },
};

/// The status of a key.
pub(super) fn badge(status: KeyStatus) -> Badge {
    match status {
        KeyStatus::InUse => Badge::new(status.label(), "good", "check"),
        KeyStatus::Retiring => Badge::new(status.label(), "warn", "clock"),
        KeyStatus::Expired => Badge::new(status.label(), "", "clock"),
        KeyStatus::Revoked => Badge::new(status.label(), "bad", "ban"),
    }
}

/// What somebody may do who has these rights: a few lines.
pub(super) fn rights(scopes: &KeyScopes, reach: KeyReach) -> Vec<String> {
    if *scopes == KeyScopes::all(reach) {
        let all = match reach {
            KeyReach::Organization => "Everything, sub-accounts included",
            KeyReach::SubAccount => "Everything in this account",
            KeyReach::Workspace => "Everything in its workspace",
        };
        return vec![all.into()];
    }
    if scopes.is_empty() {
        return vec!["Nothing".into()];
    }
    scopes
        .iter()
        .map(|scope| format!("{}: {}", scope.area.label(), scope.level.label().to_lowercase()))
        .collect()
}

/// What is known of a key, for people.
pub(super) fn facts(key: &ApiKey, reach: KeyReach, workspace: Option<String>, zone: Zone) -> KeyFacts {
    let now = time::OffsetDateTime::now_utc();
    KeyFacts {
        name: key.name.clone(),
        hint: format!("dnx_{}_…{}", key.mode.as_str(), key.hint),
        badge: badge(key.status(now)),
        mode: key.mode.label().to_owned(),
        rights: rights(&key.scopes, reach),
        workspace: workspace.unwrap_or_default(),
        created: zone.show(key.created_at),
        last_used: key.last_used_at.map(|at| zone.show(at)),
        last_used_from: key.last_used_ip.clone().unwrap_or_default(),
        expires: key.expires_at.map(|at| zone.show(at)),
        revoked: key.revoked_at.map(|at| zone.show(at)),
        is_retiring: key.status(now) == KeyStatus::Retiring,
    }
}

/// How long a key can be made to be accepted, as forms offer it.
const LIFETIMES: [(&str, &str); 4] =
    [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("never", "It never expires")];

/// The choice of a lifetime, after what is offered `before` the usual ones.
pub(super) fn lifetime_field(chosen: &str, before: Option<(&str, &str)>) -> Field {
    let options = before.into_iter().chain(LIFETIMES).map(|(value, label)| Choice::new(value, label, ""));
    Field::new("lifetime", "Expires after")
        .hint("A key that ends by itself is of less use to whoever finds it. You can rotate it before.")
        .value(chosen)
        .options(options.collect())
}

/// The lifetime that was chosen.
pub(super) fn lifetime(chosen: &str) -> Option<Lifetime> {
    match chosen {
        "30" => Some(Lifetime::Days(30)),
        "90" => Some(Lifetime::Days(90)),
        "365" => Some(Lifetime::Days(365)),
        "never" => Some(Lifetime::Unlimited),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_told_in_words() {
        let some: KeyScopes = ["agents:read", "calls:write"].iter().map(|s| s.parse().unwrap()).collect();
        let reach = KeyReach::SubAccount;
        assert_eq!(rights(&some, reach), ["Agents: read", "Calls: read and change"]);
        assert_eq!(rights(&KeyScopes::all(reach), reach), ["Everything in this account"]);
        assert_eq!(rights(&KeyScopes::default(), reach), ["Nothing"]);
    }

    #[test]
    fn every_lifetime_that_is_offered_is_understood() {
        assert!(LIFETIMES.iter().all(|(value, _)| lifetime(value).is_some()));
        assert_eq!(lifetime("0"), None);
    }
}
