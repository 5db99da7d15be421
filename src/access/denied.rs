//! An [`Error`] on its way out of a handler. The face it leaves by renders it; what
//! stands here is only its status.

use std::fmt;

use actix_web::{ResponseError, http::StatusCode};

use crate::error::Error;

/// The error of a handler.
#[derive(Debug)]
pub struct Denied(pub Error);

impl<E: Into<Error>> From<E> for Denied {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // The cause is for the log alone.
            Error::Internal(_) => f.write_str("something went wrong on our side"),
            other => other.fmt(f),
        }
    }
}

impl ResponseError for Denied {
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::SignedOut => StatusCode::UNAUTHORIZED,
            Error::FeatureNotEnabled | Error::TargetRequired | Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::Unpaid { .. } => StatusCode::PAYMENT_REQUIRED,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Conflict { .. } => StatusCode::CONFLICT,
            Error::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
