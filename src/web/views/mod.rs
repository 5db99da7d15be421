//! One view struct per page and per fragment. Handlers fill them with text, numbers and addresses; no
//! database row reaches a template.

pub mod account;
pub mod api_docs;
pub mod api_keys;
pub mod gate;
pub mod invoices;
pub mod money;
pub mod people;
pub mod retention;
pub mod sub_accounts;
pub mod wallet;
pub mod webhooks;

use askama::Template;

use crate::web::filters;
use crate::web::frame::Frame;
use crate::web::parts::{Badge, ErrorSummary, Field};

/// The sign-in page of the product or of a brand's own domain.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    pub frame: Frame,
    pub action: String,
    /// Where to go after signing in; a path of this site.
    pub next: String,
    pub email: Field,
    pub password: Field,
    pub errors: ErrorSummary,
    pub forgot_href: String,
}

/// Any page that says why it shows nothing: not found, forbidden, too busy, a fault.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub frame: Frame,
    /// A symbol of `static/icons.svg`.
    pub icon: &'static str,
    pub heading: String,
    pub text: String,
    pub action: Option<(String, String)>,
    pub request_id: String,
}

/// The account switcher: only the accounts one belongs to.
#[derive(Template)]
#[template(path = "accounts.html")]
pub struct AccountsPage {
    pub frame: Frame,
    pub q: String,
    /// With few accounts there is nothing to search.
    pub q_hidden: bool,
    pub accounts: Vec<AccountLink>,
}

/// One account of the switcher.
#[derive(Debug, Clone)]
pub struct AccountLink {
    pub name: String,
    pub letter: String,
    pub kind: String,
    pub role: String,
    pub href: String,
    /// Set when it is worth a word, such as "Suspended".
    pub badge: Option<Badge>,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => collect(&path, found),
                path => found.push(path),
            }
        }
    }

    fn sources() -> Vec<(String, String)> {
        let mut found = Vec::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut found);
        found
            .into_iter()
            .map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()))
            .collect()
    }

    /// What stands in the quotes after each `start`.
    fn quoted<'a>(source: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
        source.split(start).skip(1).filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn templates_hold_nothing_that_the_policy_forbids() {
        let never =
            [" style=", "<style", "|safe", "| safe", "hx-on", "hx-vals=\"js", "javascript:", " onclick="];
        for (path, source) in sources() {
            for never in never {
                assert!(!source.contains(never), "{path} has {never}");
            }
            for script in source.split("<script").skip(1) {
                assert!(script.starts_with(" src="), "{path} has an inline script");
            }
            for trigger in quoted(&source, "hx-trigger=\"") {
                assert!(!trigger.contains('['), "{path} has a trigger filter");
            }
        }
    }

    #[test]
    fn every_form_that_posts_carries_the_token() {
        for (path, source) in sources() {
            for form in source.split("<form").skip(1) {
                let inside = form.split("</form>").next().unwrap_or_default();
                let posts = inside.contains("method=\"post\"");
                assert!(!posts || inside.contains("ui::csrf("), "{path}: <form{inside}");
            }
        }
    }

    #[test]
    fn every_icon_and_file_named_exists() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let sprite = fs::read_to_string(folder.join("static/icons.svg")).unwrap();
        for (path, source) in sources() {
            for name in quoted(&source, "icon(\"") {
                assert!(sprite.contains(&format!("id=\"{name}\"")), "{path}: no icon {name}");
            }
            for name in quoted(&source, "asset_url(\"") {
                assert!(folder.join("static").join(name).is_file(), "{path}: no file {name}");
            }
        }
    }
}
