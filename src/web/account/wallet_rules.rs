//! What is watched in an account's own wallet: below which balance its Owner is told, and the most
//! that calls may draw a day (`domain.md` 4.7). What will happen is shown before anything is changed.

use actix_web::{HttpResponse, http::StatusCode};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ManageWallet},
    domain::billing::{
        alerts::{self, Watch},
        wallet::{self, Standing},
    },
    error::{Error, FieldError},
    web::{
        amounts,
        filters::money_text,
        forms::Submitted,
        notices::told,
        page::{Here, Visit, home_href, html, html_as, see},
        parts::{Crumb, ErrorSummary, Field},
        views::wallet::{RulesPage, RulesReview},
    },
};

use super::sees_wallet;

/// The form as it is sent, by the editor and by the review.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RulesForm {
    step: String,
    low_balance: String,
    spend_cap: String,
}

impl RulesForm {
    fn showing(watch: Watch) -> Self {
        let text = |minor: Option<i64>| minor.map(amounts::plain).unwrap_or_default();
        Self {
            step: String::new(),
            low_balance: text(watch.low_balance_minor),
            spend_cap: text(watch.spend_cap_minor),
        }
    }

    fn wish(&self, currency: &str) -> Result<Watch, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let mut amount = |field: &str, text: &str| {
            if text.trim().is_empty() {
                return None;
            }
            amounts::typed(field, text, currency).map_err(|error| wrong.push(error)).ok()
        };
        let wish = Watch {
            low_balance_minor: amount("low_balance", &self.low_balance),
            spend_cap_minor: amount("spend_cap", &self.spend_cap),
        };
        if wrong.is_empty() { Ok(wish) } else { Err(wrong) }
    }
}

fn billing(scope: &Scope<ManageWallet>) -> String {
    format!("{}/billing", home_href(scope.asker().account.id))
}

async fn standing(scope: &Scope<ManageWallet>) -> Result<Standing, Denied> {
    // A consolidated sub-account has no wallet (domain.md 4.2).
    if !sees_wallet(scope) {
        return Err(Denied(Error::NotFound));
    }
    Ok(scope.read(wallet::standing).await?)
}

/// `GET /accounts/{account}/billing/rules`
pub async fn show(scope: Scope<ManageWallet>, visit: Visit) -> Result<HttpResponse, Denied> {
    let now = standing(&scope).await?;
    let form = RulesForm::showing(alerts::watched(&now.rules));
    page(&scope, &visit, &form, &[], StatusCode::OK)
}

/// `POST /accounts/{account}/billing/rules`
pub async fn submit(
    scope: Scope<ManageWallet>,
    visit: Visit,
    form: Submitted<RulesForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let now = standing(&scope).await?;
    let wish = match form.wish(&now.balance.currency) {
        Ok(wish) => wish,
        Err(wrong) => return page(&scope, &visit, &form, &wrong, StatusCode::UNPROCESSABLE_ENTITY),
    };
    match form.step.as_str() {
        "save" => {
            // The same wish, sent twice, is the same wish.
            scope.write(move |tx| alerts::watch(tx, wish)).await?;
            Ok(see(told(&billing(&scope), "wallet-rules")))
        }
        "edit" => page(&scope, &visit, &form, &[], StatusCode::OK),
        _ => html(&RulesReview {
            frame: visit.frame(&scope, "Review the wallet’s rules", Here::Billing),
            crumbs: crumbs(&scope),
            action: format!("{}/rules", billing(&scope)),
            consequences: consequences(&now, wish),
            fields: vec![
                ("low_balance".into(), form.low_balance.clone()),
                ("spend_cap".into(), form.spend_cap.clone()),
            ],
        }),
    }
}

fn crumbs(scope: &Scope<ManageWallet>) -> Vec<Crumb> {
    vec![Crumb::new("Billing", billing(scope))]
}

/// What will happen.
fn consequences(now: &Standing, wish: Watch) -> Vec<String> {
    let money = |minor| money_text(minor, &now.balance.currency);
    let mut all = vec![match wish.low_balance_minor {
        None => "Nobody is told when the wallet runs low.".to_owned(),
        Some(minor) if now.balance.minor < minor => format!(
            "The Owner is told by e-mail at once: the balance of {} is below {} already.",
            money(now.balance.minor),
            money(minor)
        ),
        Some(minor) => {
            format!("The Owner is told by e-mail once the balance falls below {}.", money(minor))
        }
    }];
    all.push(match wish.spend_cap_minor {
        None => "Calls may draw as much as there is.".to_owned(),
        Some(cap) if now.spent_today_minor >= cap => format!(
            "New calls are refused for the rest of the day: {} was drawn today. Calls in progress end with \
             the minute they have paid for.",
            money(now.spent_today_minor)
        ),
        Some(cap) => format!(
            "Once calls have drawn {} on one day in India, new ones are refused and those in progress end \
             with the minute they have paid for. Today it is {} so far.",
            money(cap),
            money(now.spent_today_minor)
        ),
    });
    all
}

fn page(
    scope: &Scope<ManageWallet>,
    visit: &Visit,
    form: &RulesForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let field = |name: &str, label: &str, hint: &str, value: &str| {
        let error = wrong.iter().find(|error| error.field == name).map(|error| error.message.clone());
        Field::new(name, label).hint(hint).value(value).error(error)
    };
    let low_balance = field(
        "low_balance",
        "Tell the Owner below a balance of",
        "By e-mail, and to webhooks that want to know of it. Leave it empty to tell nobody.",
        &form.low_balance,
    );
    let spend_cap = field(
        "spend_cap",
        "Most that calls may draw on one day",
        "A day in India. Leave it empty for no cap.",
        &form.spend_cap,
    );
    let mut frame = visit.frame(scope, "Wallet rules", Here::Billing);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &RulesPage {
            frame,
            crumbs: crumbs(scope),
            errors: ErrorSummary::of([&low_balance, &spend_cap]),
            action: format!("{}/rules", billing(scope)),
            heading: "Wallet rules".into(),
            text: "What is watched in the prepaid wallet. Amounts are in INR.".into(),
            choices: Vec::new(),
            fields: vec![low_balance, spend_cap],
        },
        status,
    )
}
