//! Counters of calls per day.

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{
        Denied, Scope,
        permission::{View, ViewBilling},
        principal::Standing,
    },
    domain::{
        billing::ledger,
        usage::{
            self,
            peaks::{self, last_peaks},
        },
    },
    error::Error,
    values::Money,
};

use super::{amount::Amount, reply::Reply, request::Query};

/// Which days.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// How many days back, today included; 30 unless said.
    #[param(minimum = 1, maximum = 366, example = 7)]
    days: Option<i64>,
}

/// Calls that were refused on one day for one reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refusals {
    /// The code that was answered.
    #[schema(example = "concurrency_limit_reached")]
    pub code: String,
    /// The limit that refused them, in calls at once; null where it was no limit.
    #[schema(minimum = 0, example = 10)]
    pub at_limit: Option<i32>,
    /// How many.
    #[schema(minimum = 0, example = 3)]
    pub refused: i64,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Day {
    /// The day in India.
    #[schema(value_type = String, format = Date, example = "2025-03-15")]
    pub date: String,
    /// Calls that were made or came in.
    #[schema(minimum = 0, example = 42)]
    pub calls: i64,
    /// Those that were answered.
    #[schema(minimum = 0, example = 37)]
    pub answered: i64,
    /// Minutes started.
    #[schema(minimum = 0, example = 118)]
    pub minutes: i64,
    /// The most calls at once.
    #[schema(minimum = 0, example = 9)]
    pub peak_in_use: i32,
    /// Calls that were refused: they made no call, and cost nothing.
    #[schema(minimum = 0, example = 3)]
    pub refused: i64,
    /// Why they were refused.
    pub refusals: Vec<Refusals>,
    /// What they cost; null where another pays for them.
    pub cost: Option<Amount>,
}

impl From<peaks::Refusals> for Refusals {
    fn from(refusals: peaks::Refusals) -> Self {
        let peaks::Refusals { code, at_limit, refused } = refusals;
        Self { code, at_limit, refused }
    }
}

/// Usage over some days.
#[derive(Debug, Serialize, ToSchema)]
pub struct Usage {
    /// The currency of costs.
    #[schema(example = "INR")]
    pub currency: String,
    /// Each day, the oldest first; days without calls have zeros.
    pub days: Vec<Day>,
}

/// The longest look back, in days.
const MOST: i64 = 366;

/// Shows usage by day
///
/// Calls, minutes and what they cost; how many there were at once, and which were refused. A day is a day in India.
#[utoipa::path(get, path = "/usage", tag = "Usage", operation_id = "getUsage", params(UsageQuery),
    responses((status = 200, description = "Each day.", body = Usage)))]
pub async fn show(scope: Scope<View>, query: Query<UsageQuery>) -> Result<Reply<Usage>, Denied> {
    let days = query.0.days.unwrap_or(usage::WINDOW.into());
    if !(1..=MOST).contains(&days) {
        return Err(Error::invalid("days", format!("Ask for 1 to {MOST} days.")).into());
    }
    let days = u16::try_from(days).map_err(Error::internal)?;
    let (volumes, peaks) =
        scope.read(move |tx| Ok((usage::last_days(tx, days)?, last_peaks(tx, days)?))).await?;
    let (currency, costs) = match costs_scope(&scope) {
        Some(scope) => {
            let (wallet, costs) =
                scope.read(move |tx| Ok((ledger::balance(tx)?, usage::last_costs(tx, days)?))).await?;
            (wallet.currency, costs)
        }
        None => (scope.read(ledger::balance).await?.currency, Vec::new()),
    };
    let cost = |date: Date| costs.iter().find(|(day, _)| *day == date).map(|(_, minor)| *minor);
    let days = volumes
        .iter()
        .zip(peaks)
        .map(|(day, peaks)| Day {
            date: day.day.to_string(),
            calls: day.calls,
            answered: day.answered,
            minutes: day.minutes,
            peak_in_use: peaks.peak,
            refused: peaks.refused(),
            refusals: peaks.refusals.into_iter().map(Refusals::from).collect(),
            cost: cost(day.day).map(|minor| Amount::from(&Money::new(minor, currency.clone()))),
        })
        .collect();
    Ok(Reply(Usage { days, currency }))
}

/// The right to see costs: of whoever pays, and of the parent.
fn costs_scope(scope: &Scope<View>) -> Option<Scope<ViewBilling>> {
    let asker = scope.asker();
    let sees = asker.account.pays_itself() || asker.standing == Standing::ParentAdministrator;
    scope.also::<ViewBilling>().filter(|_| sees)
}
