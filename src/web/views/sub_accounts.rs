//! The parent's pages about its sub-accounts.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::chart::{Chart, Picture};
use crate::web::filters::{self, Moment};
use crate::web::frame::{CsrfFields, Frame};
use crate::web::parts::{
    Allocation, Badge, Column, Crumb, Empty, ErrorSummary, Field, Meter, Pager, Stat, Tab,
};
use crate::web::views::account::Event;

/// All sub-accounts: figures, allocation and the table.
#[derive(Template)]
#[template(path = "sub_accounts/list.html")]
pub struct ListPage {
    pub frame: Frame,
    pub stats: Vec<Stat>,
    pub allocation: Option<Allocation>,
    pub limits_href: String,
    pub new_href: String,
    pub table: ListTable,
}

/// The table with its filters: swapped as a whole by htmx (`#sub-accounts`).
#[derive(Template)]
#[template(path = "sub_accounts/_table.html")]
pub struct ListTable {
    pub csrf: CsrfFields,
    pub list_href: String,
    pub bulk_href: String,
    pub export_href: String,
    pub filters: ListFilters,
    /// Name, status, balance, slots, calls, trend, region, created, actions: see [`ListTable::columns`].
    pub columns: Vec<Column>,
    pub rows: Vec<ListRow>,
    pub totals: ListTotals,
    pub currency: String,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

impl HtmlSafe for ListTable {}

impl ListTable {
    /// The nine columns; `sorted` is the current key with its direction, `href` makes the address that
    /// sorts by a key.
    pub fn columns(sorted: (&str, &'static str), href: impl Fn(&str) -> String) -> Vec<Column> {
        let sort = |label: &str, key: &str| {
            Column::new(label).sort(href(key), if sorted.0 == key { sorted.1 } else { "" })
        };
        vec![
            sort("Name", "name"),
            Column::new("Status"),
            sort("Balance", "balance").end(),
            sort("Calls at once", "in_use"),
            sort("Calls, 30 days", "calls").end(),
            Column::new("Trend").hidden(),
            Column::new("Region"),
            sort("Created", "created"),
            Column::new("Actions").hidden(),
        ]
    }
}

/// What the list is narrowed to. The selects are named `status`, `billing`, `region` and `sort`.
#[derive(Debug, Clone, Default)]
pub struct ListFilters {
    pub q: String,
    pub status: Field,
    pub billing: Field,
    pub region: Field,
    pub sort: Field,
    /// Any of them narrows the list: "Clear" is offered.
    pub active: bool,
}

/// One sub-account in the list.
#[derive(Debug, Clone)]
pub struct ListRow {
    pub id: String,
    pub name: String,
    pub href: String,
    pub external_id: String,
    pub badge: Badge,
    /// None: charged to the parent's wallet ("Consolidated").
    pub balance: Option<i64>,
    pub low: bool,
    pub slots: Meter,
    pub calls: i64,
    pub trend: Picture,
    pub region: String,
    pub created: Moment,
    /// Where Access Dashboard posts to, when the reader may.
    pub enter_href: Option<String>,
}

/// The last line of the list, over all pages of the current filter.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListTotals {
    pub count: i64,
    pub balance: i64,
    pub slots: Meter,
    pub calls: i64,
}

/// The form that makes one. Fields: `name`, `billing_mode`, `region`, `concurrency_limit`, `external_id`.
#[derive(Template)]
#[template(path = "sub_accounts/new.html")]
pub struct NewPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub action: String,
    pub cancel_href: String,
    pub idempotency_key: String,
    pub errors: ErrorSummary,
    pub name: Field,
    pub billing_mode: Field,
    pub region: Field,
    pub concurrency_limit: Field,
    /// "of 100 free"
    pub limit_suffix: String,
    pub external_id: Field,
}

/// One editor for every limit of the organization.
#[derive(Template)]
#[template(path = "sub_accounts/limits.html")]
pub struct LimitsPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub editor: LimitsForm,
}

/// The editor itself: swapped as a whole by htmx (`#limits`). It posts `step` = `recalculate`, `review`,
/// `save` or `edit`, `version`, and one number per row under the name of its field.
#[derive(Template)]
#[template(path = "sub_accounts/_limits_form.html")]
pub struct LimitsForm {
    pub csrf: CsrfFields,
    pub action: String,
    pub version: String,
    pub errors: ErrorSummary,
    pub stats: Vec<Stat>,
    pub allocation: Allocation,
    pub rows: Vec<LimitRow>,
    /// Set after "Review changes": what would change. Empty while editing.
    pub changes: Vec<LimitChange>,
    /// "20 of 200 are free", or by how much too many are given out and who holds the rest.
    pub free_text: String,
}

impl HtmlSafe for LimitsForm {}

/// One holder of slots: a sub-account, or what the parent keeps for itself.
#[derive(Debug, Clone)]
pub struct LimitRow {
    pub name: String,
    pub href: Option<String>,
    pub badge: Option<Badge>,
    pub slots: Meter,
    pub peak: i64,
    pub refused: i64,
    pub field: Field,
}

/// One line of the review.
#[derive(Debug, Clone)]
pub struct LimitChange {
    pub name: String,
    pub before: i64,
    pub after: i64,
    /// "New calls at once", or that slots in use stay counted until their calls end.
    pub note: String,
}

/// One sub-account as its parent sees it.
#[derive(Template)]
#[template(path = "sub_accounts/show.html")]
pub struct ShowPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub tabs: Vec<Tab>,
    pub id: String,
    pub name: String,
    pub badge: Badge,
    pub enter_href: Option<String>,
    pub stats: Vec<Stat>,
    pub calls: Chart,
    pub audit_href: String,
    pub events: Vec<Event>,
    pub facts: Vec<(String, String)>,
    pub created: Moment,
}

/// Name, billing mode and the danger zone. Fields: `name`, `external_id`; `billing_mode`.
#[derive(Template)]
#[template(path = "sub_accounts/settings.html")]
pub struct SettingsPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub tabs: Vec<Tab>,
    pub errors: ErrorSummary,
    pub name: String,
    pub badge: Badge,
    pub rename_href: String,
    pub name_field: Field,
    pub external_id: Field,
    pub billing_href: String,
    pub billing_mode: Field,
    pub suspended: bool,
    /// The page that says what suspending, or reactivating, will do.
    pub suspend_href: String,
    pub delete_href: String,
}

/// Before suspending or reactivating: what will happen, then one button.
#[derive(Template)]
#[template(path = "sub_accounts/confirm.html")]
pub struct ConfirmPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    /// "Suspend Acme Corp"
    pub heading: String,
    pub text: String,
    /// Plain sentences, with live counts.
    pub consequences: Vec<String>,
    pub action: String,
    /// The ids or other values that the form repeats.
    pub hidden: Vec<(String, String)>,
    /// The verb with its object.
    pub button: String,
    pub button_icon: &'static str,
    pub danger: bool,
    /// Set where the password is asked for once more.
    pub password: Option<Field>,
    pub cancel_href: String,
}

/// Deleting: live counts of what goes, the name typed, a remaining balance acknowledged.
#[derive(Template)]
#[template(path = "sub_accounts/delete.html")]
pub struct DeletePage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub name: String,
    /// "Delete Acme Corp"
    pub heading: String,
    /// Offered while it is not suspended.
    pub suspend_href: Option<String>,
    /// Count and what is counted: ("12", "agents").
    pub goes: Vec<(String, String)>,
    pub stays: Vec<String>,
    pub action: String,
    /// What ticking the box `write_off` acknowledges, when money is left.
    pub balance_text: Option<String>,
    pub balance_error: Option<String>,
    pub balance_acknowledged: bool,
    /// The field `confirm`.
    pub confirm: Field,
    pub cancel_href: String,
}
