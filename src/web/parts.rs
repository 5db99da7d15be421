//! View structs of the pieces that `templates/parts/` draws.

use std::fmt::Display;

use askama::{Template, filters::HtmlSafe};

use crate::domain::sub_accounts::allocation;
use crate::web::filters::{self, Moment};

/// A status: icon and word, never colour alone.
#[derive(Debug, Clone)]
pub struct Badge {
    pub word: String,
    /// Suffix of the CSS class: `good`, `warn`, `bad`, `note`, or empty for neutral.
    pub tone: &'static str,
    /// A symbol of `static/icons.svg`.
    pub icon: &'static str,
}

impl Badge {
    /// Any badge.
    pub fn new(word: impl Into<String>, tone: &'static str, icon: &'static str) -> Self {
        Self { word: word.into(), tone, icon }
    }

    /// The status of a sub-account.
    pub fn account(status: &str) -> Self {
        match status {
            "active" => Self::new("Active", "good", "check"),
            "suspended" => Self::new("Suspended", "warn", "pause"),
            "deleting" => Self::new("Deleting", "bad", "trash"),
            other => Self::new(other, "", "dot"),
        }
    }

    /// The status of a call.
    pub fn call(status: &str) -> Self {
        match status {
            "completed" => Self::new("Completed", "good", "check"),
            "created" => Self::new("Created", "note", "clock"),
            "initiated" | "sent" => Self::new("Ringing", "note", "call-out"),
            "received" => Self::new("In progress", "note", "recording"),
            "did_not_pick" => Self::new("Did not pick up", "", "call-missed"),
            "no_answer" => Self::new("No answer", "", "call-missed"),
            "busy" => Self::new("Busy", "warn", "ban"),
            "failed" => Self::new("Failed", "bad", "error"),
            "cancelled" => Self::new("Cancelled", "", "close"),
            "retry_expired" => Self::new("Retries used up", "warn", "clock"),
            other => Self::new(other.replace('_', " "), "", "dot"),
        }
    }
}

/// So much of so much: a bar and the words "7 of 10".
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    pub used: i64,
    pub limit: i64,
}

impl Meter {
    /// The filled part of the bar, 0 to 100; something used is always visible.
    pub fn fill(&self) -> i64 {
        match (self.used, self.limit) {
            (..=0, _) => 0,
            (_, ..=0) => 100,
            (used, limit) => used.saturating_mul(100).checked_div(limit).unwrap_or(100).clamp(2, 100),
        }
    }

    /// Suffix of the bar's class: calm below 80 %, then a warning, then full.
    pub fn tone(&self) -> &'static str {
        match self.fill() {
            100 => "-bad",
            80.. => "-warn",
            _ => "",
        }
    }

    /// The state in words, for those who do not see the colour.
    pub fn word(&self) -> &'static str {
        match self.tone() {
            "-bad" => "at the limit",
            "-warn" => "nearly full",
            _ => "",
        }
    }
}

/// One part of a whole that is divided up, such as the total concurrency.
#[derive(Debug, Clone)]
pub struct Share {
    pub name: String,
    pub amount: i64,
    /// `m1`…`m5`, `m-rest`, `m-free` or `m-over`.
    pub class: String,
}

/// A whole and its shares, drawn as one stacked bar with a legend.
#[derive(Debug, Clone, Default)]
pub struct Allocation {
    pub name: String,
    pub total: i64,
    pub shares: Vec<Share>,
}

impl Allocation {
    /// The largest shares by name, the others together, and what the parent keeps.
    pub fn of_shares(shares: &allocation::Allocation, largest: Vec<allocation::Holder>) -> Self {
        let total = i64::from(shares.total);
        let mut left = i64::from(shares.allocated);
        let mut drawn = Vec::new();
        for (at, holder) in largest.into_iter().enumerate() {
            let amount = i64::from(holder.limit);
            left -= amount;
            if amount > 0 {
                drawn.push(Share { name: holder.name, amount, class: format!("m{}", at + 1) });
            }
        }
        let mut add = |name: &str, amount: i64, class: &str| {
            if amount > 0 {
                drawn.push(Share { name: name.into(), amount, class: class.into() });
            }
        };
        add("Other sub-accounts", left, "m-rest");
        add("Parent reserved", shares.parent_reserved().into(), "m-free");
        add("Too many", shares.excess().into(), "m-over");
        Self { name: "Concurrency".into(), total, shares: drawn }
    }

    /// Each share with where it begins, for a bar as wide as [`Self::width`].
    pub fn segments(&self) -> Vec<(i64, &Share)> {
        let mut at = 0;
        self.shares
            .iter()
            .map(|share| {
                let start = at;
                at += share.amount;
                (start, share)
            })
            .collect()
    }

    /// The width of the drawing: the total, or what is given out when that is more.
    pub fn width(&self) -> i64 {
        let over: i64 = self.shares.iter().filter(|share| share.class == "m-over").map(|s| s.amount).sum();
        (self.total + over).max(1)
    }

    /// The picture in words.
    pub fn summary(&self) -> String {
        let parts: Vec<_> =
            self.shares.iter().map(|share| format!("{} {}", share.name, share.amount)).collect();
        format!("{}, {} in total: {}", self.name, self.total, parts.join(", "))
    }
}

/// One input of a form: what it is called, what was typed, what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// Name in the form and id in the page.
    pub name: String,
    pub label: String,
    pub hint: String,
    pub value: String,
    pub error: Option<String>,
    /// Choices of a select or of radio cards.
    pub options: Vec<Choice>,
}

impl Field {
    /// An empty field.
    pub fn new(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self { name: name.into(), label: label.into(), ..Self::default() }
    }

    /// With words of help beneath the label.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// With what is or was typed in.
    pub fn value(mut self, value: impl Display) -> Self {
        self.value = value.to_string();
        self
    }

    /// With what is wrong.
    pub fn error(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }

    /// With choices.
    pub fn options(mut self, options: Vec<Choice>) -> Self {
        self.options = options;
        self
    }

    /// The ids that describe the input: hint, then error.
    pub fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if !self.hint.is_empty() {
            ids.push(format!("{}-hint", self.name));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.name));
        }
        ids.join(" ")
    }

    /// Whether this is the chosen value.
    pub fn chose(&self, value: &str) -> bool {
        self.value == value
    }
}

/// One choice of a select or of radio cards.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub hint: String,
}

impl Choice {
    /// A choice, with an explanation or an empty one.
    pub fn new(value: impl Into<String>, label: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), hint: hint.into() }
    }
}

/// What is wrong with a form, each with the id of the input to go to.
#[derive(Debug, Clone, Default)]
pub struct ErrorSummary {
    pub items: Vec<(String, String)>,
}

impl ErrorSummary {
    /// Collects the errors of these fields, in their order.
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a Field>) -> Self {
        let wrong = fields
            .into_iter()
            .filter_map(|field| field.error.as_ref().map(|error| (field.name.clone(), error.clone())));
        Self { items: wrong.collect() }
    }
}

/// A step on the way to this page.
#[derive(Debug, Clone)]
pub struct Crumb {
    pub label: String,
    pub href: String,
}

impl Crumb {
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// A link among siblings, drawn as a tab.
#[derive(Debug, Clone)]
pub struct Tab {
    pub label: String,
    pub href: String,
    pub current: bool,
}

impl Tab {
    pub fn new(label: impl Into<String>, href: impl Into<String>, current: bool) -> Self {
        Self { label: label.into(), href: href.into(), current }
    }
}

/// A number worth a tile.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/stat.html")]
pub struct Stat {
    /// Its id in the page, where it changes while one looks; empty where not.
    pub id: String,
    pub label: String,
    pub value: String,
    pub note: String,
    pub meter: Option<Meter>,
}

impl Stat {
    pub fn new(label: impl Into<String>, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), note: note.into(), ..Self::default() }
    }

    /// With an id, by which it changes while one looks.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// With a bar beneath.
    pub fn meter(mut self, used: i64, limit: i64) -> Self {
        self.meter = Some(Meter { used, limit });
        self
    }
}

impl HtmlSafe for Stat {}

/// A meter that changes while one looks.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/live_meter.html")]
pub struct LiveMeter {
    /// Its id in the page.
    pub id: String,
    pub meter: Meter,
}

impl HtmlSafe for LiveMeter {}

/// How old the numbers are that change while one looks, and the button that pauses them.
/// The page holds the script, and the address of the stream in `data-live-source`.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/live_bar.html")]
pub struct LiveBar {
    /// When the page was made.
    pub at: Moment,
}

impl HtmlSafe for LiveBar {}

/// Why the numbers no longer change, and where to go on.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/live_ended.html")]
pub struct LiveEnded {
    pub text: &'static str,
    pub label: &'static str,
    pub href: String,
}

/// The head of a table column.
#[derive(Debug, Clone, Default)]
pub struct Column {
    pub label: String,
    /// Where sorting by it leads, when it can be sorted by.
    pub sort_href: Option<String>,
    /// `ascending`, `descending`, or empty.
    pub sorted: &'static str,
    /// Numbers stand at the end.
    pub end: bool,
    /// The label is for screen readers only.
    pub hidden: bool,
}

impl Column {
    /// A column that cannot be sorted by.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// One that can, and how it is sorted now.
    pub fn sort(mut self, href: impl Into<String>, sorted: &'static str) -> Self {
        self.sort_href = Some(href.into());
        self.sorted = sorted;
        self
    }

    /// Numbers: aligned at the end.
    pub fn end(mut self) -> Self {
        self.end = true;
        self
    }

    /// A column whose cells speak for themselves, such as actions.
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}

/// Where one is in a long list.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// "Showing 1–20 of 1,204" or "20 calls".
    pub summary: String,
    pub newer_href: Option<String>,
    pub older_href: Option<String>,
    /// What the links say: "Newer"/"Older" or "Previous"/"Next".
    pub newer_label: String,
    pub older_label: String,
}

impl Pager {
    /// Of a list that is read by key, the newest first: what is shown of it (`20 calls`), and the keys
    /// to go on from, made addresses by the word that asks for what is `newer` or `older` than one.
    pub fn newest_first<K>(
        shown: &str,
        (newer, older): (Option<K>, Option<K>),
        href: impl Fn(&str, K) -> String,
    ) -> Self {
        Self {
            summary: format!("{shown} shown, newest first"),
            newer_href: newer.map(|key| href("newer", key)),
            older_href: older.map(|key| href("older", key)),
            newer_label: "Newer".into(),
            older_label: "Older".into(),
        }
    }
}

/// Why a list shows nothing; the five are never mixed up.
#[derive(Debug, Clone)]
pub enum Empty {
    /// Nothing was made yet: what it is, and the one thing to do.
    First { title: String, text: String, action: Option<(String, String)>, icon: &'static str },
    /// The filters match nothing.
    NoMatch { title: String, clear_href: String },
    /// Nothing matched in what was looked at, and there is more.
    Stopped { title: String, text: String, onward_href: String },
    /// It cannot be read at the moment; it may well exist.
    Unavailable { title: String, retry_href: String },
    /// The reader may not see it.
    NotAllowed { title: String, text: String },
}
