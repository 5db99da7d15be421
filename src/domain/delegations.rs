//! Access Dashboard: a parent administrator's stay inside a sub-account
//! (`domain.md` 2.5). The person stays themselves; nobody signs in as a member.

use diesel::prelude::*;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    access::{
        Change, Event, GateTx, Overview, Tx,
        permission::{Administer, ManageSubAccounts, Permission, View},
    },
    error::{Error, FieldError},
    schema::control::{delegations, sub_accounts},
    values::{AccountId, DelegationId, OrganizationId, SubAccountId, SubAccountStatus, UserId},
};

/// The longest stay.
const LONGEST: Duration = Duration::minutes(60);

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 200;

/// Why somebody enters, if they say.
///
/// # Errors
/// A reason that is too long, on the field `reason`.
pub fn reason(text: &str) -> Result<Option<String>, FieldError> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(FieldError::new(
            "reason",
            "The reason must not contain line breaks or control characters.",
        ));
    }
    match text.chars().count() {
        0 => Ok(None),
        count if count > LONGEST_REASON => Err(FieldError::new(
            "reason",
            format!("The reason has {count} characters; at most {LONGEST_REASON} fit."),
        )),
        _ => Ok(Some(text.to_owned())),
    }
}

fn event(account: AccountId, action: &'static str, object: &str, id: SubAccountId, details: Value) -> Event {
    Event { account, action, object: object.to_owned(), object_id: id.to_string(), details }
}

/// Enters a sub-account, for at most 60 minutes and never for longer than the person's
/// session. Whoever is inside already by this browser stays on the stay they have: a
/// double click enters once.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this organization's.
pub fn start(
    tx: &mut Tx<'_, ManageSubAccounts>,
    id: SubAccountId,
    reason: Option<String>,
) -> Result<Change<DelegationId>, Error> {
    let organization = tx.organization();
    let name: String = sub_accounts::table
        .find((organization, id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select(sub_accounts::name)
        .for_update()
        .first(tx.connection())?;
    let (user, session) = tx
        .asker()
        .principal
        .person()
        .map(|person| (person.id, person.session))
        .ok_or(Error::Forbidden("Only a person can open a dashboard."))?;
    let now = OffsetDateTime::now_utc();
    let open = tx.within(id, |tx| {
        Ok(delegations::table
            .filter(delegations::session_id.eq(session).and(delegations::ended_at.is_null()))
            .select((delegations::delegation_id, delegations::expires_at))
            .first::<(DelegationId, OffsetDateTime)>(tx.connection())
            .optional()?)
    })?;
    let mut events = Vec::new();
    match open {
        Some((stay, expires_at)) if expires_at > now => return Ok(Change::none(stay)),
        Some((stay, _)) => {
            tx.within(id, |tx| end(tx, stay))?;
            events.extend(both(
                organization,
                id,
                "access_dashboard.expired",
                &name,
                json!({ "delegation": stay }),
            ));
        }
        None => {}
    }
    let delegation = DelegationId::new();
    tx.within(id, |tx| {
        diesel::insert_into(delegations::table)
            .values((
                delegations::delegation_id.eq(delegation),
                delegations::user_id.eq(user),
                delegations::session_id.eq(session),
                delegations::reason.eq(&reason),
                delegations::started_at.eq(now),
                delegations::expires_at.eq(now + LONGEST),
            ))
            .execute(tx.connection())?;
        Ok(())
    })?;
    let until =
        (now + LONGEST).replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).map_err(Error::internal)?;
    let details = json!({ "reason": reason, "delegation": delegation, "until": until });
    events.extend(both(organization, id, "access_dashboard.started", &name, details));
    // The parent's log first, in each transaction: chains are locked in one order.
    events.sort_by_key(|event| event.account);
    let first = events.remove(0);
    Ok(Change::told_by(delegation, first, events))
}

/// Ends a stay; tells whether it was open.
fn end<P: Permission>(tx: &mut Tx<'_, P>, stay: DelegationId) -> Result<bool, Error> {
    let ended = diesel::update(delegations::table)
        .filter(delegations::delegation_id.eq(stay).and(delegations::ended_at.is_null()))
        .set(delegations::ended_at.eq(diesel::dsl::now))
        .execute(tx.connection())?;
    Ok(ended == 1)
}

/// Ends every stay in the account that the transaction is in, and gives their ids.
pub fn end_all<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Vec<DelegationId>, Error> {
    Ok(diesel::update(delegations::table)
        .filter(delegations::ended_at.is_null())
        .set(delegations::ended_at.eq(diesel::dsl::now))
        .returning(delegations::delegation_id)
        .get_results(tx.connection())?)
}

/// Ends every stay of one of the parent's people, who loses the right to them, and tells it
/// to both sides' logs. In the organization's own account; in any other it ends none.
pub(crate) fn end_all_of<P: Permission>(tx: &mut Tx<'_, P>, user: UserId) -> Result<Vec<Event>, Error> {
    let organization = tx.organization();
    if tx.account().id != organization.into() {
        return Ok(Vec::new());
    }
    let ended: Vec<(SubAccountId, DelegationId)> = diesel::update(delegations::table)
        .filter(delegations::user_id.eq(user).and(delegations::ended_at.is_null()))
        .set(delegations::ended_at.eq(diesel::dsl::now))
        .returning((delegations::account_id, delegations::delegation_id))
        .get_results(tx.connection())?;
    let mut events = Vec::new();
    for (id, stay) in ended {
        let (name, status) = sub_accounts::table
            .find((organization, id))
            .select((sub_accounts::name, sub_accounts::status))
            .first::<(String, SubAccountStatus)>(tx.connection())?;
        let details = json!({ "delegation": stay, "reason": "right_lost" });
        let [above, inside] = both(organization, id, "access_dashboard.ended", &name, details);
        events.push(above);
        // The log of one that is being erased stays closed.
        events.extend((status != SubAccountStatus::Deleting).then_some(inside));
    }
    Ok(events)
}

/// The same event in the logs of both sides, the parent's first.
fn both(
    organization: OrganizationId,
    id: SubAccountId,
    action: &'static str,
    object: &str,
    details: Value,
) -> [Event; 2] {
    [organization.into(), id.into()]
        .map(|account: AccountId| event(account, action, object, id, details.clone()))
}

/// Whether the asker's browser is inside a sub-account now.
pub fn is_inside(tx: &mut Overview<'_>, id: SubAccountId) -> Result<bool, Error> {
    let Some(session) = tx.asker().principal.person().map(|person| person.session) else { return Ok(false) };
    let open = delegations::table
        .filter(delegations::organization_id.eq(tx.organization()).and(delegations::account_id.eq(id.uuid())))
        .filter(delegations::session_id.eq(session).and(delegations::ended_at.is_null()))
        .filter(delegations::expires_at.gt(diesel::dsl::now));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(tx.connection())?)
}

/// Leaves the sub-account. It takes no permission beyond being inside.
///
/// # Errors
/// [`Error::NotFound`] when the asker is not inside.
pub fn leave(tx: &mut Tx<'_, View>) -> Result<Change<()>, Error> {
    let delegation = tx.asker().principal.delegation().map(|stay| stay.id).ok_or(Error::NotFound)?;
    let (AccountId::SubAccount(id), organization) = (tx.account().id, tx.organization()) else {
        return Err(Error::NotFound);
    };
    let name = tx.account().name.clone();
    if !end(tx, delegation)? {
        return Ok(Change::none(()));
    }
    let [first, second] =
        both(organization, id, "access_dashboard.left", &name, json!({ "delegation": delegation }));
    Ok(Change::told_by((), first, [second]))
}

/// A stay that is over but not yet closed: its time ran out or its session ended.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Over {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// The sub-account.
    pub sub_account: SubAccountId,
    /// The stay.
    pub id: DelegationId,
}

/// Stays that are over and want closing, some at a time.
pub fn over(tx: &mut GateTx<'_>) -> Result<Vec<Over>, Error> {
    Ok(delegations::table
        .filter(delegations::ended_at.is_null())
        .order(delegations::expires_at)
        .limit(100)
        .select((delegations::organization_id, delegations::account_id, delegations::delegation_id))
        .load(tx.connection())?)
}

/// Closes a stay that is over, and tells both sides' logs.
pub fn close(tx: &mut Tx<'_, Administer>, over: Over) -> Result<Change<()>, Error> {
    if !end(tx, over.id)? {
        return Ok(Change::none(()));
    }
    // The parent's administrator may have renamed or deleted it meanwhile.
    let name = sub_accounts::table
        .find((over.organization, over.sub_account))
        .select(sub_accounts::name)
        .first::<String>(tx.connection())
        .optional()?
        .unwrap_or_else(|| over.sub_account.to_string());
    let details = json!({ "delegation": over.id });
    let [first, second] =
        both(over.organization, over.sub_account, "access_dashboard.expired", &name, details);
    Ok(Change::told_by((), first, [second]))
}
