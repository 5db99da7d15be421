//! Numbers that change while one looks: server-sent events (`trust.md` U14, S6, R12).
//!
//! - [`readers`]: one reader per account while anybody watches it, however many watch.
//! - [`places`]: how many streams there may be.
//! - [`stream`]: what one browser is sent, until it may no longer see it.
//!
//! The pages of `account` and `sub_accounts` say what is watched and how it looks.

mod places;
mod readers;
mod stream;

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::Method};
use serde::Deserialize;

use crate::{
    access::{
        Access, Denied, Scope,
        permission::{ManageSubAccounts, Permission, View},
    },
    domain::sub_accounts::allocation::{self, InUse},
    error::Error,
    start::Stopping,
    values::{AccountId, OrganizationId, SessionId, SubAccountId},
};

use places::Places;
use readers::{Readers, Watch};
use stream::Following;

/// How often things are done.
#[derive(Debug, Clone, Copy)]
pub struct Tempo {
    /// How often what is watched is read.
    pub read_every: Duration,
    /// How often is asked whether a watcher may still see it; a right that ends, ends a
    /// stream within this time and a second (`trust.md` S6 allows fifteen).
    pub check_every: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self { read_every: Duration::from_secs(1), check_every: Duration::from_secs(8) }
    }
}

/// Calls in progress of one account, and how many it may have at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallsNow {
    /// Calls in progress.
    pub in_use: i64,
    /// The limit.
    pub limit: i64,
}

/// An organization's calls in progress, and those of the sub-accounts that somebody looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListNow {
    /// Over the whole organization.
    pub all: CallsNow,
    /// Of some sub-accounts.
    pub rows: Vec<InUse>,
}

/// Reads what pages watch, and keeps count of them.
pub struct Live {
    access: Arc<Access>,
    tempo: Tempo,
    stopping: Stopping,
    places: Places,
    accounts: Readers<AccountId, (), CallsNow>,
    organizations: Readers<OrganizationId, Vec<SubAccountId>, ListNow>,
}

/// How a page asks for its numbers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LiveUrl {
    /// The sub-accounts of the page, separated by commas.
    ids: String,
    /// Once, as they are now: where events do not come through.
    once: Option<String>,
}

impl LiveUrl {
    /// The same for one sub-account alone.
    pub(super) fn of(self, id: SubAccountId) -> Self {
        Self { ids: id.to_string(), ..self }
    }

    /// The sub-accounts that are asked for: no more than a page shows.
    fn ids(&self) -> Vec<SubAccountId> {
        self.ids.split(',').filter_map(|id| id.parse().ok()).take(MOST_ROWS).collect()
    }

    fn is_once(&self, request: &HttpRequest) -> bool {
        self.once.is_some() || request.method() == Method::HEAD
    }
}

/// Rows of one page that are watched at most.
const MOST_ROWS: usize = 100;

/// Draws what a page shows of what is watched, by the page's own templates: each part an
/// element with an id, in the same order each time.
pub(super) type Draw<V> = fn(&V) -> askama::Result<Vec<String>>;

impl Live {
    /// Reads by `access`, until `stopping`.
    pub fn new(access: Arc<Access>, tempo: Tempo, stopping: Stopping) -> Self {
        Self {
            access,
            tempo,
            stopping,
            places: Places::default(),
            accounts: Readers::default(),
            organizations: Readers::default(),
        }
    }

    /// Watches one account. The platform itself reads, once for all who look; that each of
    /// them may look is asked beside it.
    fn watch_account(&self, scope: &Scope<View>) -> Watch<(), CallsNow> {
        let account = scope.asker().account.clone();
        let access = self.access.clone();
        self.accounts.watch(account.id, (), self.tempo.read_every, self.stopping.clone(), move |_| {
            let (access, account) = (access.clone(), account.clone());
            async move {
                let scope =
                    access.scope_of_job::<View>("live", account.organization, account.id, account.region)?;
                read_account(&scope).await
            }
        })
    }

    /// Watches an organization with some of its sub-accounts.
    fn watch_organization(
        &self,
        scope: &Scope<ManageSubAccounts>,
        ids: Vec<SubAccountId>,
    ) -> Watch<Vec<SubAccountId>, ListNow> {
        let account = scope.asker().account.clone();
        let access = self.access.clone();
        let (every, stopping) = (self.tempo.read_every, self.stopping.clone());
        self.organizations.watch(account.organization, ids, every, stopping, move |asked| {
            let (access, account) = (access.clone(), account.clone());
            async move {
                let scope = access.scope_of_job::<ManageSubAccounts>(
                    "live",
                    account.organization,
                    account.id,
                    account.region,
                )?;
                let mut ids: Vec<_> = asked.iter().flat_map(|ids| ids.iter().copied()).collect();
                ids.sort_unstable();
                ids.dedup();
                read_organization(&scope, ids).await
            }
        })
    }

    /// What a page shows of one account: once, or for as long as it is looked at.
    pub(super) async fn account(
        &self,
        scope: Scope<View>,
        request: &HttpRequest,
        url: &LiveUrl,
        page: String,
        draw: Draw<CallsNow>,
    ) -> Result<HttpResponse, Denied> {
        if url.is_once(request) {
            return once(&read_account(&scope).await?, draw);
        }
        let Some(place) = self.places.take(session(&scope)?) else { return Ok(too_many()) };
        // Watched from before it is read, so that no change falls between.
        let watch = self.watch_account(&scope);
        let now = read_account(&scope).await?;
        Ok(stream::answer(self.following(scope, page, watch, now, |read, _| *read, draw, place)))
    }

    /// What a page shows of an organization and of those of its sub-accounts that the URL
    /// names: once, or for as long as it is looked at.
    pub(super) async fn organization(
        &self,
        scope: Scope<ManageSubAccounts>,
        request: &HttpRequest,
        url: &LiveUrl,
        page: String,
        draw: Draw<ListNow>,
    ) -> Result<HttpResponse, Denied> {
        let ids = url.ids();
        if url.is_once(request) {
            return once(&read_organization(&scope, ids).await?, draw);
        }
        let Some(place) = self.places.take(session(&scope)?) else { return Ok(too_many()) };
        let watch = self.watch_organization(&scope, ids.clone());
        let now = read_organization(&scope, ids).await?;
        Ok(stream::answer(self.following(scope, page, watch, now, rows_of_page, draw, place)))
    }

    #[expect(clippy::too_many_arguments, reason = "a stream is made of these, in one place")]
    fn following<P: Permission, A, V>(
        &self,
        scope: Scope<P>,
        page: String,
        watch: Watch<A, V>,
        now: V,
        seen: fn(&V, &V) -> V,
        draw: Draw<V>,
        place: places::Place,
    ) -> Following<P, A, V> {
        let (check_every, stopping) = (self.tempo.check_every, self.stopping.clone());
        Following { scope, page, watch, now, seen, draw, check_every, stopping, place }
    }
}

/// The rows that a page has, as they are now. What others ask is not told, and a row that
/// was not read yet, or is gone, stays as it was.
fn rows_of_page(read: &ListNow, shown: &ListNow) -> ListNow {
    let row = |shown: &InUse| *read.rows.iter().find(|row| row.id == shown.id).unwrap_or(shown);
    ListNow { all: read.all, rows: shown.rows.iter().map(row).collect() }
}

fn session<P: Permission>(scope: &Scope<P>) -> Result<SessionId, Error> {
    Ok(scope.asker().principal.person().ok_or(Error::SignedOut)?.session)
}

fn too_many() -> HttpResponse {
    HttpResponse::TooManyRequests()
        .insert_header(("Retry-After", "30"))
        .content_type("text/plain; charset=utf-8")
        .body("Too many pages are kept up to date at once. This one asks now and then instead.")
}

async fn read_account(scope: &Scope<View>) -> Result<CallsNow, Error> {
    let (in_use, limit) = scope.read(allocation::own).await?;
    Ok(CallsNow { in_use: in_use.into(), limit: limit.into() })
}

async fn read_organization(
    scope: &Scope<ManageSubAccounts>,
    ids: Vec<SubAccountId>,
) -> Result<ListNow, Error> {
    let (in_use, total, rows) = scope.overview(move |tx| allocation::now_in_use(tx, &ids)).await?;
    Ok(ListNow { all: CallsNow { in_use, limit: total.into() }, rows })
}

/// All parts, once.
fn once<V>(now: &V, draw: Draw<V>) -> Result<HttpResponse, Denied> {
    let body = draw(now).map_err(Error::internal)?.concat();
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body))
}
