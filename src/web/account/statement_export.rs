//! The statement of a filter as a CSV file (RFC 4180), of any length: it is written as it is read.

use std::time::Instant;

use actix_web::{
    HttpResponse,
    web::{self, Bytes},
};

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, ViewBilling},
    },
    domain::billing::statement::{self, Filter, Posting, Sums},
    error::Error,
    values::{Part, SubAccountId},
    web::{
        cells,
        csv_file::{BELIEVED, Export, streamed, written},
    },
};

use super::billing::{BillingUrl, Names, check_seen};

/// Entries read at a time: as many as are in memory.
const BATCH: u16 = 500;

const HEADER: [&str; 11] = [
    "transaction_id",
    "occurred_at_ist",
    "type",
    "amount",
    "balance_after",
    "currency",
    "reference",
    "call_id",
    "sub_account_id",
    "sub_account",
    "by",
];

/// Whose statement it is: an account's own, or that of a parent's sub-account.
pub(in crate::web) struct Source {
    scope: Scope<ViewBilling>,
    above: Option<(Scope<ManageSubAccounts>, SubAccountId)>,
}

impl Source {
    /// The statement of one of the parent's sub-accounts.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an id that is not one of its own.
    pub(in crate::web) async fn beneath(
        parent: Scope<ManageSubAccounts>,
        id: SubAccountId,
    ) -> Result<Self, Error> {
        let scope = parent.sub_account(id).await?.also::<ViewBilling>().ok_or(Error::NotFound)?;
        Ok(Self { scope, above: Some((parent, id)) })
    }

    /// The same, found out anew.
    async fn again(&self) -> Result<Self, Error> {
        match &self.above {
            Some((parent, id)) => Self::beneath(parent.again().await?, *id).await,
            None => Ok(Self { scope: self.scope.again().await?, above: None }),
        }
    }
}

fn row(source: &Source, names: &Names, posting: &Posting) -> [String; 11] {
    [
        posting.transaction.to_string(),
        cells::moment(posting.occurred_at),
        posting.kind.to_string(),
        cells::amount(posting.amount_minor),
        cells::amount(posting.balance_after_minor),
        posting.currency.clone(),
        cells::text(&posting.reference),
        posting.call.map(|id| id.to_string()).unwrap_or_default(),
        posting.charged_for.map(|id| id.to_string()).unwrap_or_default(),
        cells::text(&names.beneath(posting).unwrap_or_default()),
        cells::text(&names.actor(&source.scope, posting)),
    ]
}

/// A statement on its way.
struct Statement {
    source: Source,
    believed_since: Instant,
    filter: Filter,
    sums: Sums,
    place: Place,
}

enum Place {
    Start,
    At(Part<i64>),
    End,
}

impl Export for Statement {
    const NAME: &'static str = "statement.csv";

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let part = match self.place {
            Place::End => return Ok(None),
            Place::Start => {
                self.place = Place::At(Part::Newest);
                return written([HEADER]).map(Some);
            }
            Place::At(part) => part,
        };
        if self.believed_since.elapsed() > BELIEVED {
            self.source = self.source.again().await?;
            self.believed_since = Instant::now();
            check_seen(&self.source.scope).map_err(|denied| denied.0)?;
        }
        let (filter, sums) = (self.filter.clone(), self.sums);
        let found =
            self.source.scope.read(move |tx| statement::page(tx, &filter, &sums, part, (0, BATCH))).await?;
        let next = found.rows.last().filter(|_| found.has_older).map(|posting| posting.sequence);
        self.place = next.map_or(Place::End, |sequence| Place::At(Part::OlderThan(sequence)));
        if found.rows.is_empty() {
            return Ok(None);
        }
        let above = self.source.above.as_ref().map(|(parent, _)| parent);
        let names = Names::of(&self.source.scope, above, &found.rows).await?;
        written(found.rows.iter().map(|posting| row(&self.source, &names, posting))).map(Some)
    }
}

/// The file of what an address asks for.
pub(in crate::web) async fn file(source: Source, url: &BillingUrl) -> Result<HttpResponse, Denied> {
    let filter = url.filter();
    let asked = filter.clone();
    let sums = source.scope.read(move |tx| statement::sums(tx, &asked)).await?;
    let export = Statement { source, believed_since: Instant::now(), filter, sums, place: Place::Start };
    Ok(streamed(export))
}

/// `GET /accounts/{account}/billing/export.csv`
pub async fn export(scope: Scope<ViewBilling>, url: web::Query<BillingUrl>) -> Result<HttpResponse, Denied> {
    check_seen(&scope)?;
    file(Source { scope, above: None }, &url).await
}
