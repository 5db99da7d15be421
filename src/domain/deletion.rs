//! Deleting a sub-account for good (`domain.md` 2.4).
//!
//! [`request`] ends access at once. What is left is then erased in the background, in
//! steps that can each be repeated, so that a kill at any point loses nothing; when no
//! row is left, the certificate is completed and stays with the parent.

use diesel::{PgConnection, prelude::*};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    access::{
        Change, EraserTx, Event, GateTx, Notice, Overview, Tx, permission::ManageSubAccounts,
        principal::Principal,
    },
    error::{Error, FieldError},
    schema::{
        control::{
            allowances, api_keys, audit_entries, audit_heads, auto_recharges, billing_details,
            delegations as stays, deletion_certificates, idempotency_keys, invitation_letters, invitations,
            invoice_letters, invoice_recipients, memberships, number_directory, number_inventory,
            number_moves, payments, prices, rates, refusals, sub_accounts, usage_days, users, wallet_letters,
            webhook_attempts, webhook_deliveries, webhook_endpoints, webhook_events, workspaces,
        },
        region::{
            agent_versions, agents, call_days, call_references, calls, idempotency_keys as regional_keys,
            outbox, phone_numbers, test_calls, transcripts,
        },
    },
    values::{
        CertificateId, DelegationId, EventKind, Money, OrganizationId, Region, SubAccountId,
        SubAccountStatus, UserId,
    },
};

use super::{
    billing::ledger,
    delegations,
    identity::invitations as open_invitations,
    sub_accounts::{SubAccountName, allocation},
};

/// What somebody confirms before a deletion.
#[derive(Debug, Clone, Default)]
pub struct Confirmation {
    /// The sub-account's name as typed, by a person; a program names the id alone.
    pub typed_name: Option<String>,
    /// The balance, in minor units, that the person was shown and gives up.
    pub acknowledged_balance: Option<i64>,
}

/// Begins the deletion: ends every access, frees the concurrency, writes off what is
/// left in the wallet. Nothing flows to the parent.
///
/// # Errors
/// [`Error::Invalid`] on `name` when another name was typed, on `acknowledge_balance`
/// when the balance was not acknowledged or is another by now.
pub fn request(
    tx: &mut Tx<'_, ManageSubAccounts>,
    id: SubAccountId,
    confirmation: &Confirmation,
) -> Result<Change<CertificateId>, Error> {
    let organization = tx.organization();
    allocation::lock(tx)?;
    let (name, region) = sub_accounts::table
        .find((organization, id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select((sub_accounts::name, sub_accounts::region))
        .for_update()
        .first::<(String, Region)>(tx.connection())?;
    let balance = tx.within(id, ledger::balance)?;
    confirm(&name, &balance, confirmation)?;
    let (requested_by, requested_by_name) = match &tx.asker().principal {
        Principal::Member(person) | Principal::Delegate(person, _) => (Some(person.id), person.name.clone()),
        Principal::Key(key) => (None, key.name.clone()),
        Principal::Platform(work) => (None, (*work).to_owned()),
    };
    // What calls in progress hold is written off when they have ended.
    let (written_off, stays) = tx.within(id, |tx| Ok((ledger::write_off(tx)?, end_access(tx)?)))?;
    diesel::update(sub_accounts::table.find((organization, id)))
        .set((
            sub_accounts::status.eq(SubAccountStatus::Deleting),
            sub_accounts::concurrency_limit.eq(0),
            sub_accounts::external_id.eq(None::<String>),
        ))
        .execute(tx.connection())?;
    let certificate = CertificateId::new();
    diesel::insert_into(deletion_certificates::table)
        .values((
            deletion_certificates::certificate_id.eq(certificate),
            deletion_certificates::sub_account_id.eq(id),
            deletion_certificates::sub_account_name.eq(&name),
            deletion_certificates::region.eq(&region),
            deletion_certificates::requested_by.eq(requested_by),
            deletion_certificates::requested_by_name.eq(requested_by_name),
            deletion_certificates::written_off_minor.eq(written_off.minor),
            deletion_certificates::currency.eq(&balance.currency),
        ))
        .execute(tx.connection())?;
    let event = |action, details| Event {
        account: organization.into(),
        action,
        object: name.clone(),
        object_id: id.to_string(),
        details,
    };
    let details = json!({ "certificate": certificate, "written_off_minor": written_off.minor });
    let ended = stays.into_iter().map(|stay| event("access_dashboard.ended", json!({ "delegation": stay })));
    Ok(Change::told_by(certificate, event("sub_account.deletion_requested", details), ended))
}

fn confirm(name: &str, balance: &Money, confirmation: &Confirmation) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let name = SubAccountName::parse(name).map_err(|_| Error::internal("a stored name breaks the rules"))?;
    if confirmation.typed_name.as_ref().is_some_and(|typed| !name.is_typed_as(typed)) {
        wrong.push(FieldError::new(
            "name",
            format!("Type the name exactly as it stands: {}. Capital letters count.", name.as_str()),
        ));
    }
    if balance.minor > 0 && confirmation.acknowledged_balance != Some(balance.minor) {
        wrong.push(FieldError::new(
            "acknowledge_balance",
            "Confirm that the balance shown is written off; it is not paid to anybody.",
        ));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

/// Keys, invitations and stays end with the transaction; members are kept out by the status
/// until their memberships are erased. Gives the stays that were ended.
fn end_access(tx: &mut Tx<'_, ManageSubAccounts>) -> Result<Vec<DelegationId>, Error> {
    diesel::update(api_keys::table.filter(api_keys::revoked_at.is_null()))
        .set(api_keys::revoked_at.eq(diesel::dsl::now))
        .execute(tx.connection())?;
    open_invitations::revoke_all(tx)?;
    delegations::end_all(tx)
}

/// What goes with a sub-account, counted where it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Agents.
    pub agents: i64,
    /// Phone numbers.
    pub numbers: i64,
    /// Call records.
    pub calls: i64,
    /// Transcripts.
    pub transcripts: i64,
    /// Recordings.
    pub recordings: i64,
    /// Members.
    pub members: i64,
    /// Invitations. Certificates from before there were any count none.
    #[serde(default)]
    pub invitations: i64,
    /// API keys.
    pub api_keys: i64,
    /// Webhooks.
    #[serde(default)]
    pub webhooks: i64,
    /// Visits of the parent's administrators.
    pub stays: i64,
    /// Entries of its own audit log.
    pub audit_entries: i64,
}

/// Counts the members, keys and audit entries of the current account.
macro_rules! count_control {
    ($connection:expr, $contents:expr) => {{
        $contents.members = memberships::table.count().get_result($connection)?;
        $contents.invitations = invitations::table.count().get_result($connection)?;
        $contents.api_keys = api_keys::table.count().get_result($connection)?;
        $contents.webhooks = webhook_endpoints::table.count().get_result($connection)?;
        $contents.stays = stays::table.count().get_result($connection)?;
        $contents.audit_entries = audit_entries::table.count().get_result($connection)?;
    }};
}

/// Counts the call content of the current account.
macro_rules! count_region {
    ($connection:expr, $contents:expr) => {{
        $contents.agents = agents::table.count().get_result($connection)?;
        $contents.numbers = phone_numbers::table.count().get_result($connection)?;
        $contents.calls = calls::table.count().get_result($connection)?;
        $contents.transcripts = transcripts::table.count().get_result($connection)?;
        $contents.recordings =
            calls::table.filter(calls::recording_bytes.is_not_null()).count().get_result($connection)?;
    }};
}

impl Contents {
    /// Adds what the control database holds of the account the transaction is in.
    pub fn count_control<P: crate::access::permission::Permission>(
        mut self,
        tx: &mut Tx<'_, P>,
    ) -> Result<Self, Error> {
        count_control!(tx.connection(), self);
        Ok(self)
    }

    /// Adds what the region's database holds of the account the transaction is in.
    pub fn count_region<P: crate::access::permission::Permission>(
        mut self,
        tx: &mut crate::access::RegionTx<'_, P>,
    ) -> Result<Self, Error> {
        count_region!(tx.connection(), self);
        Ok(self)
    }
}

/// An erasure to do.
#[derive(Debug, Clone, Queryable)]
pub struct Erasure {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// The certificate to complete.
    pub certificate: CertificateId,
    /// What is erased.
    pub sub_account: SubAccountId,
    /// Where its call content is.
    pub region: Region,
    /// What there was, once counted.
    erased: Option<Value>,
}

impl Erasure {
    /// What there was when access had ended, if an earlier attempt counted it.
    pub fn counted(&self) -> Option<Contents> {
        self.erased.clone().and_then(|value| serde_json::from_value(value).ok())
    }
}

/// How long a worker may take before another takes over.
const CLAIM: time::Duration = time::Duration::minutes(5);

/// Takes an erasure that nobody is at.
pub fn claim(tx: &mut GateTx<'_>) -> Result<Option<Erasure>, Error> {
    let now = OffsetDateTime::now_utc();
    let job = deletion_certificates::table
        .filter(deletion_certificates::completed_at.is_null())
        .filter(
            deletion_certificates::claimed_until.is_null().or(deletion_certificates::claimed_until.lt(now)),
        )
        .order(deletion_certificates::requested_at)
        .select((
            deletion_certificates::organization_id,
            deletion_certificates::certificate_id,
            deletion_certificates::sub_account_id,
            deletion_certificates::region,
            deletion_certificates::erased,
        ))
        .for_update()
        .skip_locked()
        .first::<Erasure>(tx.connection())
        .optional()?;
    if let Some(job) = &job {
        diesel::update(deletion_certificates::table)
            .filter(deletion_certificates::certificate_id.eq(job.certificate))
            .set((
                deletion_certificates::claimed_until.eq(now + CLAIM),
                deletion_certificates::attempts.eq(deletion_certificates::attempts + 1),
            ))
            .execute(tx.connection())?;
    }
    Ok(job)
}

/// Puts an erasure off for a moment, while calls are still in progress.
pub fn put_off(tx: &mut GateTx<'_>, certificate: CertificateId) -> Result<(), Error> {
    let soon = OffsetDateTime::now_utc() + time::Duration::SECOND;
    diesel::update(deletion_certificates::table)
        .filter(deletion_certificates::certificate_id.eq(certificate))
        .set(deletion_certificates::claimed_until.eq(soon))
        .execute(tx.connection())?;
    Ok(())
}

/// Writes off what the last calls of the sub-account held and did not cost.
pub fn write_off_rest(
    tx: &mut Tx<'_, ManageSubAccounts>,
    certificate: CertificateId,
    sub_account: SubAccountId,
) -> Result<Change<()>, Error> {
    let rest = tx.within(sub_account, ledger::write_off)?;
    diesel::update(deletion_certificates::table)
        .filter(deletion_certificates::certificate_id.eq(certificate))
        .set(
            deletion_certificates::written_off_minor
                .eq(deletion_certificates::written_off_minor + rest.minor),
        )
        .execute(tx.connection())?;
    // The completed certificate is what the log tells of.
    Ok(Change::none(()))
}

/// Counts what the control database holds of the sub-account being erased.
pub fn count_control(tx: &mut EraserTx<'_>, mut contents: Contents) -> Result<Contents, Error> {
    count_control!(tx.connection(), contents);
    Ok(contents)
}

/// Counts what the region's database holds of the sub-account being erased.
pub fn count_region(tx: &mut EraserTx<'_>) -> Result<Contents, Error> {
    let mut contents = Contents::default();
    count_region!(tx.connection(), contents);
    Ok(contents)
}

/// Keeps what was counted, before anything is erased.
pub fn note_contents(
    tx: &mut Tx<'_, ManageSubAccounts>,
    certificate: CertificateId,
    contents: Contents,
) -> Result<Change<()>, Error> {
    diesel::update(deletion_certificates::table)
        .filter(deletion_certificates::certificate_id.eq(certificate))
        .set(deletion_certificates::erased.eq(json!(contents)))
        .execute(tx.connection())?;
    // The completed certificate is what the log tells of.
    Ok(Change::none(()))
}

/// How many calls are erased by one transaction.
const BATCH: i64 = 5_000;

/// Erases some call content; tells whether there is more.
pub fn erase_region(tx: &mut EraserTx<'_>) -> Result<bool, Error> {
    let connection = tx.connection();
    let some = calls::table.select(calls::call_id).limit(BATCH).load::<uuid::Uuid>(connection)?;
    diesel::delete(transcripts::table.filter(transcripts::call_id.eq_any(&some))).execute(connection)?;
    diesel::delete(calls::table.filter(calls::call_id.eq_any(&some))).execute(connection)?;
    if !some.is_empty() {
        return Ok(true);
    }
    diesel::delete(transcripts::table).execute(connection)?;
    diesel::delete(call_days::table).execute(connection)?;
    diesel::delete(call_references::table).execute(connection)?;
    diesel::delete(test_calls::table).execute(connection)?;
    diesel::delete(phone_numbers::table).execute(connection)?;
    diesel::delete(agent_versions::table).execute(connection)?;
    diesel::delete(agents::table).execute(connection)?;
    diesel::delete(regional_keys::table).execute(connection)?;
    diesel::delete(outbox::table).execute(connection)?;
    Ok(false)
}

/// Erases what the control database holds of the sub-account, the ledger aside: what
/// was charged stays, with no personal data.
pub fn erase_control(tx: &mut EraserTx<'_>) -> Result<(), Error> {
    let connection = tx.connection();
    diesel::delete(invitation_letters::table).execute(connection)?;
    diesel::delete(invitations::table).execute(connection)?;
    diesel::delete(workspaces::table).execute(connection)?;
    // Invoices stay, without whom they were made out to.
    diesel::delete(invoice_letters::table).execute(connection)?;
    diesel::delete(invoice_recipients::table).execute(connection)?;
    diesel::delete(billing_details::table).execute(connection)?;
    let people: Vec<UserId> =
        diesel::delete(memberships::table).returning(memberships::user_id).get_results(connection)?;
    diesel::delete(api_keys::table).execute(connection)?;
    diesel::delete(webhook_attempts::table).execute(connection)?;
    diesel::delete(webhook_deliveries::table).execute(connection)?;
    diesel::delete(webhook_endpoints::table).execute(connection)?;
    diesel::delete(webhook_events::table).execute(connection)?;
    diesel::delete(stays::table).execute(connection)?;
    diesel::delete(usage_days::table).execute(connection)?;
    diesel::delete(allowances::table).execute(connection)?;
    diesel::delete(prices::table).execute(connection)?;
    diesel::delete(rates::table).execute(connection)?;
    diesel::delete(auto_recharges::table).execute(connection)?;
    diesel::delete(wallet_letters::table).execute(connection)?;
    diesel::delete(refusals::table).execute(connection)?;
    // Who paid is forgotten; that it was paid stays, as in the ledger.
    diesel::update(payments::table).set(payments::begun_by.eq(None::<uuid::Uuid>)).execute(connection)?;
    diesel::delete(idempotency_keys::table).execute(connection)?;
    diesel::delete(number_moves::table).execute(connection)?;
    diesel::delete(number_directory::table).execute(connection)?;
    diesel::delete(number_inventory::table).execute(connection)?;
    // The head first: whoever adds an entry holds it, so that none comes after.
    diesel::delete(audit_heads::table).execute(connection)?;
    diesel::delete(audit_entries::table).execute(connection)?;
    people.into_iter().try_for_each(|person| erase_person(connection, person))
}

/// Erases a person who belonged to the sub-account and to nothing else. Whether they are
/// needed elsewhere the foreign keys know, past every policy.
fn erase_person(connection: &mut PgConnection, person: UserId) -> Result<(), Error> {
    use diesel::result::{DatabaseErrorKind::ForeignKeyViolation, Error::DatabaseError};
    let erased = connection.transaction(|c| diesel::delete(users::table.find(person)).execute(c));
    match erased {
        Ok(_) | Err(DatabaseError(ForeignKeyViolation, _)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Completes the certificate as the last row of the sub-account goes.
pub fn complete(tx: &mut Tx<'_, ManageSubAccounts>, erasure: &Erasure) -> Result<Change<()>, Error> {
    let organization = tx.organization();
    diesel::delete(sub_accounts::table.find((organization, erasure.sub_account))).execute(tx.connection())?;
    let (name, erased) = diesel::update(deletion_certificates::table)
        .filter(deletion_certificates::certificate_id.eq(erasure.certificate))
        .set(deletion_certificates::completed_at.eq(diesel::dsl::now))
        .returning((deletion_certificates::sub_account_name, deletion_certificates::erased))
        .get_result::<(String, Option<Value>)>(tx.connection())?;
    let event = Event {
        account: organization.into(),
        action: "sub_account.deleted",
        object: name,
        object_id: erasure.sub_account.to_string(),
        details: json!({ "certificate": erasure.certificate, "erased": erased }),
    };
    let told = json!({ "sub_account_id": erasure.sub_account, "certificate_id": erasure.certificate });
    Ok(Change::new((), event).publishing(Notice::new(organization, EventKind::SubAccountDeleted, told)))
}

/// The proof of a deletion.
#[derive(Debug, Clone, Queryable)]
pub struct Certificate {
    /// Its id.
    pub id: CertificateId,
    /// What was deleted.
    pub sub_account: SubAccountId,
    /// What it was called.
    pub name: String,
    /// Where its call content was.
    pub region: Region,
    /// Who asked for it.
    pub requested_by: String,
    /// When access ended.
    pub requested_at: OffsetDateTime,
    /// When the last row was erased; `None` while it goes on.
    pub completed_at: Option<OffsetDateTime>,
    /// What was written off its wallet, in minor units.
    pub written_off_minor: i64,
    /// The currency of that.
    pub currency: String,
    erased: Option<Value>,
}

impl Certificate {
    /// What was erased, once counted.
    pub fn contents(&self) -> Option<Contents> {
        self.erased.clone().and_then(|value| serde_json::from_value(value).ok())
    }
}

macro_rules! certificates {
    ($tx:expr) => {
        deletion_certificates::table
            .filter(deletion_certificates::organization_id.eq($tx.organization()))
            .order((deletion_certificates::requested_at.desc(), deletion_certificates::certificate_id))
            .select((
                deletion_certificates::certificate_id,
                deletion_certificates::sub_account_id,
                deletion_certificates::sub_account_name,
                deletion_certificates::region,
                deletion_certificates::requested_by_name,
                deletion_certificates::requested_at,
                deletion_certificates::completed_at,
                deletion_certificates::written_off_minor,
                deletion_certificates::currency,
                deletion_certificates::erased,
            ))
    };
}

/// The latest certificates of an organization, `limit` at most.
pub fn certificates(tx: &mut Overview<'_>, limit: i64) -> Result<Vec<Certificate>, Error> {
    Ok(certificates!(tx).limit(limit).load(tx.connection())?)
}

/// One certificate.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this organization's.
pub fn certificate(tx: &mut Overview<'_>, id: CertificateId) -> Result<Certificate, Error> {
    Ok(certificates!(tx).filter(deletion_certificates::certificate_id.eq(id)).first(tx.connection())?)
}
