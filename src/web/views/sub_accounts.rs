//! The parent's pages about its sub-accounts.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::chart::Chart;
use crate::web::filters::{self, Moment};
use crate::web::frame::{CsrfFields, Frame};
use crate::web::parts::{
    Allocation, Badge, Column, Crumb, Empty, ErrorSummary, Field, LiveBar, LiveMeter, Meter, Pager, Stat, Tab,
};
use crate::web::views::account::Event;

/// All sub-accounts: figures, allocation and the table.
#[derive(Template)]
#[template(path = "sub_accounts/list.html")]
pub struct ListPage {
    pub frame: Frame,
    pub live: LiveBar,
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
    /// Where the numbers of these rows come from while one looks.
    pub live_source: String,
    pub bulk_href: String,
    pub export_href: String,
    pub filters: ListFilters,
    /// Name, status, balance, slots, calls, region, created, actions.
    pub columns: Vec<Column>,
    pub rows: Vec<ListRow>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

impl HtmlSafe for ListTable {}

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
    /// What the calls of a consolidated one cost in 30 days.
    pub cost: i64,
    pub currency: String,
    pub slots: LiveMeter,
    pub calls: i64,
    pub minutes: i64,
    pub region: String,
    pub created: Moment,
    pub last_call: Option<Moment>,
    /// Where Access Dashboard posts to.
    pub enter_href: String,
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

/// The editor of limits: of every sub-account, or of one.
#[derive(Template)]
#[template(path = "sub_accounts/limits.html")]
pub struct LimitsPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    /// The pages of the one sub-account; empty for all.
    pub tabs: Vec<Tab>,
    pub heading: String,
    pub badge: Option<Badge>,
    pub editor: LimitsForm,
}

/// The editor itself: swapped as a whole by htmx (`#limits`). It posts `step` = `recalculate`, `review`,
/// `save` or `edit`, and per row the limit it was shown with and the one that is wanted.
#[derive(Template)]
#[template(path = "sub_accounts/_limits_form.html")]
pub struct LimitsForm {
    pub csrf: CsrfFields,
    pub action: String,
    pub errors: ErrorSummary,
    pub totals: LimitsTotals,
    /// More is given out than there is.
    pub over: bool,
    pub rows: Vec<LimitRow>,
    /// "Review changes" was pressed.
    pub reviewing: bool,
    /// "Save" was pressed after something else had been typed.
    pub changed_since_review: bool,
    /// What would change.
    pub changes: Vec<ReviewedLimit>,
    pub pager: Pager,
}

impl HtmlSafe for LimitsForm {}

/// The sums, worked out anew as one types: swapped by htmx (`#limits-totals`).
#[derive(Template)]
#[template(path = "sub_accounts/_limits_totals.html")]
pub struct LimitsTotals {
    pub stats: Vec<Stat>,
    pub allocation: Allocation,
    /// "20 of 200 are free", or by how much too many are given out.
    pub free_text: String,
    pub over: bool,
}

impl HtmlSafe for LimitsTotals {}

/// One sub-account in the editor.
#[derive(Debug, Clone)]
pub struct LimitRow {
    pub name: String,
    pub href: String,
    pub badge: Badge,
    pub slots: Meter,
    /// The limit as it is.
    pub now: i64,
    pub seen_name: String,
    /// The limit that the editor was shown.
    pub seen: i32,
    pub field: Field,
}

/// One line of the review.
#[derive(Debug, Clone)]
pub struct ReviewedLimit {
    /// The hidden field that repeats what was reviewed.
    pub field_name: String,
    pub name: String,
    pub before: i64,
    pub after: i64,
    /// When it takes effect, in words.
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
    /// Where Access Dashboard posts to, with an optional `reason`.
    pub access_href: String,
    /// Where its wallet is recharged by whoever may.
    pub recharge_href: Option<String>,
    /// Set while it is suspended: where it is reactivated.
    pub reactivate_href: Option<String>,
    /// Set while this browser is inside: where that is.
    pub inside_href: Option<String>,
    pub live: LiveBar,
    /// Where the numbers come from that change while one looks.
    pub live_source: String,
    pub stats: Vec<Stat>,
    pub charts: Vec<Chart>,
    pub audit_href: String,
    pub events: Vec<Event>,
    pub facts: Vec<(String, String)>,
    pub created: Moment,
}

/// The name and the danger zone.
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
    /// The name that the editor is shown, sent back to notice a change in between.
    pub seen: String,
    pub name_field: Field,
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
    /// Region and id, by which it is told from another of its name.
    pub told_apart: String,
    /// Offered while it is not suspended.
    pub suspend_href: Option<String>,
    /// Count and what is counted: ("12", "agents").
    pub goes: Vec<(String, String)>,
    pub stays: Vec<String>,
    pub action: String,
    /// What is left in the wallet, in minor units; the box `acknowledge_balance` gives it up.
    pub balance: Option<i64>,
    pub balance_text: String,
    pub balance_error: Option<String>,
    pub balance_acknowledged: bool,
    /// The name, typed.
    pub confirm: Field,
    pub cancel_href: String,
}

/// What became of a bulk change, row by row.
#[derive(Template)]
#[template(path = "sub_accounts/bulk_result.html")]
pub struct BulkResultPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub heading: String,
    pub rows: Vec<BulkResultRow>,
    pub back_href: String,
}

/// What became of one sub-account.
#[derive(Debug, Clone)]
pub struct BulkResultRow {
    pub name: String,
    pub href: String,
    pub good: bool,
    pub result: String,
}

/// What was deleted, latest first.
#[derive(Template)]
#[template(path = "sub_accounts/deletions.html")]
pub struct DeletionsPage {
    pub frame: Frame,
    pub rows: Vec<CertificateRow>,
    pub empty: Option<Empty>,
}

/// One deletion.
#[derive(Debug, Clone)]
pub struct CertificateRow {
    pub name: String,
    pub href: String,
    pub badge: Badge,
    pub requested_by: String,
    pub requested: Moment,
    /// None while the erasure goes on.
    pub completed: Option<Moment>,
}

/// The certificate of one deletion.
#[derive(Template)]
#[template(path = "sub_accounts/certificate.html")]
pub struct CertificatePage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub row: CertificateRow,
    pub id: String,
    pub sub_account: String,
    pub region: String,
    pub written_off: String,
    /// Count and what was counted; empty until it is counted.
    pub erased: Vec<(String, String)>,
}
