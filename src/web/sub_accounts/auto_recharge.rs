//! When the parent recharges a sub-account by itself, and how much (`domain.md` 4.7). What will happen
//! is shown before anything is changed.

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::PushFunds},
    domain::sub_accounts::{
        auto_recharge::{self, AutoRecharge},
        list::Listed,
    },
    error::{Error, FieldError},
    values::BillingMode,
    web::{
        amounts,
        filters::money_text,
        forms::Submitted,
        notices::told,
        page::{Here, Visit, html, html_as, see},
        parts::{Choice, Crumb, ErrorSummary, Field},
        views::wallet::{RulesPage, RulesReview},
    },
};

use super::{Place, with_error, wrong_fields};

/// The form as it is sent, by the editor and by the review.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoRechargeForm {
    step: String,
    active: String,
    below: String,
    amount: String,
    daily_cap: String,
    monthly_cap: String,
}

/// What the amounts are called.
const LABELS: [(&str, &str); 4] = [
    ("below", "Below a balance of"),
    ("amount", "Recharge by"),
    ("daily_cap", "At most on one day"),
    ("monthly_cap", "At most in one month"),
];

const ON: &str = "on";
const OFF: &str = "off";

impl AutoRechargeForm {
    fn showing(now: Option<AutoRecharge>) -> Self {
        let Some(now) = now else { return Self { active: OFF.to_owned(), ..Self::default() } };
        Self {
            step: String::new(),
            active: if now.active { ON } else { OFF }.to_owned(),
            below: amounts::plain(now.below_minor),
            amount: amounts::plain(now.amount_minor),
            daily_cap: amounts::plain(now.daily_cap_minor),
            monthly_cap: amounts::plain(now.monthly_cap_minor),
        }
    }

    /// Whether it is off, and says no amounts: those of before stay.
    fn is_off_alone(&self) -> bool {
        let amounts = [&self.below, &self.amount, &self.daily_cap, &self.monthly_cap];
        self.active == OFF && amounts.iter().all(|text| text.trim().is_empty())
    }

    fn wish(&self, currency: &str) -> Result<AutoRecharge, Error> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let mut amount = |field: &str, text: &str| {
            let label = LABELS.iter().find(|(name, _)| *name == field).map_or(field, |(_, label)| *label);
            amounts::typed(field, text, currency)
                .map_err(|error| wrong.push(FieldError::new(field, format!("{label}: {}", error.message))))
                .unwrap_or_default()
        };
        let wish = AutoRecharge {
            active: self.active == ON,
            below_minor: amount("below", &self.below),
            amount_minor: amount("amount", &self.amount),
            daily_cap_minor: amount("daily_cap", &self.daily_cap),
            monthly_cap_minor: amount("monthly_cap", &self.monthly_cap),
        };
        if wrong.is_empty() { wish.check() } else { Err(Error::Invalid(wrong)) }
    }
}

fn billing(scope: &Scope<PushFunds>, listed: &Listed) -> String {
    format!("{}/billing", super::href(&scope.narrow(), listed.id))
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/auto-recharge`
pub async fn show(
    scope: Scope<PushFunds>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let listed = super::find(&scope.narrow(), place.sub_account).await?;
    let id = listed.id;
    let now = scope.read(move |tx| auto_recharge::current(tx, id)).await?;
    page(&scope, &visit, &listed, &AutoRechargeForm::showing(now), &[], StatusCode::OK)
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/auto-recharge`
pub async fn submit(
    scope: Scope<PushFunds>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<AutoRechargeForm>,
) -> Result<HttpResponse, Denied> {
    let mut form = form.by(&scope)?;
    let listed = super::find(&scope.narrow(), place.sub_account).await?;
    if form.is_off_alone() {
        let id = listed.id;
        let Some(now) = scope.read(move |tx| auto_recharge::current(tx, id)).await? else {
            // It never was on.
            return Ok(see(billing(&scope, &listed)));
        };
        let step = form.step;
        form = AutoRechargeForm {
            step,
            ..AutoRechargeForm::showing(Some(AutoRecharge { active: false, ..now }))
        };
    }
    let wish = match form.wish(&listed.currency) {
        Ok(wish) => wish,
        Err(error) => {
            let wrong = wrong_fields(error)?;
            return page(&scope, &visit, &listed, &form, &wrong, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    match form.step.as_str() {
        "save" => {
            let id = listed.id;
            // The same wish, sent twice, is the same wish.
            scope.write(move |tx| auto_recharge::change(tx, id, wish)).await?;
            Ok(see(told(&billing(&scope, &listed), "auto-recharge")))
        }
        "edit" => page(&scope, &visit, &listed, &form, &[], StatusCode::OK),
        _ => html(&RulesReview {
            frame: visit.frame(&scope, "Review auto-recharge", Here::SubAccounts),
            crumbs: crumbs(&scope, &listed),
            action: format!("{}/auto-recharge", super::href(&scope.narrow(), listed.id)),
            consequences: consequences(&listed, wish),
            fields: vec![
                ("active".into(), form.active.clone()),
                ("below".into(), form.below.clone()),
                ("amount".into(), form.amount.clone()),
                ("daily_cap".into(), form.daily_cap.clone()),
                ("monthly_cap".into(), form.monthly_cap.clone()),
            ],
        }),
    }
}

/// What will happen.
fn consequences(listed: &Listed, wish: AutoRecharge) -> Vec<String> {
    let money = |minor| money_text(minor, &listed.currency);
    let name = &listed.name;
    if !wish.active {
        return vec![format!("{name} is recharged by hand alone. When its wallet is empty, its calls end.")];
    }
    let amount = money(wish.amount_minor);
    let mut all = vec![if listed.balance_minor < wish.below_minor {
        format!(
            "{amount} go from your wallet to that of {name} at once, unless the caps are used up by now: its {} \
             are below {} already.",
            money(listed.balance_minor),
            money(wish.below_minor)
        )
    } else {
        format!(
            "Whenever the wallet of {name} falls below {}, {amount} go to it from yours.",
            money(wish.below_minor)
        )
    }];
    all.push(format!(
        "At most {} on a day and {} in a month, as India counts them.",
        money(wish.daily_cap_minor),
        money(wish.monthly_cap_minor)
    ));
    all.push(
        "When your wallet holds too little, or a cap is reached, your Owner is told once by e-mail, and it \
         is tried again later."
            .to_owned(),
    );
    all.push("Nobody can draw the money back.".to_owned());
    if listed.billing_mode == BillingMode::Consolidated {
        all.push(format!("Nothing happens while you pay for {name} anyway."));
    }
    all
}

fn crumbs(scope: &Scope<PushFunds>, listed: &Listed) -> Vec<Crumb> {
    let mut crumbs = super::crumbs(&scope.narrow(), Some(listed));
    crumbs.push(Crumb::new("Billing", billing(scope, listed)));
    crumbs
}

fn page(
    scope: &Scope<PushFunds>,
    visit: &Visit,
    listed: &Listed,
    form: &AutoRechargeForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let active = Field::new("active", "Auto-recharge").value(&form.active).options(vec![
        Choice::new(ON, "On", "The wallet is recharged from yours whenever it is low."),
        Choice::new(OFF, "Off", "It is recharged by hand alone."),
    ]);
    let values = [&form.below, &form.amount, &form.daily_cap, &form.monthly_cap];
    let field = |((name, label), value): (&(&str, &str), &String)| {
        with_error(Field::new(*name, *label).value(value), wrong)
    };
    let fields: Vec<_> = LABELS.iter().zip(values).map(field).collect();
    let mut frame = visit.frame(scope, format!("Auto-recharge of {}", listed.name), Here::SubAccounts);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &RulesPage {
            heading: frame.title.clone(),
            frame,
            crumbs: crumbs(scope, listed),
            errors: ErrorSummary::of(&fields),
            action: format!("{}/auto-recharge", super::href(&scope.narrow(), listed.id)),
            text: "Money pushed from your wallet by itself. Amounts are in INR.".into(),
            choices: vec![active],
            fields,
        },
        status,
    )
}
