//! The keys of an account.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::Denied,
    domain::identity::api_keys::{self, Listed},
    values::{ApiKeyId, KEY_PATTERN, Part},
    web::{
        filters::counted,
        page::html,
        parts::{Empty, Pager},
        views::api_keys::{KeyRow, KeysSection},
    },
};

use super::{Desk, PATH, words};

/// Rows on a page.
const PAGE: u16 = 50;

/// What the list's address carries; anything it does not understand is left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct KeysUrl {
    /// `all` shows also those that ended long ago.
    show: String,
    older: String,
    newer: String,
}

impl KeysUrl {
    fn part(&self) -> Part<ApiKeyId> {
        Part::between(self.older.parse().ok(), self.newer.parse().ok())
    }
}

/// `GET …/api-keys`
pub async fn list(desk: Desk, url: web::Query<KeysUrl>) -> Result<HttpResponse, Denied> {
    let all = url.show == "all";
    let (listed, part) = (if all { Listed::All } else { Listed::Current }, url.part());
    let keys = desk.scope.read(move |tx| api_keys::page(tx, listed, part, 0, PAGE)).await?;
    let workspaces = desk.workspaces().await?;
    let (href, now) = (desk.href(), time::OffsetDateTime::now_utc());
    let rows: Vec<KeyRow> = keys
        .rows
        .iter()
        .map(|key| {
            let workspace = workspaces.iter().find(|(id, _)| Some(*id) == key.workspace);
            let facts = words::facts(
                key,
                desk.reach(key.workspace),
                workspace.map(|(_, name)| name.clone()),
                desk.zone(),
            );
            let href = desk.key_href(key.id);
            KeyRow {
                rotate_href: (key.is_accepted(now) && !facts.is_retiring).then(|| format!("{href}/rotate")),
                revoke_href: key.is_accepted(now).then(|| format!("{href}/revoke")),
                href,
                facts,
            }
        })
        .collect();
    let section = KeysSection {
        new_href: format!("{href}/new"),
        other_list: if all {
            ("Hide keys that ended more than 30 days ago".into(), href.clone())
        } else {
            ("Show also keys that ended more than 30 days ago".into(), format!("{href}?show=all"))
        },
        pattern: KEY_PATTERN,
        pager: Pager::newest_first(
            &counted(rows.len(), "key", "keys"),
            keys.ends(|key| key.id),
            |key, id| format!("{href}?{}{key}={id}", if all { "show=all&" } else { "" }),
        ),
        empty: rows.is_empty().then(|| Empty::First {
            title: "No API keys".into(),
            text: "A key lets a program act in this account, with the rights that you choose.".into(),
            action: None,
            icon: "keys",
        }),
        rows,
    };
    let text = "With a key a program uses the API in your place. Whoever has a key can do what it may do.";
    html(&desk.page(desk.frame("API keys"), ("API keys", text), PATH, section))
}
