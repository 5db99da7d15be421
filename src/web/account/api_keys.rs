//! The API keys of an account, as its parent sees them.

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::identity::api_keys,
    web::{
        page::zone,
        parts::{Badge, Empty},
        views::people::{KeyRow, KeysSection},
    },
};

/// The section.
pub async fn section(scope: &Scope<Administer>) -> Result<KeysSection, Denied> {
    let keys = scope.read(api_keys::list).await?;
    let zone = zone(scope.asker());
    let now = time::OffsetDateTime::now_utc();
    let rows: Vec<_> = keys
        .into_iter()
        .map(|key| KeyRow {
            badge: match (key.revoked_at, key.expires_at) {
                (Some(_), _) => Badge::new("Revoked", "bad", "ban"),
                (None, Some(at)) if at <= now => Badge::new("Expired", "warn", "clock"),
                _ => Badge::new("In use", "good", "check"),
            },
            hint: format!("dnx_{}_…{}", key.mode.as_str(), key.token_hint),
            name: key.name,
            mode: key.mode.label().to_owned(),
            created: zone.show(key.created_at),
            last_used: key.last_used_at.map(|at| zone.show(at)),
            expires: key.expires_at.map(|at| zone.show(at)),
        })
        .collect();
    Ok(KeysSection {
        empty: rows.is_empty().then(|| Empty::First {
            title: "No API keys".into(),
            text: "A key lets a program act in this sub-account, and nowhere else.".into(),
            action: None,
            icon: "keys",
        }),
        rows,
    })
}
