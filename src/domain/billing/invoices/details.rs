//! Who an account is to those who invoice it, and who an organization is to the sub-accounts
//! that it invoices.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    access::{
        Change, Event, Tx,
        permission::{Permission, ViewBilling},
    },
    error::{Error, FieldError},
    schema::control::billing_details,
    values::{Email, words},
};

use super::gst;

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
                Ok(_) => {
                    let message = "A GSTIN begins with the code of its state, and this is another state’s.";
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

/// Keeps details for the invoices to come; those that were issued stay as they are.
pub fn save(tx: &mut Tx<'_, ViewBilling>, part: Part, details: &Details) -> Result<Change<()>, Error> {
    if of(tx, part)?.as_ref() == Some(details) {
        return Ok(Change::none(()));
    }
    diesel::insert_into(billing_details::table)
        .values((billing_details::part.eq(part), details))
        .on_conflict((billing_details::organization_id, billing_details::account_id, billing_details::part))
        .do_update()
        .set(details)
        .execute(tx.connection())?;
    let account = tx.tenant();
    Ok(Change::new(
        (),
        Event {
            account,
            action: match part {
                Part::Recipient => "billing_details.changed",
                Part::Issuer => "issuer_details.changed",
            },
            object: details.legal_name.clone(),
            object_id: account.to_string(),
            details: json!({ "state": details.state, "gstin": details.gstin }),
        },
    ))
}
