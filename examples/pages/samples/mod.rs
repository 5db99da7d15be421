//! Made-up content for every page.

pub mod account;
pub mod sub_accounts;

use dialnexa::web::filters::{Moment, Zone};
use dialnexa::web::frame::*;
use dialnexa::web::parts::*;
use dialnexa::web::views::SignInPage;
use time::macros::{date, datetime};
use time::{Date, Duration};

use sub_accounts::NAMES;

pub fn at(day: i64, minute: i64) -> Moment {
    Zone::default().show(datetime!(2026-11-24 11:33 UTC) - Duration::days(day) - Duration::minutes(minute))
}

pub fn days(seed: u64, size: u64) -> Vec<(Date, u64)> {
    (0..30)
        .map(|day| {
            let noise = (day as u64 * 7919 + seed * 104_729) % 100;
            let weekend = if day % 7 >= 5 { 3 } else { 10 };
            (date!(2026 - 10 - 26) + Duration::days(day), size * weekend * (55 + noise) / 1000)
        })
        .collect()
}

pub fn frame(title: &str, current: &str) -> Frame {
    let item =
        |label: &str, icon: &str| NavItem::new(label, format!("/p/{icon}"), icon).current_if(icon == current);
    Frame {
        title: title.into(),
        brand: "DialNexa".into(),
        account: Some(AccountBadge {
            name: "Northwind Voice".into(),
            kind: "Organization".into(),
            home_href: "/p/overview".into(),
        }),
        nav: vec![
            NavGroup {
                title: None,
                items: vec![
                    item("Overview", "home"),
                    item("Agents", "agents"),
                    item("Phone numbers", "numbers"),
                    item("Calls", "calls"),
                ],
            },
            NavGroup {
                title: Some("Organization".into()),
                items: vec![
                    NavItem { count: Some("24".into()), ..item("Sub-accounts", "sub-accounts") },
                    item("Limits", "limits"),
                    item("Workspaces", "workspaces"),
                    item("Members", "members"),
                    item("API keys", "keys"),
                ],
            },
            NavGroup {
                title: Some("Money".into()),
                items: vec![item("Wallet", "wallet"), item("Invoices", "invoice"), item("Usage", "usage")],
            },
            NavGroup {
                title: Some("More".into()),
                items: vec![item("Audit log", "audit"), item("Settings", "settings")],
            },
        ],
        person: Some(PersonBadge { name: "Asha Rao".into(), email: "owner@northwind.example".into() }),
        csrf: CsrfFields { context: "org_1".into(), token: "t".into() },
        support_href: Some("/p/error".into()),
        ..Frame::default()
    }
}

pub fn acting(mut frame: Frame) -> Frame {
    frame.account = Some(AccountBadge {
        name: "Acme Corp".into(),
        kind: "Sub-account".into(),
        home_href: "/p/overview".into(),
    });
    frame.nav.truncate(2);
    frame.acting = Some(Acting {
        person: "Asha Rao".into(),
        account: "Acme Corp".into(),
        minutes_left: 47,
        until: datetime!(2026-11-24 12:20 UTC),
        zone: Zone::default(),
        leave_href: "/leave".into(),
    });
    frame
}

pub fn choice_all(name: &str, label: &str, all: &str, rest: &[&str]) -> Field {
    let mut options = vec![Choice::new("", all, "")];
    options.extend(rest.iter().map(|word| Choice::new(word.to_lowercase(), *word, "")));
    Field::new(name, label).options(options)
}

pub fn allocation(over: bool) -> Allocation {
    let holders = NAMES
        .iter()
        .enumerate()
        .map(|(i, name)| ((*name).to_string(), [50, 30, 20, 10, 4, 2][i.min(5)]))
        .take(12)
        .collect();
    Allocation::new("Concurrency", if over { 140 } else { 200 }, holders, 40)
}

pub fn sign_in(wrong: bool) -> SignInPage {
    let password =
        Field::new("password", "Password").error(wrong.then(|| "E-mail address or password is wrong".into()));
    SignInPage {
        frame: Frame {
            title: "Sign in".into(),
            brand: "DialNexa".into(),
            support_href: Some("/p/error".into()),
            has_errors: wrong,
            ..Frame::default()
        },
        action: "/p/sign-in-error".into(),
        next: "/".into(),
        email: Field::new("email", "E-mail address").value(if wrong {
            "owner@northwind.example"
        } else {
            ""
        }),
        errors: ErrorSummary::of([&password]),
        password,
        forgot_href: "/x".into(),
    }
}
