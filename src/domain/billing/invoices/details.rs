//! Who an account is to those who invoice it, and who an organization is to the sub-accounts
//! that it invoices.

use data_encoding::HEXLOWER;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    access::{
        Change, Event, Tx,
        permission::{EditBillingDetails, IssueInvoices, Permission},
    },
    domain::audit,
    error::{Error, FieldError},
    schema::control::{accounts, billing_details},
    values::{Email, words},
};

use super::{due, gst};

words! {
    /// Which part in invoices the details are for.
    Part {
        /// The account is invoiced.
        Recipient = "recipient" / "Recipient",
        /// The organization invoices its sub-accounts.
        Issuer = "issuer" / "Issuer",
    }
}

/// Details that are right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = billing_details, treat_none_as_null = true)]
pub struct Details {
    /// The name by law.
    pub legal_name: String,
    /// The address, in lines.
    pub address: String,
    /// The state's code for GST.
    pub state: String,
    /// The registration for GST, of whoever has one.
    pub gstin: Option<String>,
    /// Where invoices are sent; none: to the account's owner.
    pub email: Option<String>,
}

impl Details {
    /// Looks at what was typed in.
    ///
    /// # Errors
    /// [`Error::Invalid`] on each field that is wrong.
    pub fn check(
        legal_name: &str,
        address: &str,
        state: &str,
        gstin: &str,
        email: &str,
    ) -> Result<Self, Error> {
        let mut wrong = Vec::new();
        let legal_name = legal_name.trim();
        if !(1..=200).contains(&legal_name.chars().count()) || legal_name.chars().any(char::is_control) {
            wrong.push(FieldError::new("legal_name", "Enter the legal name, of at most 200 characters."));
        }
        let lines: Vec<_> = address.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let address = lines.join("\n");
        if !(1..=500).contains(&address.chars().count()) || lines.len() > 8 {
            let message = "Enter the address, in at most 8 lines and 500 characters.";
            wrong.push(FieldError::new("address", message));
        }
        if gst::state_name(state).is_none() {
            wrong.push(FieldError::new("state", "Choose the state or territory."));
        }
        let gstin = match gstin.trim() {
            "" => None,
            text => match gst::gstin("gstin", text) {
                Ok(number) if number.starts_with(state) => Some(number),
                Ok(number) => {
                    let name = gst::state_name(&number[..2]).unwrap_or_default();
                    let message =
                        format!("This GSTIN is of {name}: choose that state, or look for a typing error.");
                    wrong.push(FieldError::new("gstin", message));
                    None
                }
                Err(Error::Invalid(errors)) => {
                    wrong.extend(errors);
                    None
                }
                Err(other) => return Err(other),
            },
        };
        let email = match email.trim() {
            "" => None,
            text => match Email::parse(text).ok().filter(Email::can_be_written_to) {
                Some(email) => Some(email.to_string()),
                None => {
                    wrong.push(FieldError::new(
                        "email",
                        "Enter an e-mail address, such as accounts@acme.example.",
                    ));
                    None
                }
            },
        };
        if wrong.is_empty() {
            Ok(Self { legal_name: legal_name.to_owned(), address, state: state.to_owned(), gstin, email })
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

/// The details of the account that the transaction is on.
pub fn of<P: Permission>(tx: &mut Tx<'_, P>, part: Part) -> Result<Option<Details>, Error> {
    Ok(billing_details::table
        .find((tx.organization(), tx.tenant().uuid(), part))
        .select((
            billing_details::legal_name,
            billing_details::address,
            billing_details::state,
            billing_details::gstin,
            billing_details::email,
        ))
        .first(tx.connection())
        .optional()?)
}

/// What an editor was shown, as a word: whoever saves says by it what they looked at.
pub fn mark(details: Option<&Details>) -> String {
    let shown = serde_json::to_vec(&details).unwrap_or_default();
    HEXLOWER.encode(&Sha256::digest(shown)[..12])
}

/// What became of new details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They stand on the invoices to come.
    Done,
    /// Somebody else saved others since the editor looked. Nothing was changed.
    Overtaken {
        /// How they are now.
        now: Option<Details>,
        /// Who did that, as the log names them.
        by: Option<String>,
    },
}

impl Part {
    /// The audit action of changed details.
    fn changed(self) -> &'static str {
        match self {
            Self::Recipient => "billing_details.changed",
            Self::Issuer => "issuer_details.changed",
        }
    }
}

/// Says who the account is to those who invoice it, unless that is not as `seen` any more. Invoices
/// that were issued stay as they are.
pub fn change_recipient(
    tx: &mut Tx<'_, EditBillingDetails>,
    seen: Option<&str>,
    to: &Details,
) -> Result<Change<Outcome>, Error> {
    change(tx, Part::Recipient, seen, to).map(|(change, _)| change)
}

/// Says who the organization is on the invoices of its sub-accounts, unless that is not as `seen`
/// any more. What waited for it is invoiced soon.
pub fn change_issuer(
    tx: &mut Tx<'_, IssueInvoices>,
    seen: Option<&str>,
    to: &Details,
) -> Result<Change<Outcome>, Error> {
    let (change, is_first) = change(tx, Part::Issuer, seen, to)?;
    if is_first {
        due::wake_all_beneath(tx)?;
    }
    Ok(change)
}

/// Keeps details, and tells whether there were none before.
fn change<P: Permission>(
    tx: &mut Tx<'_, P>,
    part: Part,
    seen: Option<&str>,
    to: &Details,
) -> Result<(Change<Outcome>, bool), Error> {
    let account = tx.tenant();
    // Two who save at once wait for each other here.
    accounts::table
        .find((tx.organization(), account.uuid()))
        .select(accounts::account_id)
        .for_no_key_update()
        .first::<Uuid>(tx.connection())?;
    let before = of(tx, part)?;
    if before.as_ref() == Some(to) {
        return Ok((Change::none(Outcome::Done), false));
    }
    if seen.is_some_and(|seen| seen != mark(before.as_ref())) {
        let by = audit::last_actor(tx, part.changed(), &account.to_string())?;
        return Ok((Change::none(Outcome::Overtaken { now: before, by }), false));
    }
    diesel::insert_into(billing_details::table)
        .values((billing_details::part.eq(part), to))
        .on_conflict((billing_details::organization_id, billing_details::account_id, billing_details::part))
        .do_update()
        .set(to)
        .execute(tx.connection())?;
    let told = |details: &Details| json!({ "legal_name": details.legal_name, "state": details.state, "gstin": details.gstin });
    let event = Event {
        account,
        action: part.changed(),
        object: to.legal_name.clone(),
        object_id: account.to_string(),
        details: json!({ "before": before.as_ref().map(told), "after": told(to) }),
    };
    Ok((Change::new(Outcome::Done, event), before.is_none()))
}
