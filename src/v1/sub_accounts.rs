//! Sub-accounts (`domain.md` 2, 6.2).

use actix_web::{HttpRequest, http::header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Change, Denied, Scope, permission::ManageSubAccounts},
    domain::{
        limits::{self, LimitChange},
        sub_accounts::{
            Created as Made, NewSubAccount, NewSubAccountInput, SubAccountName, create as make,
            create::limit_of,
            lifecycle,
            list::{self, Cursor, Listed, Sort},
        },
    },
    error::Error,
    values::{BillingMode, Region, SubAccountId, SubAccountStatus},
};

use super::{
    amount::Amount,
    front::etag,
    line::Line,
    reply::{Created, List, Paging, Reply},
    request::{Body, Once, Path, Query},
    timestamp::Timestamp,
};

/// A sub-account as it was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewlyMade {
    /// Its id.
    pub sub_account_id: SubAccountId,
    /// Its name.
    #[schema(example = "Acme Telecom")]
    pub name: String,
    /// How it stands.
    pub status: SubAccountStatus,
    /// Who pays.
    pub billing_mode: BillingMode,
    /// Where its call content lives.
    pub region: Region,
    /// Calls that it may have at the same time.
    #[schema(minimum = 0, example = 10)]
    pub concurrency_limit: i32,
    /// Your own reference.
    #[schema(example = "crm-4711")]
    pub external_id: Option<String>,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// What is in a wallet.
#[derive(Debug, Serialize, ToSchema)]
pub struct Balance {
    /// The amount.
    pub balance: Amount,
    /// Its currency, by ISO 4217.
    #[schema(example = "INR")]
    pub currency: String,
}

/// A sub-account.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubAccount {
    /// Its id.
    pub sub_account_id: SubAccountId,
    /// Its name.
    #[schema(example = "Acme Telecom")]
    pub name: String,
    /// How it stands.
    pub status: SubAccountStatus,
    /// Who pays.
    pub billing_mode: BillingMode,
    /// Where its call content lives.
    pub region: Region,
    /// Calls that it may have at the same time.
    #[schema(minimum = 0, example = 10)]
    pub concurrency_limit: i32,
    /// Your own reference.
    #[schema(example = "crm-4711")]
    pub external_id: Option<String>,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Its calls in progress.
    #[schema(minimum = 0, example = 3)]
    pub calls_in_progress: i32,
    /// Its calls of the last 30 days.
    #[schema(minimum = 0, example = 1240)]
    pub calls_30d: i64,
    /// Its minutes of the last 30 days.
    #[schema(minimum = 0, example = 3105)]
    pub minutes_30d: i64,
    /// When it last had a call.
    pub last_call_at: Option<Timestamp>,
    /// What is in its wallet; null while your organization pays for it.
    pub wallet: Option<Balance>,
}

impl From<Listed> for SubAccount {
    fn from(listed: Listed) -> Self {
        let balance = listed.balance();
        Self {
            sub_account_id: listed.id,
            name: listed.name,
            status: listed.status,
            billing_mode: listed.billing_mode,
            region: listed.region,
            concurrency_limit: listed.limit,
            external_id: listed.external_id,
            created_at: listed.created_at.into(),
            calls_in_progress: listed.in_use,
            calls_30d: listed.calls_30d,
            minutes_30d: listed.minutes_30d,
            last_call_at: listed.last_call_at.map(Timestamp),
            wallet: (listed.billing_mode == BillingMode::Isolated)
                .then(|| Balance { balance: Amount::from(&balance), currency: balance.currency }),
        }
    }
}

/// What to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; `page` is then not looked at.
    #[param(
        pattern = "^[fb](n-?[0-9]{1,17}|t((0[1-9a-f]|[1-9a-f][0-9a-f]){0,800}))\\.sa_[0-7][0-9a-hjkmnp-tv-z]{25}$"
    )]
    cursor: Option<String>,
    /// Part of a name, a whole id, or a whole reference of yours.
    #[param(max_length = 100, example = "acme")]
    search: Option<String>,
    /// The one with this reference of yours.
    #[param(max_length = 100)]
    external_id: Option<String>,
    /// Only those that stand so.
    #[param(inline)]
    status: Option<ListedStatus>,
    /// Only those whose call content lives here.
    region: Option<Region>,
    /// Only those of this billing mode.
    billing_mode: Option<BillingMode>,
    /// What to order by; when they were created, unless said.
    sort: Option<Sort>,
    /// Whether the greatest, latest or last come first, as they do unless said.
    order: Option<Order>,
}

/// How a sub-account that is listed stands.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListedStatus {
    /// Calls are admitted.
    Active,
    /// New calls are blocked.
    Suspended,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The least first.
    Asc,
    /// The greatest first.
    Desc,
}

/// The longest text to look for, in characters.
const LONGEST: usize = 100;

fn check_length(field: &str, text: Option<&str>) -> Result<(), Error> {
    match text {
        Some(text) if text.chars().count() > LONGEST => {
            Err(Error::invalid(field, format!("Look for at most {LONGEST} characters.")))
        }
        _ => Ok(()),
    }
}

impl ListQuery {
    fn read(self, regions: &[Region]) -> Result<(list::Query, Paging), Error> {
        let paging = Paging::of(self.page, self.limit, self.cursor)?;
        check_length("search", self.search.as_deref())?;
        check_length("external_id", self.external_id.as_deref())?;
        if self.region.as_ref().is_some_and(|region| !regions.contains(region)) {
            return Err(Error::invalid("region", "There is no such region."));
        }
        let from = match &paging.cursor {
            Some(text) => Some(
                Cursor::decode(text)
                    .ok_or_else(|| Error::invalid("cursor", "It is not one that was given."))?,
            ),
            None => None,
        };
        let query = list::Query {
            search: self.search.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
            external_id: self.external_id,
            status: self.status.map(|status| match status {
                ListedStatus::Active => SubAccountStatus::Active,
                ListedStatus::Suspended => SubAccountStatus::Suspended,
            }),
            region: self.region,
            billing_mode: self.billing_mode,
            sort: self.sort.unwrap_or(Sort::Created),
            descending: self.order != Some(Order::Asc),
            from,
            skip: paging.skip(),
            page_size: paging.limit,
        };
        Ok((query, paging))
    }
}

/// Lists sub-accounts
///
/// The latest come first, unless another order is asked for. Look one up by your own
/// reference with `external_id`.
#[utoipa::path(get, path = "/sub-accounts", tag = "Sub-accounts", operation_id = "listSubAccounts",
    params(ListQuery),
    responses((status = 200, description = "A page of them.", body = List<SubAccount>)))]
pub async fn list(
    scope: Scope<ManageSubAccounts>,
    query: Query<ListQuery>,
) -> Result<Reply<List<SubAccount>>, Denied> {
    let (query, paging) = query.0.read(&scope.regions())?;
    let (page, total) =
        scope.overview(move |tx| Ok((list::page(tx, &query)?, list::count(tx, &query)?))).await?;
    let rows = page.rows.into_iter().map(SubAccount::from).collect();
    Ok(Reply(List::new(rows, &paging, total, page.next.map(|cursor| cursor.encode()))))
}

/// A sub-account to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSubAccount {
    /// Its name.
    #[schema(required, value_type = Line)]
    name: Option<String>,
    /// Whether it pays from a wallet of its own, or your organization pays.
    #[schema(required, value_type = BillingMode)]
    billing_mode: Option<String>,
    /// Where its call content is kept, for good.
    #[schema(required, value_type = Region)]
    region: Option<String>,
    /// Calls that it may have at the same time, out of your organization's total.
    #[schema(required, value_type = i32, minimum = 0, maximum = 1000000, example = 10)]
    concurrency_limit: Option<i64>,
    /// Your own reference, unique among your sub-accounts.
    #[schema(value_type = Option<Line>)]
    external_id: Option<String>,
}

/// Creates a sub-account
///
/// It is provisioned at once: agents, numbers, members and keys can be made in it right
/// away. More concurrency than is free is refused with 409 `concurrency_unavailable`, which
/// says how much is free and who holds the rest.
#[utoipa::path(post, path = "/sub-accounts", tag = "Sub-accounts", operation_id = "createSubAccount",
    request_body(content = CreateSubAccount, example = json!({
        "name": "Acme Telecom", "billing_mode": "isolated", "region": "india", "concurrency_limit": 10
    })),
    responses((status = 201, description = "It was made.", body = NewlyMade)))]
pub async fn create(
    scope: Scope<ManageSubAccounts>,
    once: Once,
    body: Body<CreateSubAccount>,
) -> Result<Created<NewlyMade>, Denied> {
    let asked = body.into_inner();
    if asked.external_id.as_deref().is_some_and(|reference| reference.trim().is_empty()) {
        return Err(
            Error::invalid("external_id", "A reference has 1 to 100 characters; or leave it out.").into()
        );
    }
    let input = NewSubAccountInput {
        name: asked.name.unwrap_or_default(),
        billing_mode: asked.billing_mode.unwrap_or_default(),
        region: asked.region.unwrap_or_default(),
        concurrency_limit: asked.concurrency_limit,
        external_id: asked.external_id,
    };
    let new = NewSubAccount::check(&input, &scope.regions())?;
    let asked = new.clone();
    let Made { id, created_at } =
        scope.write(move |tx| once.perform(tx, "sub_accounts.create", &asked, |tx| make(tx, &asked))).await?;
    Ok(Created(NewlyMade {
        sub_account_id: id,
        name: new.name().as_str().to_owned(),
        status: SubAccountStatus::Active,
        billing_mode: new.billing_mode(),
        region: new.region().clone(),
        concurrency_limit: new.concurrency_limit(),
        external_id: new.external_id().map(str::to_owned),
        created_at: created_at.into(),
    }))
}

/// The id in the address.
#[derive(Debug, Deserialize)]
pub struct Place {
    /// The sub-account.
    pub sub_account_id: SubAccountId,
}

async fn find(scope: &Scope<ManageSubAccounts>, id: SubAccountId) -> Result<SubAccount, Error> {
    Ok(scope.overview(move |tx| list::find(tx, id)).await?.into())
}

/// Shows a sub-account
#[utoipa::path(get, path = "/sub-accounts/{sub_account_id}", tag = "Sub-accounts", operation_id = "getSubAccount",
    responses((status = 200, description = "The sub-account.", body = SubAccount)))]
pub async fn show(scope: Scope<ManageSubAccounts>, place: Path<Place>) -> Result<Reply<SubAccount>, Denied> {
    Ok(Reply(find(&scope, place.0.sub_account_id).await?))
}

/// What to change of a sub-account. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSubAccount {
    /// Another name.
    #[schema(value_type = Line, required = false)]
    #[serde(default, deserialize_with = "super::request::present")]
    name: Option<String>,
    /// Another billing mode. Calls in progress settle in the one they began in; what is in
    /// the wallet stays there, frozen while your organization pays.
    #[schema(value_type = BillingMode, required = false)]
    #[serde(default, deserialize_with = "super::request::present")]
    billing_mode: Option<BillingMode>,
    /// Another limit. It acts on new calls at once and ends none.
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 1000000, example = 25)]
    #[serde(default, deserialize_with = "super::request::present")]
    concurrency_limit: Option<i64>,
}

/// Changes a sub-account
///
/// Name, billing mode and concurrency limit, all or none of what is sent. With the header
/// `If-Match` and the `ETag` you read, a change that somebody else made in between is not
/// overwritten but answered with 412.
#[utoipa::path(patch, path = "/sub-accounts/{sub_account_id}", tag = "Sub-accounts", operation_id = "updateSubAccount",
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of what you read.", pattern = "^\"[A-Za-z0-9_-]{22}\"$")),
    request_body(content = UpdateSubAccount, example = json!({ "concurrency_limit": 25 })),
    responses(
        (status = 200, description = "The sub-account after it.", body = SubAccount),
        (status = 412, description = "It was changed since you read it.", body = super::refusal::ErrorBody),
    ))]
pub async fn update(
    scope: Scope<ManageSubAccounts>,
    place: Path<Place>,
    body: Body<UpdateSubAccount>,
    request: HttpRequest,
) -> Result<Reply<SubAccount>, Denied> {
    let (id, asked) = (place.0.sub_account_id, body.into_inner());
    let name = asked.name.as_deref().map(SubAccountName::parse).transpose();
    let limit = asked.concurrency_limit.map(|limit| limit_of(Some(limit))).transpose();
    let (name, limit) = match (name, limit) {
        (Ok(name), Ok(limit)) => (name, limit),
        (name, limit) => {
            return Err(Error::Invalid(name.err().into_iter().chain(limit.err()).collect()).into());
        }
    };
    let seen = match request.headers().get(header::IF_MATCH) {
        Some(tag) => Some(seen(&scope, id, tag.to_str().unwrap_or_default()).await?),
        None => None,
    };
    let seen_limit = seen.as_ref().map(|seen| seen.concurrency_limit);
    let seen_mode = seen.as_ref().map(|seen| seen.billing_mode);
    let changed = scope.write(move |tx| {
        let mut change = Change::none(());
        if let Some(to) = limit {
            let to = LimitChange { id, seen: seen_limit, to };
            change = change.and(limits::change(tx, &[to])?.try_map(limits::Outcome::done)?);
        }
        if let Some(name) = &name {
            change =
                change.and(lifecycle::rename(tx, id, seen.as_ref().map(|seen| seen.name.as_str()), name)?);
        }
        if let Some(mode) = asked.billing_mode {
            change = change.and(lifecycle::change_billing_mode(tx, id, seen_mode, mode)?);
        }
        Ok(change)
    });
    changed.await.map_err(|error| stale(error, seen_limit.is_some()))?;
    Ok(Reply(find(&scope, id).await?))
}

/// What the tag was given for, if nothing has changed since.
async fn seen(scope: &Scope<ManageSubAccounts>, id: SubAccountId, tag: &str) -> Result<SubAccount, Error> {
    let now = find(scope, id).await?;
    let bytes = serde_json::to_vec(&now).map_err(Error::internal)?;
    if tag == "*" || tag == etag(&bytes) { Ok(now) } else { Err(overtaken()) }
}

fn overtaken() -> Error {
    let message = "It was changed since you read it. Read it again, then decide.".to_owned();
    Error::Conflict { code: "stale", message }
}

/// To whoever said what they had read, somebody else's change is a failed precondition.
fn stale(error: Error, has_said: bool) -> Error {
    match error {
        Error::Conflict { code: "name_changed" | "limit_changed" | "billing_mode_changed", .. }
            if has_said =>
        {
            overtaken()
        }
        other => other,
    }
}

/// Suspends a sub-account
///
/// New calls are blocked at once, in both directions. Calls in progress finish, nothing is
/// deleted, members keep reading. A sub-account that is suspended already stays so.
#[utoipa::path(post, path = "/sub-accounts/{sub_account_id}/suspend", tag = "Sub-accounts", operation_id = "suspendSubAccount",
    responses((status = 200, description = "The sub-account, suspended.", body = SubAccount)))]
pub async fn suspend(
    scope: Scope<ManageSubAccounts>,
    place: Path<Place>,
) -> Result<Reply<SubAccount>, Denied> {
    let id = place.0.sub_account_id;
    scope.write(move |tx| lifecycle::suspend(tx, id)).await?;
    Ok(Reply(find(&scope, id).await?))
}

/// Reactivates a sub-account
///
/// Undoes a suspension. A sub-account that is active already stays so.
#[utoipa::path(post, path = "/sub-accounts/{sub_account_id}/reactivate", tag = "Sub-accounts", operation_id = "reactivateSubAccount",
    responses((status = 200, description = "The sub-account, active.", body = SubAccount)))]
pub async fn reactivate(
    scope: Scope<ManageSubAccounts>,
    place: Path<Place>,
) -> Result<Reply<SubAccount>, Denied> {
    let id = place.0.sub_account_id;
    scope.write(move |tx| lifecycle::reactivate(tx, id)).await?;
    Ok(Reply(find(&scope, id).await?))
}
