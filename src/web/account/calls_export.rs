//! The calls of a filter as a CSV file (RFC 4180), of any length: it is written as it is read.

use std::time::Instant;

use actix_web::{
    HttpResponse,
    web::{self, Bytes},
};

use crate::{
    access::{Denied, Scope, permission::View},
    domain::calls::{
        Call,
        list::{self, Filter},
    },
    error::Error,
    values::{CallId, Part},
    web::{
        cells,
        csv_file::{BELIEVED, Export, streamed, written},
    },
};

use super::{calls::CallsUrl, sees_cost};

/// Calls read at a time: as many as are in memory.
const BATCH: u16 = 500;

const HEADER: [&str; 13] = [
    "call_id",
    "started_at_ist",
    "direction",
    "from",
    "to",
    "agent",
    "status",
    "end_reason",
    "duration_seconds",
    "sentiment",
    "summary",
    "cost",
    "currency",
];
/// The columns of the cost, which stand last.
const COST: usize = 2;

fn row(call: &Call) -> [String; 13] {
    [
        call.id.to_string(),
        cells::moment(call.created_at),
        call.direction.to_string(),
        cells::text(&call.from_e164),
        cells::text(&call.to_e164),
        cells::text(&call.agent_name),
        call.status.to_string(),
        call.end_reason.map(|reason| reason.to_string()).unwrap_or_default(),
        call.duration_seconds.to_string(),
        call.sentiment.map(|felt| felt.to_string()).unwrap_or_default(),
        cells::text(call.summary.as_deref().unwrap_or_default()),
        cells::amount(call.cost_minor),
        call.currency.clone(),
    ]
}

/// Calls on their way.
struct Calls {
    scope: Scope<View>,
    believed_since: Instant,
    filter: Filter,
    columns: usize,
    place: Place,
}

enum Place {
    Start,
    At(Part<CallId>),
    End,
}

impl Export for Calls {
    const NAME: &'static str = "calls.csv";

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if matches!(self.place, Place::Start) {
            self.place = Place::At(Part::Newest);
            return written([HEADER.get(..self.columns).unwrap_or(&HEADER)]).map(Some);
        }
        while let Place::At(part) = self.place {
            if self.believed_since.elapsed() > BELIEVED {
                self.scope = self.scope.again().await?;
                self.believed_since = Instant::now();
                if self.columns == HEADER.len() && !sees_cost(&self.scope) {
                    return Err(Error::NotFound);
                }
            }
            let filter = self.filter.clone();
            let found = self.scope.read_region(move |tx| list::page(tx, &filter, part, BATCH)).await?;
            let last = found.stopped.or_else(|| found.rows.last().map(|call| call.id));
            let next = last.filter(|_| found.has_older);
            self.place = next.map_or(Place::End, |id| Place::At(Part::OlderThan(id)));
            if !found.rows.is_empty() {
                let rows: Vec<_> = found.rows.iter().map(row).collect();
                let rows = rows.iter().map(|row| row.get(..self.columns).unwrap_or(row));
                return written(rows).map(Some);
            }
        }
        Ok(None)
    }
}

/// `GET /accounts/{account}/calls/export.csv`
pub async fn export(scope: Scope<View>, url: web::Query<CallsUrl>) -> Result<HttpResponse, Denied> {
    let filter = url.filter(&scope.asker().account.region);
    let asked = url.query();
    scope.write(move |tx| Ok(list::note_exported(tx, &asked))).await?;
    let columns = if sees_cost(&scope) { HEADER.len() } else { HEADER.len() - COST };
    let export = Calls { scope, believed_since: Instant::now(), filter, columns, place: Place::Start };
    Ok(streamed(export))
}
