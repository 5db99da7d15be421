//! A new sub-account, provisioned at once (`domain.md` 2.1).

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    access::{Change, Event, Notice, Tx, permission::ManageSubAccounts},
    domain::{billing::ledger, workspaces},
    error::{Error, FieldError},
    schema::control::{accounts, organizations, sub_accounts},
    values::{BillingMode, EventKind, Region, SubAccountId, SubAccountStatus},
};

use super::{allocation, name::SubAccountName};

/// What somebody asks for, before any rule was checked.
#[derive(Debug, Clone, Default)]
pub struct NewSubAccountInput {
    /// The name as typed.
    pub name: String,
    /// `isolated` or `consolidated`.
    pub billing_mode: String,
    /// A configured region.
    pub region: String,
    /// Calls at the same time; `None` when it was missing or no number.
    pub concurrency_limit: Option<i64>,
    /// The caller's own reference, unique in the organization.
    pub external_id: Option<String>,
}

/// A sub-account that breaks no rule that can be checked without the database.
#[derive(Debug, Clone, Serialize)]
pub struct NewSubAccount {
    name: SubAccountName,
    billing_mode: BillingMode,
    region: Region,
    concurrency_limit: i32,
    external_id: Option<String>,
}

impl NewSubAccount {
    /// Checks every field, and reports all that are wrong together.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a message for each wrong field.
    pub fn check<'r>(
        input: &NewSubAccountInput,
        regions: impl IntoIterator<Item = &'r Region>,
    ) -> Result<Self, Error> {
        let mut wrong = Vec::new();
        let name = SubAccountName::parse(&input.name).map_err(|error| wrong.push(error)).ok();
        let billing_mode = input.billing_mode.parse().ok();
        if billing_mode.is_none() {
            wrong.push(FieldError::new("billing_mode", "Choose who pays: isolated or consolidated."));
        }
        let region = regions.into_iter().find(|region| region.as_str() == input.region).cloned();
        if region.is_none() {
            wrong.push(FieldError::new("region", "Choose one of the data regions."));
        }
        let limit = limit_of(input.concurrency_limit).map_err(|error| wrong.push(error)).ok();
        let external_id = input.external_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        if external_id.is_some_and(|id| id.chars().count() > 100 || id.chars().any(char::is_control)) {
            wrong.push(FieldError::new("external_id", "The reference must be at most 100 characters."));
        }
        match (name, billing_mode, region, limit) {
            (Some(name), Some(billing_mode), Some(region), Some(concurrency_limit)) if wrong.is_empty() => {
                Ok(Self {
                    name,
                    billing_mode,
                    region,
                    concurrency_limit,
                    external_id: external_id.map(str::to_owned),
                })
            }
            _ => Err(Error::Invalid(wrong)),
        }
    }
}

impl NewSubAccount {
    /// Its name.
    pub fn name(&self) -> &SubAccountName {
        &self.name
    }

    /// Who pays.
    pub fn billing_mode(&self) -> BillingMode {
        self.billing_mode
    }

    /// Where its call content will live.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Calls at the same time.
    pub fn concurrency_limit(&self) -> i32 {
        self.concurrency_limit
    }

    /// The caller's own reference.
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }
}

/// A sub-account that was just made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// Its id.
    pub id: SubAccountId,
    /// Since when it exists.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A concurrency limit: a whole number from 0.
///
/// # Errors
/// Which rule it breaks, on the field `concurrency_limit`.
pub fn limit_of(number: Option<i64>) -> Result<i32, FieldError> {
    number
        .and_then(|number| i32::try_from(number).ok())
        .filter(|limit| *limit >= 0)
        .ok_or_else(|| FieldError::new("concurrency_limit", "Enter a whole number of calls, 0 or more."))
}

/// The code of a refusal because of a reference that is in use.
pub const EXTERNAL_ID_TAKEN: &str = "external_id_taken";

/// Creates the sub-account with its default workspace and its ledger accounts.
///
/// # Errors
/// [`Error::Conflict`] with code `concurrency_unavailable` when more is asked for than is
/// free, `external_id_taken` when another sub-account has the reference.
pub fn create(tx: &mut Tx<'_, ManageSubAccounts>, new: &NewSubAccount) -> Result<Change<Created>, Error> {
    let organization = tx.organization();
    let shares = allocation::lock(tx)?;
    let excess = shares.with(0, new.concurrency_limit, 0).excess();
    if excess > 0 {
        return Err(allocation::shortage(tx, shares, excess)?.into());
    }
    if let Some(external_id) = &new.external_id {
        let taken = diesel::select(diesel::dsl::exists(
            sub_accounts::table
                .filter(sub_accounts::organization_id.eq(organization))
                .filter(sub_accounts::external_id.eq(external_id)),
        ))
        .get_result::<bool>(tx.connection())?;
        if taken {
            return Err(Error::Conflict {
                code: EXTERNAL_ID_TAKEN,
                message: "Another of your sub-accounts has this reference.".to_owned(),
            });
        }
    }
    let id = SubAccountId::new();
    diesel::insert_into(accounts::table)
        .values((accounts::organization_id.eq(organization), accounts::account_id.eq(id)))
        .execute(tx.connection())?;
    let created_at = diesel::insert_into(sub_accounts::table)
        .values((
            sub_accounts::sub_account_id.eq(id),
            sub_accounts::name.eq(new.name.as_str()),
            sub_accounts::external_id.eq(&new.external_id),
            sub_accounts::billing_mode.eq(new.billing_mode),
            sub_accounts::region.eq(&new.region),
            sub_accounts::concurrency_limit.eq(new.concurrency_limit),
        ))
        .returning(sub_accounts::created_at)
        .get_result(tx.connection())?;
    let currency: String =
        organizations::table.find(organization).select(organizations::currency).first(tx.connection())?;
    tx.within(id, |tx| {
        workspaces::open_first(tx, &new.region)?;
        ledger::open(tx, &currency)
    })?;
    let event = |account| Event {
        account,
        action: "sub_account.created",
        object: new.name.as_str().to_owned(),
        object_id: id.to_string(),
        details: json!({
            "billing_mode": new.billing_mode,
            "region": new.region,
            "concurrency_limit": new.concurrency_limit,
        }),
    };
    let told = json!({
        "sub_account_id": id,
        "name": new.name,
        "status": SubAccountStatus::Active,
        "billing_mode": new.billing_mode,
        "region": new.region,
        "concurrency_limit": new.concurrency_limit,
    });
    // The reference is the parent's own: the sub-account is new, and has nobody to tell yet.
    let mut told_above = told.clone();
    told_above["external_id"] = json!(new.external_id);
    let created = Created { id, created_at };
    Ok(Change::told_by(created, event(organization.into()), [event(id.into())])
        .publishing(Notice::new(organization, EventKind::SubAccountCreated, told_above))
        .publishing(Notice::new(id, EventKind::SubAccountCreated, told)))
}
