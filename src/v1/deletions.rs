//! Deleting a sub-account, and the certificates of what was deleted (`domain.md` 2.4).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::deletion::{self, Certificate, Confirmation, Contents},
    error::Error,
    values::{CertificateId, Money, Region, SubAccountId},
};

use super::{
    amount::Amount,
    reply::{Accepted, List, Paging, Reply},
    request::{Path, Query},
    sub_accounts::Place,
    timestamp::Timestamp,
};

/// What a deletion erased, by kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erased {
    /// Agents.
    #[schema(minimum = 0)]
    pub agents: i64,
    /// Phone numbers.
    #[schema(minimum = 0)]
    pub phone_numbers: i64,
    /// Call records.
    #[schema(minimum = 0)]
    pub calls: i64,
    /// Transcripts.
    #[schema(minimum = 0)]
    pub transcripts: i64,
    /// Recordings.
    #[schema(minimum = 0)]
    pub recordings: i64,
    /// Memberships.
    #[schema(minimum = 0)]
    pub members: i64,
    /// Invitations.
    #[schema(minimum = 0)]
    pub invitations: i64,
    /// API keys.
    #[schema(minimum = 0)]
    pub api_keys: i64,
    /// Entries of its audit log.
    #[schema(minimum = 0)]
    pub audit_entries: i64,
}

impl From<Contents> for Erased {
    fn from(contents: Contents) -> Self {
        Self {
            agents: contents.agents,
            phone_numbers: contents.numbers,
            calls: contents.calls,
            transcripts: contents.transcripts,
            recordings: contents.recordings,
            members: contents.members,
            invitations: contents.invitations,
            api_keys: contents.api_keys,
            audit_entries: contents.audit_entries,
        }
    }
}

/// The certificate of a deletion.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deletion {
    /// Its id.
    pub deletion_id: CertificateId,
    /// What was deleted.
    pub sub_account_id: SubAccountId,
    /// What it was called.
    #[schema(example = "Acme Telecom")]
    pub sub_account_name: String,
    /// Where its call content was.
    pub region: Region,
    /// Who asked for it: a person, or the name of a key.
    #[schema(example = "Asha Rao")]
    pub requested_by: String,
    /// When access ended.
    pub requested_at: Timestamp,
    /// When the last row was erased; null while it goes on.
    pub completed_at: Option<Timestamp>,
    /// What was written off its wallet, and paid to nobody.
    pub written_off: Amount,
    /// The currency of that.
    #[schema(example = "INR")]
    pub currency: String,
    /// What was erased; null until it was counted.
    pub erased: Option<Erased>,
}

impl From<Certificate> for Deletion {
    fn from(certificate: Certificate) -> Self {
        let written_off = Money::new(certificate.written_off_minor, certificate.currency.clone());
        Self {
            deletion_id: certificate.id,
            sub_account_id: certificate.sub_account,
            erased: certificate.contents().map(Erased::from),
            sub_account_name: certificate.name,
            region: certificate.region,
            requested_by: certificate.requested_by,
            requested_at: certificate.requested_at.into(),
            completed_at: certificate.completed_at.map(Timestamp),
            written_off: Amount::from(&written_off),
            currency: certificate.currency,
        }
    }
}

/// What is confirmed with a deletion.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// What is left in its wallet, as you read it: it is written off, and paid to nobody.
    /// Needed when something is left.
    #[param(minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 0)]
    write_off: Option<f64>,
}

/// Deletes a sub-account for good
///
/// Access ends at once: keys, sessions, invitations; calls in progress are ended. Everything
/// of it is then erased in every store, and the certificate stays. What is left in its
/// wallet must be named in `write_off`, else the answer is 409 `balance_remaining`. To stop
/// calls without losing anything, suspend it instead.
#[utoipa::path(delete, path = "/sub-accounts/{sub_account_id}", tag = "Sub-accounts", operation_id = "deleteSubAccount",
    params(DeleteQuery),
    responses((status = 202, description = "Access has ended, and erasure goes on.", body = Deletion)))]
pub async fn delete(
    scope: Scope<ManageSubAccounts>,
    place: Path<Place>,
    query: Query<DeleteQuery>,
) -> Result<Accepted<Deletion>, Denied> {
    let id = place.0.sub_account_id;
    if query.0.write_off.is_some_and(|amount| !(0.0..=1_000_000_000.0).contains(&amount)) {
        return Err(Error::invalid("write_off", "Name an amount from 0 to 1000000000.").into());
    }
    let write_off = query.0.write_off.map(|amount| Amount::of_major(amount)?.minor("The wallet"));
    let acknowledged_balance =
        write_off.transpose().map_err(|wrong| Error::invalid("write_off", wrong.message))?;
    let confirmation = Confirmation { typed_name: None, acknowledged_balance };
    let deleted = scope.write(move |tx| deletion::request(tx, id, &confirmation)).await;
    let certificate = deleted.map_err(|error| match error {
        Error::Invalid(wrong) => Error::Conflict {
            code: "balance_remaining",
            message: wrong.into_iter().next().map(|wrong| wrong.message).unwrap_or_default(),
        },
        other => other,
    })?;
    Ok(Accepted(scope.overview(move |tx| deletion::certificate(tx, certificate)).await?.into()))
}

/// Which part of the list.
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
}

/// As many certificates as the list goes back.
const MOST: i64 = 1_000;

/// Lists deletions
///
/// The certificates of deleted sub-accounts, the latest first.
#[utoipa::path(get, path = "/deletions", tag = "Sub-accounts", operation_id = "listDeletions", params(ListQuery),
    responses((status = 200, description = "A page of them.", body = List<Deletion>)))]
pub async fn list(
    scope: Scope<ManageSubAccounts>,
    query: Query<ListQuery>,
) -> Result<Reply<List<Deletion>>, Denied> {
    let paging = Paging::of(query.0.page, query.0.limit, None)?;
    let certificates = scope.overview(|tx| deletion::certificates(tx, MOST)).await?;
    Ok(Reply(List::of_all(certificates.into_iter().map(Deletion::from).collect(), &paging)))
}

/// The id in the address.
#[derive(Debug, Deserialize)]
pub struct DeletionPlace {
    /// The certificate.
    deletion_id: CertificateId,
}

/// Shows a deletion
#[utoipa::path(get, path = "/deletions/{deletion_id}", tag = "Sub-accounts", operation_id = "getDeletion",
    params(("deletion_id" = CertificateId, Path, description = "The certificate.")),
    responses((status = 200, description = "The certificate.", body = Deletion)))]
pub async fn show(
    scope: Scope<ManageSubAccounts>,
    place: Path<DeletionPlace>,
) -> Result<Reply<Deletion>, Denied> {
    let id = place.0.deletion_id;
    Ok(Reply(scope.overview(move |tx| deletion::certificate(tx, id)).await?.into()))
}
