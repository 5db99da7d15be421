//! The limits editor: all sub-accounts, or one (`domain.md` 3.3).
//!
//! It is one form with one button per step: recalculate, review, save. As one types, the
//! sums alone are worked out anew. Each row carries the limit it was shown with, so that
//! nobody's change is overwritten unseen.

use std::collections::HashMap;

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::{
        limits::{self, LimitChange, Outcome, Overtaken},
        sub_accounts::{
            allocation::{self, Allocation, Holder, Shortage},
            create::limit_of,
            list::{self, Cursor, Listed, Query},
        },
    },
    error::Error,
    values::SubAccountId,
    web::{
        filters::number_text,
        forms::Submitted,
        notices::told,
        page::{Here, Visit, html, html_as, see},
        parts::{self, Badge, ErrorSummary, Field, Meter, Pager, Stat},
        views::sub_accounts::{LimitRow, LimitsForm, LimitsPage, LimitsTotals, ReviewedLimit},
    },
};

use super::Place;

/// Rows of the editor on one page.
const PAGE: i64 = 100;

/// Which part of a long editor.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EditorUrl {
    q: String,
    from: String,
}

/// What the editor edits.
enum Subject {
    All(Query),
    One(SubAccountId),
}

impl Subject {
    fn all(url: &EditorUrl) -> Self {
        Self::All(Query {
            search: Some(url.q.trim().to_owned()).filter(|q| !q.is_empty()),
            from: Cursor::decode(&url.from),
            page_size: PAGE,
            ..Query::default()
        })
    }

    fn href(&self, scope: &Scope<ManageSubAccounts>) -> String {
        match self {
            Self::All(_) => format!("{}/limits", super::list_href(scope)),
            Self::One(id) => format!("{}/limits", super::href(scope, *id)),
        }
    }
}

/// The form as it is sent: `step`, and for each row `limit-{id}` and `seen-{id}`.
type EditorForm = Vec<(String, String)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Totals,
    Recalculate,
    Review,
    Save,
    Edit,
}

/// What was typed, read row by row.
#[derive(Default)]
struct Typed {
    limits: HashMap<SubAccountId, String>,
    seen: HashMap<SubAccountId, i32>,
    /// What the review showed, when it is confirmed.
    reviewed: HashMap<SubAccountId, i32>,
}

impl Typed {
    /// Reads the form; every limit comes once, with the one it was shown with.
    fn read(form: &EditorForm) -> Result<(Self, Step), Error> {
        let mut typed = Self::default();
        let mut step = Step::Recalculate;
        for (name, value) in form {
            let limit = name.strip_prefix("limit-").and_then(|id| id.parse::<SubAccountId>().ok());
            let seen = name.strip_prefix("seen-").and_then(|id| id.parse::<SubAccountId>().ok());
            let reviewed = name.strip_prefix("reviewed-").and_then(|id| id.parse::<SubAccountId>().ok());
            let is_understood = match (limit, seen) {
                (None, None) if reviewed.is_some() => {
                    let (id, value) = (reviewed, value.parse().ok());
                    id.zip(value).is_some_and(|(id, value)| typed.reviewed.insert(id, value).is_none())
                }
                (Some(id), _) => typed.limits.insert(id, value.clone()).is_none(),
                (_, Some(id)) => value.parse().is_ok_and(|seen| typed.seen.insert(id, seen).is_none()),
                _ if name == "step" => {
                    step = match value.as_str() {
                        "totals" => Step::Totals,
                        "review" => Step::Review,
                        "save" => Step::Save,
                        "edit" => Step::Edit,
                        _ => Step::Recalculate,
                    };
                    true
                }
                _ => false,
            };
            if !is_understood {
                return Err(Error::invalid(
                    name.clone(),
                    "This field is not one of the editor, or came twice.",
                ));
            }
        }
        match typed.limits.keys().find(|id| !typed.seen.contains_key(id)) {
            Some(id) => {
                Err(Error::invalid(format!("seen-{id}"), "The limit that the editor was shown is missing."))
            }
            None => Ok((typed, step)),
        }
    }

    /// Whether what is saved is what the review showed.
    fn is_reviewed(&self, changes: &[LimitChange]) -> bool {
        self.reviewed.is_empty()
            || (changes.len() == self.reviewed.len()
                && changes.iter().all(|change| self.reviewed.get(&change.id) == Some(&change.to)))
    }

    /// The changes that can be understood, and what is wrong with the rest.
    fn changes(&self) -> (Vec<LimitChange>, HashMap<SubAccountId, String>) {
        let (mut changes, mut wrong) = (Vec::new(), HashMap::new());
        for (id, text) in &self.limits {
            match (limit_of(super::whole_number(text)), self.seen.get(id)) {
                (Ok(to), Some(seen)) if to != *seen => {
                    changes.push(LimitChange { id: *id, seen: Some(*seen), to });
                }
                (Err(error), _) => {
                    wrong.insert(*id, error.message);
                }
                _ => {}
            }
        }
        changes.sort_by_key(|change| change.id);
        (changes, wrong)
    }
}

/// What the editor shows beside the plain rows.
#[derive(Default)]
struct Remarks {
    wrong: HashMap<SubAccountId, String>,
    overtaken: Vec<Overtaken>,
    shortage: Option<Shortage>,
    review: bool,
    /// Something was typed after the review.
    changed_since_review: bool,
}

/// `GET /accounts/{account}/sub-accounts/limits`
pub async fn edit_all(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    url: web::Query<EditorUrl>,
) -> Result<HttpResponse, Denied> {
    show(&scope, &visit, Subject::all(&url), &Typed::default(), Remarks::default(), StatusCode::OK).await
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/limits`
pub async fn edit_one(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let subject = Subject::One(place.sub_account);
    show(&scope, &visit, subject, &Typed::default(), Remarks::default(), StatusCode::OK).await
}

/// `POST /accounts/{account}/sub-accounts/limits`
pub async fn submit_all(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    url: web::Query<EditorUrl>,
    form: Submitted<EditorForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    submit(&scope, &visit, Subject::all(&url), form).await
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/limits`
pub async fn submit_one(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<EditorForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    submit(&scope, &visit, Subject::One(place.sub_account), form).await
}

async fn submit(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    subject: Subject,
    form: EditorForm,
) -> Result<HttpResponse, Denied> {
    let (typed, step) = Typed::read(&form)?;
    let (changes, wrong) = typed.changes();
    if let Subject::One(id) = &subject
        && changes.iter().any(|change| change.id != *id)
    {
        return Err(Denied(Error::NotFound));
    }
    if step == Step::Totals {
        return html(&totals(scope, &changes).await?);
    }
    if !wrong.is_empty() && step != Step::Edit {
        let remarks = Remarks { wrong, ..Remarks::default() };
        return show(scope, visit, subject, &typed, remarks, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let as_reviewed = typed.is_reviewed(&changes);
    if step == Step::Review || (step == Step::Save && !as_reviewed) {
        let wished = changes.clone();
        let shortage = scope.read(move |tx| limits::shortage(tx, &wished)).await?;
        let status = if shortage.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let changed_since_review = step == Step::Save;
        let remarks = Remarks { review: true, changed_since_review, shortage, ..Remarks::default() };
        return show(scope, visit, subject, &typed, remarks, status).await;
    }
    if step != Step::Save {
        return show(scope, visit, subject, &typed, Remarks::default(), StatusCode::OK).await;
    }
    match scope.write(move |tx| limits::change(tx, &changes)).await? {
        Outcome::Done { changed, .. } => {
            let href = told(&subject.href(scope), if changed == 0 { "limits-same" } else { "limits" });
            if visit.fragment {
                // htmx follows a redirect unseen: it is told to load the page instead.
                return Ok(HttpResponse::Ok().insert_header(("HX-Redirect", href)).finish());
            }
            Ok(see(href))
        }
        Outcome::Overtaken(overtaken) => {
            let remarks = Remarks { overtaken, ..Remarks::default() };
            show(scope, visit, subject, &typed, remarks, StatusCode::CONFLICT).await
        }
        Outcome::Shortage(shortage) => {
            let remarks = Remarks { shortage: Some(shortage), ..Remarks::default() };
            show(scope, visit, subject, &typed, remarks, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn totals(scope: &Scope<ManageSubAccounts>, changes: &[LimitChange]) -> Result<LimitsTotals, Denied> {
    let changes = changes.to_vec();
    let (preview, in_use, largest) = scope
        .overview({
            let changes = changes.clone();
            move |tx| Ok((limits::preview(tx, &changes)?, allocation::in_use(tx)?, allocation::largest(tx)?))
        })
        .await?;
    Ok(sums(&preview.after, in_use, largest, &changes))
}

/// The sums as the typed limits would make them.
fn sums(after: &Allocation, in_use: i64, mut largest: Vec<Holder>, changes: &[LimitChange]) -> LimitsTotals {
    for holder in &mut largest {
        if let Some(change) = changes.iter().find(|change| change.id == holder.id) {
            holder.limit = change.to;
        }
    }
    largest.sort_by_key(|holder| std::cmp::Reverse(holder.limit));
    let number = |calls: i32| number_text(calls.into());
    let excess = after.excess();
    LimitsTotals {
        over: excess > 0,
        stats: vec![
            Stat::new("Total", number(after.total), "calls at once"),
            Stat::new("Allocated", number(after.allocated), "to sub-accounts"),
            Stat::new("Parent reserved", number(after.parent_reserved().max(0)), "for your own calls"),
            Stat::new("Free to allocate", number(after.free()), "the reserve less calls in progress"),
            Stat::new("In use now", number_text(in_use), "calls in progress")
                .meter(in_use, after.total.into()),
        ],
        free_text: if excess > 0 {
            format!("{} more than the total of {}.", number(excess), number(after.total))
        } else {
            format!("{} of {} are free.", number(after.free()), number(after.total))
        },
        allocation: parts::Allocation::of_shares(after, largest),
    }
}

async fn show(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    subject: Subject,
    typed: &Typed,
    remarks: Remarks,
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let (changes, _) = typed.changes();
    let totals = totals(scope, &changes).await?;
    let page = match &subject {
        Subject::All(query) => {
            let query = query.clone();
            scope.overview(move |tx| list::page(tx, &query)).await?
        }
        Subject::One(id) => {
            list::Page { rows: vec![super::find(scope, *id).await?], previous: None, next: None }
        }
    };
    let base = super::list_href(scope);
    let too_much = remarks.shortage.as_ref().map(|shortage| too_much(shortage, &page.rows, &changes));
    let rows: Vec<_> = page
        .rows
        .iter()
        .map(|listed| {
            let raised = changes.iter().any(|change| change.id == listed.id && change.to > listed.limit);
            row(listed, &base, typed, &remarks, too_much.as_deref().filter(|_| raised))
        })
        .collect();
    let mut errors = ErrorSummary::of(rows.iter().map(|row| &row.field));
    // Several limits may share one reason: it is said once above, and beside each.
    errors.items.dedup_by(|later, earlier| later.1 == earlier.1);
    let title = match (&subject, page.rows.first()) {
        (Subject::One(_), Some(listed)) => format!("Limits of {}", listed.name),
        _ => "Concurrency limits".into(),
    };
    let mut frame = visit.frame(
        scope,
        title,
        if matches!(subject, Subject::All(_)) { Here::Limits } else { Here::SubAccounts },
    );
    frame.has_errors = !errors.items.is_empty();
    let href = subject.href(scope);
    let paged = |cursor: &Cursor| format!("{href}?from={}", cursor.encode());
    let review = remarks.review && errors.items.is_empty();
    let editor = LimitsForm {
        csrf: frame.csrf.clone(),
        action: match &subject {
            Subject::All(Query { from: Some(cursor), .. }) => paged(cursor),
            _ => href.clone(),
        },
        errors,
        over: totals.over,
        totals,
        reviewing: review,
        changed_since_review: remarks.changed_since_review,
        changes: if review { reviewed(&page.rows, &changes) } else { Vec::new() },
        rows,
        pager: Pager {
            summary: format!("{} shown", page.rows.len()),
            newer_href: page.previous.as_ref().map(paged),
            older_href: page.next.as_ref().map(paged),
            newer_label: "Previous".into(),
            older_label: "Next".into(),
        },
    };
    if visit.fragment {
        return html_as(&editor, status);
    }
    let (crumbs, tabs, heading, badge) = match (&subject, page.rows.first()) {
        (Subject::One(id), Some(listed)) => (
            super::crumbs(scope, None),
            super::tabs(scope, *id, "/limits"),
            listed.name.clone(),
            Some(Badge::account(listed.status.as_str())),
        ),
        _ => (super::crumbs(scope, None), Vec::new(), "Concurrency limits".into(), None),
    };
    html_as(&LimitsPage { frame, crumbs, tabs, heading, badge, editor }, status)
}

/// Why the wished limits do not fit, in words for the one or for all of them.
fn too_much(shortage: &Shortage, rows: &[Listed], changes: &[LimitChange]) -> String {
    let only = match changes {
        [change] => rows.iter().find(|listed| listed.id == change.id),
        _ => None,
    };
    match only {
        Some(listed) => {
            let most = listed.limit.max(listed.in_use) + shortage.allocation.free();
            format!("{} can have at most {most}. {shortage}", listed.name)
        }
        None => format!("Together these limits are too much. {shortage}"),
    }
}

fn row(listed: &Listed, base: &str, typed: &Typed, remarks: &Remarks, too_much: Option<&str>) -> LimitRow {
    let overtaken = remarks.overtaken.iter().find(|one| one.now.id == listed.id);
    let wrong = remarks.wrong.get(&listed.id).map(|message| format!("{}: {message}", listed.name));
    let error = wrong.or_else(|| too_much.map(str::to_owned)).or_else(|| {
        overtaken.map(|one| {
            format!(
                "{} changed this from {} to {} while you were editing. Your {} is kept here: save again to put it in its place.",
                one.by.as_deref().unwrap_or("Somebody"),
                one.seen,
                one.now.limit,
                typed.limits.get(&listed.id).map_or("number", String::as_str),
            )
        })
    });
    // After a warning, what is on the screen has been seen.
    let seen = match overtaken {
        Some(one) => one.now.limit,
        None => typed.seen.get(&listed.id).copied().unwrap_or(listed.limit),
    };
    let value = typed.limits.get(&listed.id).cloned().unwrap_or_else(|| listed.limit.to_string());
    LimitRow {
        name: listed.name.clone(),
        href: format!("{base}/{}", listed.id),
        badge: Badge::account(listed.status.as_str()),
        slots: Meter { used: listed.in_use.into(), limit: listed.limit.into() },
        now: listed.limit.into(),
        seen_name: format!("seen-{}", listed.id),
        seen,
        field: Field::new(format!("limit-{}", listed.id), format!("New limit of {}", listed.name))
            .value(value)
            .error(error),
    }
}

fn reviewed(rows: &[Listed], changes: &[LimitChange]) -> Vec<ReviewedLimit> {
    rows.iter()
        .filter_map(|listed| Some((listed, changes.iter().find(|change| change.id == listed.id)?)))
        .map(|(listed, change)| ReviewedLimit {
            field_name: format!("reviewed-{}", listed.id),
            name: listed.name.clone(),
            before: change.seen.unwrap_or(listed.limit).into(),
            after: change.to.into(),
            note: if change.to < listed.in_use {
                format!(
                    "New calls wait until fewer than {} are in progress; {} are now and stay counted until they end.",
                    change.to.max(1),
                    listed.in_use
                )
            } else {
                "New calls from now on; calls in progress are not touched.".into()
            },
        })
        .collect()
}
