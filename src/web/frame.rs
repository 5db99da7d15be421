//! What stands around every page.

use time::OffsetDateTime;

use crate::{
    values::first_letter,
    web::filters::{Moment, Zone},
};

/// The frame of a signed-in page: brand, account, navigation, person, banner, notice.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The page's own title; the layout adds account and brand.
    pub title: String,
    /// The product's name as this visitor may see it: "DialNexa", or the white-label name.
    pub brand: String,
    /// The brand's logo, when it has one; otherwise its first letter is drawn.
    pub logo_href: Option<String>,
    /// The brand's own stylesheet (it sets the `--accent` group only).
    pub brand_css_href: Option<String>,
    /// The brand's favicon.
    pub favicon_href: Option<String>,
    /// Where to ask for help: an address or a page of the brand.
    pub support_href: Option<String>,
    /// The account the page is about; none on personal pages such as the switcher.
    pub account: Option<AccountBadge>,
    /// Groups of the side navigation; empty for pages outside an account.
    pub nav: Vec<NavGroup>,
    /// Who is signed in.
    pub person: Option<PersonBadge>,
    /// Where the person leaves the account for good, when they can.
    pub leave_account_href: Option<String>,
    /// Set while a parent's admin is in a sub-account through Access Dashboard.
    pub acting: Option<Acting>,
    /// What the last action did.
    pub notice: Option<Notice>,
    /// Set when the account is suspended: what that means for the reader.
    pub suspended_notice: Option<String>,
    /// What every form that posts must carry.
    pub csrf: CsrfFields,
    /// The page is shown again because of wrong input: the title begins with "Error: ".
    pub has_errors: bool,
}

/// The account a page is about.
#[derive(Debug, Clone, Default)]
pub struct AccountBadge {
    pub name: String,
    /// "Organization" or "Sub-account", in the reader's words.
    pub kind: String,
    pub home_href: String,
}

/// A titled group of navigation links; the first group usually has no title.
#[derive(Debug, Clone, Default)]
pub struct NavGroup {
    pub title: Option<String>,
    pub items: Vec<NavItem>,
}

/// One link of the side navigation.
#[derive(Debug, Clone, Default)]
pub struct NavItem {
    pub label: String,
    pub href: String,
    /// A symbol of `static/icons.svg`.
    pub icon: String,
    pub current: bool,
    /// A number worth seeing from afar, such as pending invitations.
    pub count: Option<String>,
}

impl NavItem {
    /// A link that is not the current page.
    pub fn new(label: impl Into<String>, href: impl Into<String>, icon: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into(), icon: icon.into(), current: false, count: None }
    }

    /// The same link, marked as where the reader is when `here` holds.
    pub fn current_if(mut self, here: bool) -> Self {
        self.current = here;
        self
    }
}

/// Who is signed in.
#[derive(Debug, Clone, Default)]
pub struct PersonBadge {
    pub name: String,
    pub email: String,
}

impl PersonBadge {
    /// At most two letters for the round badge.
    pub fn initials(&self) -> String {
        let source = if self.name.trim().is_empty() { &self.email } else { &self.name };
        let mut words = source.split_whitespace().filter_map(|word| word.chars().next());
        let first = words.next();
        first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
    }
}

/// The Access Dashboard banner: who acts, where, for how long, and the way out.
#[derive(Debug, Clone)]
pub struct Acting {
    pub person: String,
    pub account: String,
    pub minutes_left: u32,
    pub until: OffsetDateTime,
    pub zone: Zone,
    /// Where the Leave button posts to.
    pub leave_href: String,
}

impl Acting {
    /// The end, in the reader's zone.
    pub fn until(&self) -> Moment {
        self.zone.show(self.until)
    }
}

/// What the last action did, shown once above the page.
#[derive(Debug, Clone)]
pub struct Notice {
    pub kind: NoticeKind,
    pub text: String,
    /// A next step, when there is one.
    pub link: Option<(String, String)>,
}

impl Notice {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Good, text: text.into(), link: None }
    }

    /// Something could not be done.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Bad, text: text.into(), link: None }
    }
}

/// How weighty a notice is; decides its icon, word and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    Good,
    Info,
    Warn,
    Bad,
}

impl NoticeKind {
    /// The suffix of the CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Info => "note",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// The symbol of `static/icons.svg`.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Good => "check",
            Self::Info => "info",
            Self::Warn => "warning",
            Self::Bad => "error",
        }
    }

    /// The word that says it without colour.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "Done",
            Self::Info => "Note",
            Self::Warn => "Attention",
            Self::Bad => "Failed",
        }
    }
}

/// What every form that posts carries: the context it was made in, and the session's token for it.
#[derive(Debug, Clone, Default)]
pub struct CsrfFields {
    pub context: String,
    pub token: String,
}

impl Frame {
    /// What the browser's tab says: page, account, brand; told apart while acting and after errors.
    pub fn document_title(&self) -> String {
        let mut title = String::new();
        if self.has_errors {
            title.push_str("Error: ");
        }
        title.push_str(&self.title);
        if let Some(acting) = &self.acting {
            title = format!("{title} – Acting in {}", acting.account);
        } else if let Some(account) = &self.account {
            title = format!("{title} – {}", account.name);
        }
        format!("{title} – {}", self.brand)
    }

    /// The brand's first letter, drawn where there is no logo.
    pub fn brand_letter(&self) -> String {
        first_letter(&self.brand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_names_page_account_and_brand() {
        let frame = Frame {
            title: "Limits".into(),
            brand: "DialNexa".into(),
            account: Some(AccountBadge { name: "Northwind Voice".into(), ..AccountBadge::default() }),
            has_errors: true,
            ..Frame::default()
        };
        assert_eq!(frame.document_title(), "Error: Limits – Northwind Voice – DialNexa");
    }

    #[test]
    fn initials_are_first_and_last() {
        let badge = |name: &str| PersonBadge { name: name.into(), email: "x@example".into() }.initials();
        assert_eq!(badge("Asha Devi Rao"), "AR");
        assert_eq!(badge("आशा राव"), "आर");
        assert_eq!(badge("Asha"), "A");
        assert_eq!(badge(""), "X");
    }
}
