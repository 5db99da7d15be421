//! What can go wrong in an operation. The faces decide how it is told.

use std::fmt;

/// The reason an operation was refused or failed.
#[derive(Debug)]
pub enum Error {
    /// It does not exist, or the asker may not know that it does.
    NotFound,
    /// Nobody is signed in, or no longer.
    SignedOut,
    /// The organization lacks the Enterprise feature `sub_accounts` (`domain.md` 1.1).
    FeatureNotEnabled,
    /// The asker is known and may not do this; the text says what it takes.
    Forbidden(&'static str),
    /// An organization's key asks without naming the account it means (`domain.md` 6.4).
    TargetRequired,
    /// There is not enough money for it (`domain.md` 4.5).
    Unpaid {
        /// A stable code for programs, such as `insufficient_balance`.
        code: &'static str,
        /// What a person reads.
        message: String,
    },
    /// Fields are wrong; nothing was changed.
    Invalid(Vec<FieldError>),
    /// The state has moved on: somebody was faster, or a rule between records forbids it.
    Conflict {
        /// A stable code for programs, such as `limit_changed`.
        code: &'static str,
        /// What a person reads.
        message: String,
    },
    /// Too much is going on; trying again later may succeed.
    Busy,
    /// A fault of ours or of something we stand on. The text is for the log only.
    Internal(String),
}

/// One field that is wrong, and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name as the form or the JSON body spells it.
    pub field: String,
    /// The rule, in words for people.
    pub message: String,
}

impl FieldError {
    /// A broken rule of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Error {
    /// One wrong field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// A fault of ours, with what the log should say.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::SignedOut => f.write_str("sign in first"),
            Self::FeatureNotEnabled => f.write_str("sub-accounts are not enabled for this organization"),
            Self::TargetRequired => f.write_str(
                "Name the account: /v1/organization/… is the organization’s own, \
                 /v1/sub-accounts/{sub_account_id}/… one of its sub-accounts",
            ),
            Self::Forbidden(why) => f.write_str(why),
            Self::Invalid(fields) => {
                for (at, wrong) in fields.iter().enumerate() {
                    write!(f, "{}{}: {}", if at == 0 { "" } else { "; " }, wrong.field, wrong.message)?;
                }
                Ok(())
            }
            Self::Unpaid { message, .. } | Self::Conflict { message, .. } => f.write_str(message),
            Self::Busy => f.write_str("too busy, try again shortly"),
            Self::Internal(cause) => write!(f, "internal: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error as Diesel};
        match error {
            Diesel::NotFound => Self::NotFound,
            Diesel::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Busy,
            // A statement, lock or idle limit of the connection ran out.
            Diesel::DatabaseError(_, info) if info.message().starts_with("canceling statement") => Self::Busy,
            other => Self::Internal(other.to_string()),
        }
    }
}
