//! The phone numbers of an account.

use actix_web::HttpResponse;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{Denied, Scope, permission::View},
    domain::{calls, numbers},
    values::indian_day,
    web::{
        filters::{counted, phone_text},
        page::{Here, Visit, home_href, html},
        parts::{Column, Empty, Pager},
        views::account::{NumberRow, NumbersPage},
    },
};

use super::DAYS;

/// `GET /accounts/{account}/numbers`
pub async fn list(scope: Scope<View>, visit: Visit) -> Result<HttpResponse, Denied> {
    let since = indian_day(OffsetDateTime::now_utc()) - Duration::days(i64::from(DAYS) - 1);
    let (numbers, counts) =
        scope.read_region(move |tx| Ok((numbers::list(tx)?, calls::counts_since(tx, since)?))).await?;
    let home = home_href(scope.asker().account.id);
    let rows: Vec<_> = numbers
        .into_iter()
        .map(|(number, agent)| NumberRow {
            // A plus sign in a query means a space: it is written out.
            href: format!("{home}/calls?q=%2B{}", number.e164.trim_start_matches('+')),
            calls: counts.get(&number.id.uuid()).copied().unwrap_or(0),
            number: phone_text(&number.e164),
            label: number.label,
            agent: agent.unwrap_or_default(),
        })
        .collect();
    html(&NumbersPage {
        frame: visit.frame(&scope, "Phone numbers", Here::Numbers),
        new_href: None,
        columns: vec![Column::new("Number"), Column::new("Answered by"), Column::new("Calls, 30 days").end()],
        pager: Pager { summary: counted(rows.len(), "number", "numbers"), ..Pager::default() },
        empty: rows.is_empty().then(|| Empty::First {
            title: "No phone numbers yet".into(),
            text: "A phone number is answered by an agent, and agents call from it.".into(),
            action: None,
            icon: "numbers",
        }),
        rows,
    })
}
