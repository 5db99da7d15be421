//! The parent's pages about its sub-accounts.

use dialnexa::web::chart::{self, Unit};
use dialnexa::web::frame::{CsrfFields, Frame};
use dialnexa::web::parts::*;
use dialnexa::web::views::sub_accounts::*;

use super::account::events;
use super::*;

pub const NAMES: [&str; 24] = [
    "Acme Corp",
    "Bharat Logistics",
    "Chai & Co",
    "Delhi Dental",
    "Everest Insurance",
    "Fresh Basket",
    "Ganga Tours",
    "Himalaya Homes",
    "Indigo Finance",
    "Jaipur Jewels",
    "Kaveri Clinics",
    "Lotus Learning",
    "Mumbai Motors",
    "Nilgiri Foods",
    "Orbit Telecom",
    "Patel & Sons Wholesale Trading Company",
    "Quick Courier",
    "Rangoli Interiors",
    "Surya Solar",
    "Taj Textiles",
    "Udaan Air Services",
    "Vistara Realty",
    "Wellness Hub",
    "Yamuna Water",
];

pub fn table(filtered: bool) -> ListTable {
    let rows = NAMES
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let limit = [10, 30, 20, 5, 50][i % 5];
            ListRow {
                id: format!("sa_{i}"),
                name: (*name).into(),
                href: "/p/show".into(),
                external_id: if i % 3 == 0 { format!("crm-{}", 1000 + i) } else { String::new() },
                badge: Badge::account(
                    ["active", "active", "active", "suspended", "active", "active", "active", "deleting"]
                        [i % 8],
                ),
                balance: (i % 4 != 1).then_some(12_345_678 / (i as i64 * i as i64 + 1)),
                low: i == 20,
                slots: Meter { used: limit * (i as i64 * 37 % 11) / 10, limit },
                calls: 18_240 / (i as i64 + 1),
                trend: chart::sparkline(&days(i as u64, 40).iter().map(|d| d.1).collect::<Vec<_>>()),
                region: ["India", "US", "EU"][i % 3].into(),
                created: at(i as i64 * 23, 5),
                enter_href: (i % 8 != 7).then(|| "/enter".into()),
            }
        })
        .collect();
    ListTable {
        csrf: CsrfFields::default(),
        list_href: "/p/sub-accounts".into(),
        bulk_href: "/bulk".into(),
        export_href: "/csv".into(),
        filters: ListFilters {
            q: if filtered { "zzz".into() } else { String::new() },
            status: choice_all("status", "Status", "All", &["Active", "Suspended", "Deleting"]),
            billing: choice_all("billing", "Billing", "All", &["Isolated", "Consolidated"]),
            region: choice_all("region", "Region", "All", &["India", "US", "EU"]),
            sort: choice_all("sort", "Sort by", "Name", &["Balance", "Calls", "Created"]),
            active: filtered,
        },
        columns: ListTable::columns(("name", "ascending"), |key| format!("?sort={key}")),
        rows,
        totals: ListTotals {
            count: 1_204,
            balance: 987_654_321,
            slots: Meter { used: 122, limit: 160 },
            calls: 64_210,
        },
        currency: "INR".into(),
        pager: Pager {
            summary: "Showing 1–24 of 1,204".into(),
            newer_href: None,
            older_href: Some("?after=x".into()),
            newer_label: "Previous".into(),
            older_label: "Next".into(),
        },
        empty: filtered.then(|| Empty::NoMatch {
            title: "No sub-account found".into(),
            clear_href: "/p/sub-accounts".into(),
        }),
    }
}

pub fn limits(step: &str) -> LimitsPage {
    let over = step == "over";
    let mut rows: Vec<_> = NAMES
        .iter()
        .take(12)
        .enumerate()
        .map(|(i, name)| {
            let limit = [50, 30, 20, 10, 4, 2][i.min(5)];
            LimitRow {
                name: (*name).into(),
                href: Some("/p/show".into()),
                badge: (i == 3).then(|| Badge::account("suspended")),
                slots: Meter { used: limit * (i as i64 * 37 % 11) / 10, limit },
                peak: limit,
                refused: (i as i64 * 5) % 7,
                field: Field::new(format!("limit-sa_{i}"), format!("Limit of {name}"))
                    .value(if over && i == 1 { 120 } else { limit })
                    .error((over && i == 1).then(|| {
                        "Bharat Logistics can have at most 64: 34 are free, and Acme Corp holds 50".into()
                    })),
            }
        })
        .collect();
    rows.push(LimitRow {
        name: "Kept by Northwind Voice".into(),
        href: None,
        badge: None,
        slots: Meter { used: 12, limit: 40 },
        peak: 31,
        refused: 0,
        field: Field::new("reserved", "Kept by Northwind Voice").value(40),
    });
    let errors = ErrorSummary::of(rows.iter().map(|row| &row.field));
    LimitsPage {
        frame: Frame { has_errors: over, ..frame("Concurrency limits", "limits") },
        crumbs: vec![Crumb::new("Sub-accounts", "/p/sub-accounts")],
        editor: LimitsForm {
            csrf: CsrfFields::default(),
            action: "/p/limits".into(),
            version: "7".into(),
            errors,
            stats: vec![
                Stat::new("Total", "200", "calls at once"),
                Stat::new("Given out", "126", "to 12 sub-accounts"),
                Stat::new("Kept", "40", "by Northwind Voice"),
                Stat::new("Free", if over { "-56" } else { "34" }, "to give out"),
                Stat::new("In use now", "74", "37% of the total").meter(74, 200),
            ],
            allocation: allocation(over),
            rows,
            changes: if step == "review" {
                vec![
                    LimitChange {
                        name: "Acme Corp".into(),
                        before: 50,
                        after: 40,
                        note: "46 are in use: 6 stay counted until their calls end".into(),
                    },
                    LimitChange {
                        name: "Bharat Logistics".into(),
                        before: 30,
                        after: 40,
                        note: "New calls at once".into(),
                    },
                ]
            } else {
                vec![]
            },
            free_text: "34 of 200 are free.".into(),
        },
    }
}

pub fn new_page(wrong: bool) -> NewPage {
    let error = |text: &str| wrong.then(|| text.to_string());
    let name = Field::new("name", "Name")
        .hint("Shown to its members. You can change it later.")
        .value(if wrong { "" } else { "Acme Corp" })
        .error(error("Enter a name"));
    let billing_mode = Field::new("billing_mode", "Billing").value("isolated").options(vec![
        Choice::new(
            "isolated",
            "Isolated",
            "Its own prepaid wallet and invoices. You cannot draw from it, nor it from yours.",
        ),
        Choice::new(
            "consolidated",
            "Consolidated",
            "All charges are drawn from your wallet. It sees no wallet; you see its cost.",
        ),
    ]);
    let region = Field::new("region", "Data region")
        .hint("Where its agents, calls, transcripts and recordings are stored. Fixed once it is created.")
        .value("india")
        .options(vec![
            Choice::new("india", "India", "Mumbai"),
            Choice::new("us", "United States", "Virginia"),
            Choice::new("eu", "Europe", "Frankfurt"),
        ]);
    let limit = Field::new("concurrency_limit", "Calls at once")
        .hint("Taken out of your total of 200.")
        .value(if wrong { 120 } else { 10 })
        .error(error("At most 34 are free; Acme Corp holds 50, Bharat Logistics 30"));
    NewPage {
        frame: Frame { has_errors: wrong, ..frame("Create sub-account", "sub-accounts") },
        crumbs: vec![Crumb::new("Sub-accounts", "/p/sub-accounts")],
        action: "/p/new".into(),
        cancel_href: "/p/sub-accounts".into(),
        idempotency_key: "k".into(),
        errors: ErrorSummary::of([&name, &billing_mode, &region, &limit]),
        name,
        billing_mode,
        region,
        concurrency_limit: limit,
        limit_suffix: "of 34 free".into(),
        external_id: Field::new("external_id", "Your reference")
            .hint("An id of your own system, to find it by."),
    }
}

pub fn show() -> ShowPage {
    ShowPage {
        frame: frame("Acme Corp", "sub-accounts"),
        crumbs: vec![Crumb::new("Sub-accounts", "/p/sub-accounts")],
        tabs: tabs("Overview"),
        id: "sa_01h9xyzk3m8q".into(),
        name: "Acme Corp".into(),
        badge: Badge::account("active"),
        enter_href: Some("/enter".into()),
        stats: vec![
            Stat::new("Wallet", "₹12,340.00", "about 3 days left"),
            Stat::new("Calls at once", "46 of 50", "peak today 50, 4 refused").meter(46, 50),
            Stat::new("Calls, 30 days", "18,240", "61,004 minutes"),
        ],
        calls: chart::bars("Calls per day", Unit::Things("calls".into()), &days(3, 900)),
        audit_href: "/p/audit".into(),
        events: events(),
        facts: vec![
            ("Billing".into(), "Isolated".into()),
            ("Region".into(), "India".into()),
            ("Your reference".into(), "crm-1000".into()),
            ("Owner".into(), "owner@acme.example".into()),
        ],
        created: at(90, 0),
    }
}

pub fn tabs(current: &str) -> Vec<Tab> {
    ["Overview", "Limits", "Wallet", "API keys", "Usage", "Invoices", "Settings"]
        .iter()
        .map(|label| {
            Tab::new(*label, if *label == "Settings" { "/p/settings" } else { "/p/show" }, *label == current)
        })
        .collect()
}

pub fn settings() -> SettingsPage {
    let made = new_page(false);
    SettingsPage {
        frame: frame("Settings of Acme Corp", "sub-accounts"),
        crumbs: vec![Crumb::new("Sub-accounts", "/p/sub-accounts")],
        tabs: tabs("Settings"),
        errors: ErrorSummary::default(),
        name: "Acme Corp".into(),
        badge: Badge::account("active"),
        rename_href: "/x".into(),
        name_field: made.name,
        external_id: made.external_id,
        billing_href: "/x".into(),
        billing_mode: made.billing_mode,
        suspended: false,
        suspend_href: "/p/suspend".into(),
        delete_href: "/p/delete".into(),
    }
}

pub fn suspend() -> ConfirmPage {
    ConfirmPage {
        frame: frame("Suspend Acme Corp", "sub-accounts"),
        crumbs: vec![Crumb::new("Sub-accounts", "/p/sub-accounts"), Crumb::new("Acme Corp", "/p/show")],
        errors: ErrorSummary::default(),
        heading: "Suspend Acme Corp".into(),
        text: "You can reactivate it at any time.".into(),
        consequences: vec![
            "New calls are refused at once, inbound and outbound.".into(),
            "7 calls are in progress now; they may finish.".into(),
            "4 phone numbers are kept and go on costing ₹1,996.00 per month.".into(),
            "Its members can still sign in and read, and see a notice.".into(),
        ],
        action: "/x".into(),
        hidden: vec![],
        button: "Suspend Acme Corp".into(),
        button_icon: "pause",
        danger: true,
        password: None,
        cancel_href: "/p/settings".into(),
    }
}

pub fn delete(wrong: bool) -> DeletePage {
    let confirm = Field::new("confirm", "Type the name to confirm")
        .hint("Acme Corp, upper and lower case as written.")
        .value(if wrong { "acme" } else { "" })
        .error(wrong.then(|| "This is not the name: type Acme Corp".into()));
    DeletePage {
        frame: Frame { has_errors: wrong, ..frame("Delete Acme Corp", "sub-accounts") }, crumbs: vec![Crumb::new("Sub-accounts", "/p/sub-accounts"), Crumb::new("Acme Corp", "/p/show"), Crumb::new("Settings", "/p/settings")],
        errors: ErrorSummary::of([&confirm]), name: "Acme Corp".into(), heading: "Delete Acme Corp".into(), suspend_href: Some("/p/suspend".into()),
        goes: [("7", "calls in progress, ended now"), ("12", "agents"), ("4", "phone numbers, given back"), ("18,240", "calls with 11,902 recordings and transcripts"), ("9", "members lose access"), ("3", "API keys stop working")].iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
        stays: vec!["Issued invoices and your own ledger, without personal data".into(), "A deletion certificate: what was erased, when, and by whom".into()],
        action: "/p/delete-error".into(), balance_text: Some("Its wallet holds ₹12,340.00. I understand that this is written off and does not return to anybody.".into()), balance_error: None, balance_acknowledged: false, confirm, cancel_href: "/p/settings".into(),
    }
}
