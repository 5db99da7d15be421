//! The list as a CSV file (RFC 4180), with the filters of the list.

use actix_web::{HttpResponse, web};

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::{
        sub_accounts::list::{self, Listed, Query},
        usage,
    },
    error::Error,
    values::BillingMode,
    web::{cells, csv_file},
};

use super::list::ListUrl;

/// Rows read by one query.
const CHUNK: i64 = 500;
/// The longest file, in rows.
const MOST: usize = 50_000;

const HEADER: [&str; 13] = [
    "sub_account_id",
    "name",
    "external_id",
    "status",
    "billing_mode",
    "balance",
    "consolidated_cost_30d",
    "currency",
    "region",
    "concurrency_limit",
    "calls_30d",
    "minutes_30d",
    "created_at",
];

fn row(listed: &Listed, cost: Option<i64>) -> [String; 13] {
    let (balance, cost) = match listed.billing_mode {
        BillingMode::Isolated => (cells::amount(listed.balance_minor), String::new()),
        BillingMode::Consolidated => (String::new(), cells::amount(cost.unwrap_or(0))),
    };
    [
        listed.id.to_string(),
        cells::text(&listed.name),
        cells::text(listed.external_id.as_deref().unwrap_or_default()),
        listed.status.to_string(),
        listed.billing_mode.to_string(),
        balance,
        cost,
        listed.currency.clone(),
        listed.region.to_string(),
        listed.limit.to_string(),
        listed.calls_30d.to_string(),
        listed.minutes_30d.to_string(),
        listed
            .created_at
            .replace_nanosecond(0)
            .unwrap_or(listed.created_at)
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default(),
    ]
}

/// `GET /accounts/{account}/sub-accounts/export.csv`
pub async fn export(
    scope: Scope<ManageSubAccounts>,
    url: web::Query<ListUrl>,
) -> Result<HttpResponse, Denied> {
    let mut query = Query { from: None, page_size: CHUNK, ..url.query() };
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(HEADER).map_err(Error::internal)?;
    let mut written = 0;
    loop {
        let (page, costs) = scope
            .overview({
                let query = query.clone();
                move |tx| {
                    let page = list::page(tx, &query)?;
                    let costs = usage::costs_of(tx, &page.consolidated(), usage::WINDOW)?;
                    Ok((page, costs))
                }
            })
            .await?;
        for listed in &page.rows {
            file.write_record(row(listed, costs.get(&listed.id).copied())).map_err(Error::internal)?;
        }
        written += page.rows.len();
        match page.next {
            Some(next) if written < MOST => query.from = Some(next),
            _ => break,
        }
    }
    let body = file.into_inner().map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(csv_file::attachment("sub-accounts.csv"))
        .body(body))
}
