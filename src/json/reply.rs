//! What is answered.

use actix_web::{HttpRequest, HttpResponse, Responder, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;

/// 200 with a body.
#[derive(Debug)]
pub struct Reply<T>(pub T);

impl<T: Serialize> Responder for Reply<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

/// 201 with what was made.
#[derive(Debug)]
pub struct Created<T>(pub T);

impl<T: Serialize> Responder for Created<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().json(self.0)
    }
}

/// 202 with what goes on from here.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

impl<T: Serialize> Responder for Accepted<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Accepted().json(self.0)
    }
}

/// 204.
#[derive(Debug)]
pub struct NoContent;

impl Responder for NoContent {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::new(StatusCode::NO_CONTENT)
    }
}

/// Where a list is, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Meta {
    /// The page, from 1; 1 too for what a cursor asked for.
    #[schema(minimum = 1, example = 1)]
    pub page: i64,
    /// Rows on a page.
    #[schema(minimum = 1, maximum = 100, example = 20)]
    pub limit: i64,
    /// Rows in all.
    #[schema(minimum = 0, example = 3)]
    pub total: i64,
    /// Pages in all.
    #[serde(rename = "totalPages")]
    #[schema(minimum = 0, example = 1)]
    pub total_pages: i64,
    /// What to send as `cursor` for the rows after these; null after the last.
    pub next_cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where they are.
    pub meta: Meta,
}

impl<T> List<T> {
    /// A page of a list of `total` rows.
    pub fn new(data: Vec<T>, paging: &Paging, total: i64, next_cursor: Option<String>) -> Self {
        let limit = paging.limit;
        let meta =
            Meta { page: paging.page, limit, total, total_pages: (total + limit - 1) / limit, next_cursor };
        Self { data, meta }
    }

    /// A page of a list that is short enough to be read whole.
    pub fn of_all(all: Vec<T>, paging: &Paging) -> Self {
        let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let skip = usize::try_from(paging.skip()).unwrap_or(usize::MAX);
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let data = all.into_iter().skip(skip).take(limit).collect();
        Self::new(data, paging, total, None)
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// The page, from 1.
    pub page: i64,
    /// Rows on it.
    pub limit: i64,
    /// Where it begins instead, as `next_cursor` said.
    pub cursor: Option<String>,
}

/// Rows on a page where none are asked for, and most.
const LIMIT: i64 = 20;
const MOST: i64 = 100;
/// The last page that is read by number: further in, a cursor leads.
const LAST_PAGE: i64 = 10_000;

impl Paging {
    /// Checks what was asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `page` or `limit`.
    pub fn of(page: Option<i64>, limit: Option<i64>, cursor: Option<String>) -> Result<Self, Error> {
        if !(1..=LAST_PAGE).contains(&page.unwrap_or(1)) {
            let message = format!("Ask for a page from 1 to {LAST_PAGE}; further in, follow next_cursor.");
            return Err(Error::invalid("page", message));
        }
        if !(1..=MOST).contains(&limit.unwrap_or(LIMIT)) {
            return Err(Error::invalid("limit", format!("Ask for 1 to {MOST} rows.")));
        }
        // Where a cursor says where to go on, the page's number does not count.
        let page = page.filter(|_| cursor.is_none());
        Ok(Self { page: page.unwrap_or(1), limit: limit.unwrap_or(LIMIT), cursor })
    }

    /// Where it begins in a list that is numbered without gaps, as its cursor says.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `cursor` for one that was never given.
    pub fn sequence(&self) -> Result<Option<i64>, Error> {
        let read = |text: &String| {
            let number = text.parse().ok().filter(|number: &i64| *number > 0 && number.to_string() == *text);
            number.ok_or_else(|| Error::invalid("cursor", "It is not one that was given."))
        };
        self.cursor.as_ref().map(read).transpose()
    }

    /// How many rows stand before the page.
    pub fn skip(&self) -> i64 {
        (self.page - 1) * self.limit
    }
}
