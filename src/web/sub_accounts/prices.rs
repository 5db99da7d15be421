//! What a sub-account's calls cost, and what its parent charges for them (`domain.md` 4.4). Neither the
//! rates nor the margin stand on any page of the sub-account itself.

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime};

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, View},
    },
    domain::{
        agents,
        billing::rates::{self, Component},
        sub_accounts::{
            list::Listed,
            price::{self, Prices},
        },
        usage::{self, WINDOW},
    },
    error::{Error, FieldError},
    values::{BillingMode, indian_day},
    web::{
        account::day,
        amounts,
        filters::{day_text, money_text},
        forms::Submitted,
        notices::told,
        page::{Here, Visit, html, html_as, see},
        parts::{ErrorSummary, Field, Stat},
        views::wallet::{PricedAgent, PricesPage, RulesReview},
    },
};

use super::{Place, with_error, wrong_fields};

/// Agents that are priced on the page: the latest.
const AGENTS: i64 = 50;

/// The form as it is sent, by the editor and by the review.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PriceForm {
    step: String,
    price: String,
    valid_from: String,
}

impl PriceForm {
    fn wish(&self, currency: &str) -> Result<(Option<i64>, Option<Date>), Error> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let price = match self.price.trim() {
            "" => None,
            text => amounts::typed("price", text, currency).map_err(|error| wrong.push(error)).ok(),
        };
        let from = match self.valid_from.trim() {
            "" => None,
            text => {
                let read = day(text);
                if read.is_none() {
                    wrong.push(FieldError::new("valid_from", "Enter a day, such as 2026-12-01."));
                }
                read
            }
        };
        let today = indian_day(OffsetDateTime::now_utc());
        if from.is_some_and(|day| day < today || day > today + Duration::days(366)) {
            wrong.push(FieldError::new("valid_from", "Choose today or a day within the next year."));
        }
        if wrong.is_empty() { Ok((price, from)) } else { Err(Error::Invalid(wrong)) }
    }
}

fn href(scope: &Scope<ManageSubAccounts>, listed: &Listed) -> String {
    format!("{}/prices", super::href(scope, listed.id))
}

async fn known(scope: &Scope<ManageSubAccounts>, place: &Place) -> Result<(Listed, Prices), Denied> {
    let listed = super::find(scope, place.sub_account).await?;
    let id = listed.id;
    let prices = scope.read(move |tx| price::prices(tx, id)).await?;
    Ok((listed, prices))
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/prices`
pub async fn show(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let (listed, prices) = known(&scope, &place).await?;
    let form =
        PriceForm { price: prices.now_minor.map(amounts::plain).unwrap_or_default(), ..PriceForm::default() };
    page(&scope, &visit, (&listed, &prices), &form, &[], StatusCode::OK).await
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/prices`
pub async fn submit(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<PriceForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let (listed, prices) = known(&scope, &place).await?;
    let (wish, from) = match form.wish(&prices.currency) {
        Ok(wish) => wish,
        Err(error) => {
            let (wrong, status) = (wrong_fields(error)?, StatusCode::UNPROCESSABLE_ENTITY);
            return page(&scope, &visit, (&listed, &prices), &form, &wrong, status).await;
        }
    };
    match form.step.as_str() {
        "edit" => page(&scope, &visit, (&listed, &prices), &form, &[], StatusCode::OK).await,
        "save" => {
            let id = listed.id;
            let saved = scope.write(move |tx| price::set(tx, id, wish, from)).await;
            match saved {
                Ok(()) => Ok(see(told(&href(&scope, &listed), "price"))),
                Err(error) => {
                    let (wrong, status) = (wrong_fields(error)?, StatusCode::UNPROCESSABLE_ENTITY);
                    page(&scope, &visit, (&listed, &prices), &form, &wrong, status).await
                }
            }
        }
        _ => {
            let agents = priced(&scope, &listed, &prices, wish).await?;
            html(&RulesReview {
                frame: visit.frame(&scope, "Review the price", Here::SubAccounts),
                crumbs: super::crumbs(&scope, Some(&listed)),
                action: href(&scope, &listed),
                consequences: consequences(&listed, &prices, (wish, from), &agents),
                fields: vec![
                    ("price".into(), form.price.clone()),
                    ("valid_from".into(), form.valid_from.clone()),
                ],
            })
        }
    }
}

fn consequences(
    listed: &Listed,
    prices: &Prices,
    (wish, from): (Option<i64>, Option<Date>),
    agents: &[PricedAgent],
) -> Vec<String> {
    let name = &listed.name;
    let since = from.map_or("From now on".to_owned(), |day| format!("From {}", day_text(day)));
    let mut all = vec![match wish {
        None => format!("{since}, {name} is charged what its calls cost."),
        Some(minor) => format!(
            "{since}, {name} is charged {} for each started minute of a call.",
            money_text(minor, &prices.currency)
        ),
    }];
    let below = agents.iter().filter(|agent| agent.is_below_cost).count();
    if below > 0 && listed.billing_mode == BillingMode::Isolated {
        all.push(format!(
            "Calls of {} of its agents cost more than that: there, {name} is charged the cost, and you earn \
             nothing.",
            below
        ));
    } else if below > 0 {
        all.push(format!("Calls of {below} of its agents cost you more than that."));
    }
    all.push("Calls in progress keep the price they began with.".to_owned());
    if listed.billing_mode == BillingMode::Consolidated {
        all.push(format!("Your wallet pays its calls: the price is what {name} reads, and draws nothing."));
    }
    all
}

/// What a started minute of the sub-account's agents costs, and earns at `price`.
async fn priced(
    scope: &Scope<ManageSubAccounts>,
    listed: &Listed,
    prices: &Prices,
    price: Option<i64>,
) -> Result<Vec<PricedAgent>, Error> {
    let inside = scope.sub_account(listed.id).await?.narrow::<View>();
    let (agents, _) = inside.read_region(|tx| agents::page(tx, AGENTS, 0)).await?;
    let money = |minor| money_text(minor, &prices.currency);
    let priced = agents.iter().filter_map(|agent| {
        let version = agent.published().or(agent.versions.last())?;
        let cost = prices.card.cost(&version.settings.speaking());
        let charged = rates::charged(listed.billing_mode, cost.total, price);
        let parts =
            cost.lines.iter().map(|(component, minor)| format!("{} {}", component.label(), money(*minor)));
        Some(PricedAgent {
            name: version.settings.title.clone(),
            cost: money(cost.total),
            parts: parts.collect::<Vec<_>>().join(", "),
            price: money(charged),
            margin: money(charged - cost.total),
            is_below_cost: price.is_some_and(|price| price < cost.total),
        })
    });
    Ok(priced.collect())
}

async fn page(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    (listed, prices): (&Listed, &Prices),
    form: &PriceForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let id = listed.id;
    let earned = scope.read(move |tx| usage::earned(tx, id, WINDOW)).await?;
    let money = |minor| money_text(minor, &prices.currency);
    let price = with_error(
        Field::new("price", "Price per started minute")
            .hint("Leave it empty to charge what calls cost.")
            .value(&form.price),
        wrong,
    );
    let valid_from = with_error(
        Field::new("valid_from", "Valid from")
            .hint("A day to come, from its midnight in India; leave it empty for now.")
            .value(&form.valid_from),
        wrong,
    );
    let named = |minor: Option<i64>| minor.map_or("the cost".to_owned(), money);
    let now = OffsetDateTime::now_utc();
    let mut rates: Vec<_> = Component::ALL
        .iter()
        .map(|component| {
            (
                component.label().to_owned(),
                format!("{} or as listed", money(prices.card.rate(*component, ""))),
            )
        })
        .collect();
    if let Some((_, telephony)) = rates.first_mut() {
        *telephony = money(prices.card.rate(Component::Telephony, ""));
    }
    let mut frame = visit.frame(scope, format!("Prices of {}", listed.name), Here::SubAccounts);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &PricesPage {
            frame,
            crumbs: super::crumbs(scope, None),
            tabs: super::tabs(scope, listed.id, "/prices"),
            heading: listed.name.clone(),
            errors: ErrorSummary::of([&price, &valid_from]),
            action: href(scope, listed),
            stats: vec![
                Stat::new("Price now", named(prices.now_minor), "per started minute"),
                Stat::new("Cost, 30 days", money(earned.cost_minor), "what its calls cost"),
                Stat::new(
                    "Charged, 30 days",
                    money(earned.cost_minor + earned.margin_minor),
                    match listed.billing_mode {
                        BillingMode::Isolated => "drawn from its wallet",
                        BillingMode::Consolidated => "drawn from nobody but you: the cost alone",
                    },
                ),
                Stat::new("Margin, 30 days", money(earned.margin_minor), "charged without the cost"),
            ],
            price,
            valid_from,
            set: prices
                .set
                .iter()
                .map(|set| {
                    let day = day_text(indian_day(set.valid_from));
                    let word = if set.valid_from > now { "from" } else { "since" };
                    (format!("{word} {day}"), named(set.minor_per_minute))
                })
                .collect(),
            rates,
            agents: priced(scope, listed, prices, prices.now_minor).await?,
        },
        status,
    )
}
