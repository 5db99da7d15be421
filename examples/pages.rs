//! The pages with made-up content, to look at while changing templates and styles:
//! `cargo run --example pages`, then open <http://127.0.0.1:18081/>. Stylesheets are read from disk.

use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpResponse, HttpServer, web};
use askama::Template;
use dialnexa::web::assets;
use dialnexa::web::chart::{self, Unit};
use dialnexa::web::filters::{Moment, Zone, money_text, number_text};
use dialnexa::web::frame::*;
use dialnexa::web::parts::*;
use dialnexa::web::views::account::*;
use dialnexa::web::views::people::*;
use dialnexa::web::views::sub_accounts::*;
use dialnexa::web::views::*;
use time::macros::{date, datetime};
use time::{Date, Duration};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; font-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

const NAMES: [&str; 24] = [
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

fn at(day: i64, minute: i64) -> Moment {
    Zone::default().show(datetime!(2026-11-24 11:33 UTC) - Duration::days(day) - Duration::minutes(minute))
}

fn days(seed: u64, size: u64) -> Vec<(Date, u64)> {
    (0..30)
        .map(|day| {
            let noise = (day as u64 * 7919 + seed * 104_729) % 100;
            let weekend = if day % 7 >= 5 { 3 } else { 10 };
            (date!(2026 - 10 - 26) + Duration::days(day), size * weekend * (55 + noise) / 1000)
        })
        .collect()
}

fn frame(title: &str, current: &str) -> Frame {
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

fn acting(mut frame: Frame) -> Frame {
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

fn choice_all(name: &str, label: &str, all: &str, rest: &[&str]) -> Field {
    let mut options = vec![Choice::new("", all, "")];
    options.extend(rest.iter().map(|word| Choice::new(word.to_lowercase(), *word, "")));
    Field::new(name, label).options(options)
}

fn allocation(over: bool) -> Allocation {
    let holders = NAMES
        .iter()
        .enumerate()
        .map(|(i, name)| ((*name).to_string(), [50, 30, 20, 10, 4, 2][i.min(5)] / if i > 5 { 1 } else { 1 }))
        .take(12)
        .collect();
    Allocation::new("Concurrency", if over { 140 } else { 200 }, holders, 40)
}

fn table(filtered: bool) -> ListTable {
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
            balance: 98_76_543_21,
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

fn limits(step: &str) -> LimitsPage {
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

fn new_page(wrong: bool) -> NewPage {
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

fn calls_table(count: usize, pager: bool) -> CallsTable {
    let status = ["completed", "completed", "received", "did_not_pick", "completed", "failed", "busy"];
    CallsTable {
        columns: CallsTable::columns(),
        rows: (0..count)
            .map(|i| CallRow {
                href: "/p/call".into(),
                number: format!("+91 98{:03} {:05}", 100 + i * 37 % 900, 10_000 + i * 7919 % 90_000),
                direction: if i % 3 == 0 { "Inbound" } else { "Outbound" },
                test: i == 4,
                badge: Badge::call(status[i % 7]),
                agent: ["Appointment desk", "Loan reminder", "रिसेप्शन"][i % 3].into(),
                started: at(0, i as i64 * 13),
                seconds: (status[i % 7] == "completed").then_some(63 + i as i64 * 41),
                cost: if status[i % 7] == "completed" {
                    money_text(450 * (2 + i as i64), "INR")
                } else {
                    "–".into()
                },
            })
            .collect(),
        pager: pager.then(|| Pager {
            summary: "20 calls, newest first".into(),
            newer_href: Some("?before=x".into()),
            older_href: Some("?after=x".into()),
            newer_label: "Newer".into(),
            older_label: "Older".into(),
        }),
        empty: None,
    }
}

fn overview(in_acme: bool) -> OverviewPage {
    let split: Vec<_> = days(3, 300).iter().zip(days(9, 120)).map(|(a, b)| (a.0, vec![a.1, b.1])).collect();
    let base = frame("Overview", "home");
    OverviewPage {
        frame: if in_acme {
            acting(base)
        } else {
            Frame { notice: Some(Notice::done("Limits saved. They act on new calls at once.")), ..base }
        },
        text: String::new(),
        actions: vec![
            ("Test call".into(), "/p/call".into(), "call-out"),
            ("Recharge".into(), "/p/wallet".into(), "wallet"),
        ],
        stats: vec![
            Stat::new("Wallet", "₹1,23,456.78", "about 9 days left"),
            Stat::new("Calls at once", "74 of 200", "peak today 118").meter(74, 200),
            Stat::new("Calls today", number_text(1284), "up 6% on last Tuesday"),
            Stat::new("Minutes, 30 days", number_text(184_220), "4 min 12 s on average"),
        ],
        charts: vec![
            chart::stacked("Calls per day", Unit::Things("calls".into()), &["Inbound", "Outbound"], &split),
            chart::bars("Cost per day", Unit::Money("INR".into()), &days(5, 250_000)),
        ],
        allocation: Some(allocation(false)),
        recent: calls_table(6, false),
        calls_href: "/p/calls".into(),
    }
}

fn event(
    icon: &'static str,
    actor: &str,
    via: &str,
    sentence: &str,
    before: &str,
    after: &str,
    ago: i64,
) -> Event {
    Event {
        icon,
        actor: actor.into(),
        via: via.into(),
        sentence: sentence.into(),
        before: before.into(),
        after: after.into(),
        at: at(0, ago),
        from: "203.0.113.7".into(),
    }
}

fn events() -> Vec<Event> {
    vec![
        event("limits", "Asha Rao", "", "changed the limit of Acme Corp", "50", "40", 3),
        event("enter", "Asha Rao", "via Access Dashboard", "entered Acme Corp", "", "", 14),
        event(
            "keys",
            "Billing sync",
            "API key",
            "recharged the wallet of Chai & Co",
            "₹120.00",
            "₹5,120.00",
            60,
        ),
        event("pause", "Vikram Singh", "", "suspended Delhi Dental", "Active", "Suspended", 600),
        event("members", "Asha Rao", "", "invited meera@northwind.example as Org Admin", "", "", 2000),
    ]
}

fn show() -> ShowPage {
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
        activity: events(),
        facts: vec![
            ("Billing".into(), "Isolated".into()),
            ("Region".into(), "India".into()),
            ("Your reference".into(), "crm-1000".into()),
            ("Owner".into(), "owner@acme.example".into()),
        ],
        created: at(90, 0),
    }
}

fn tabs(current: &str) -> Vec<Tab> {
    ["Overview", "Limits", "Wallet", "API keys", "Usage", "Invoices", "Settings"]
        .iter()
        .map(|label| {
            Tab::new(*label, if *label == "Settings" { "/p/settings" } else { "/p/show" }, *label == current)
        })
        .collect()
}

fn settings() -> SettingsPage {
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

fn suspend() -> ConfirmPage {
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

fn delete(wrong: bool) -> DeletePage {
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

fn call() -> CallPage {
    let turn = |speaker: &str, agent: bool, second: i64, lang: &str, text: &str| Turn {
        speaker: speaker.into(),
        agent,
        second,
        lang: lang.into(),
        text: text.into(),
    };
    CallPage {
        frame: acting(frame("Call with +91 98765 43210", "calls")),
        crumbs: vec![Crumb::new("Calls", "/p/calls")],
        id: "call_01jd8t7w2c6m9x4q".into(),
        number: "+91 98765 43210".into(),
        direction: "Inbound",
        badge: Badge::call("completed"),
        agent: "Appointment desk".into(),
        started: at(0, 33),
        end_href: None,
        delete_href: Some("/x".into()),
        recording: Recording::Ready {
            audio_href: "/static/none.wav".into(),
            download_href: Some("/x".into()),
            until: "Kept until 22 Feb 2027".into(),
        },
        transcript_href: Some("/x".into()),
        turns: vec![
            turn("Agent", true, 0, "hi", "नमस्ते, एक्मे क्लिनिक में आपका स्वागत है। मैं आपकी किस तरह सहायता कर सकती हूँ?"),
            turn("Caller", false, 6, "hi", "मुझे कल सुबह डॉक्टर शर्मा से मिलने का समय चाहिए।"),
            turn(
                "Agent",
                true,
                12,
                "hi",
                "ज़रूर। कल सुबह दस बजे या साढ़े ग्यारह बजे का समय खाली है। आपको कौन-सा ठीक लगेगा?",
            ),
            turn("Caller", false, 21, "en", "Half past eleven is better. Can you also send me the address?"),
            turn("", false, 24, "", "The agent looked up free appointments"),
            turn(
                "Agent",
                true,
                29,
                "en",
                "Of course. You are booked with Dr Sharma tomorrow at 11:30. The address is on its way to this number by SMS. Is there anything else?",
            ),
            turn("Caller", false, 41, "hi", "नहीं, धन्यवाद!"),
        ],
        no_transcript: String::new(),
        facts: vec![
            ("To".into(), "+91 80 4718 2200".into()),
            ("Answered".into(), "24 Nov 2026, 16:30 IST".into()),
            ("Length".into(), "4 min 23 s".into()),
            ("Ended by".into(), "The caller".into()),
            ("Workspace".into(), "Production".into()),
        ],
        charges: vec![
            Charge { part: "Telephony".into(), rate: "₹0.60".into(), amount: "₹3.00".into() },
            Charge { part: "Language model".into(), rate: "₹1.20".into(), amount: "₹6.00".into() },
            Charge { part: "Transcriber".into(), rate: "₹0.80".into(), amount: "₹4.00".into() },
            Charge { part: "Voice".into(), rate: "₹1.90".into(), amount: "₹9.50".into() },
        ],
        total_label: "5 minutes started".into(),
        total: "₹22.50".into(),
        analysis: vec![("Outcome".into(), "Appointment booked".into()), ("Mood".into(), "Friendly".into())],
    }
}

fn members() -> MembersPage {
    let member = |name: &str, email: &str, role: &str, you: bool| MemberRow {
        name: name.into(),
        email: email.into(),
        role: role.into(),
        you,
        two_factor: you,
        last_seen: (name != "Meera Iyer").then(|| at(1, 5)),
        edit_href: (!you).then(|| "/x".into()),
        remove_href: (!you).then(|| "/x".into()),
    };
    MembersPage {
        frame: Frame {
            suspended_notice: Some("New calls are refused. You can still read everything.".into()),
            ..frame("Members", "members")
        },
        text: "People who can sign in to Northwind Voice. Sub-accounts have members of their own.".into(),
        errors: ErrorSummary::default(),
        invite: Some(InviteForm {
            action: "/x".into(),
            idempotency_key: "k".into(),
            email: Field::new("email", "E-mail address"),
            role: Field::new("role", "Role").value("viewer").options(vec![
                Choice::new("admin", "Org Admin", "Members, workspaces and sub-accounts; sees balances"),
                Choice::new("viewer", "Org Viewer", "Reads; no sub-accounts"),
            ]),
        }),
        members: vec![
            member("Asha Rao", "owner@northwind.example", "Owner", true),
            member("Vikram Singh", "admin@northwind.example", "Org Admin", false),
            member("Meera Iyer", "meera@northwind.example", "Org Viewer", false),
        ],
        invitations: vec![InvitationRow {
            email: "someone.with.a.long.address@customer-of-northwind.example".into(),
            role: "Org Viewer".into(),
            inviter: "Asha Rao".into(),
            expires: at(-5, 0),
            resend_href: Some("/x".into()),
            revoke_href: Some("/x".into()),
        }],
    }
}

fn agents() -> AgentsPage {
    AgentsPage {
        frame: frame("Agents", "agents"),
        new_href: Some("/x".into()),
        columns: vec![
            Column::new("Name").sort("?", "ascending"),
            Column::new("Languages"),
            Column::new("Voice"),
            Column::new("Numbers"),
            Column::new("Calls, 30 days").end(),
            Column::new("Changed"),
        ],
        rows: ["Appointment desk", "Loan reminder", "रिसेप्शन"]
            .iter()
            .map(|name| AgentRow {
                name: (*name).into(),
                href: "/x".into(),
                kind: "Cascaded · GPT-4o mini".into(),
                languages: "Hindi, English".into(),
                voice: "Anika".into(),
                numbers: if *name == "Loan reminder" { String::new() } else { "+91 80 4718 2200".into() },
                calls: 18_240,
                changed: at(3, 0),
            })
            .collect(),
        pager: Pager { summary: "3 agents".into(), ..Pager::default() },
        empty: None,
    }
}

fn numbers() -> NumbersPage {
    NumbersPage {
        frame: frame("Phone numbers", "numbers"),
        new_href: Some("/x".into()),
        columns: vec![],
        rows: vec![],
        pager: Pager::default(),
        empty: Some(Empty::First {
            title: "No phone numbers yet".into(),
            text: "A number lets people call an agent, and is what they see when an agent calls them.".into(),
            action: Some(("Add number".into(), "/x".into())),
            icon: "numbers",
        }),
    }
}

fn audit() -> AuditPage {
    AuditPage {
        frame: frame("Audit log", "audit"),
        text: "Everything that was changed in Northwind Voice and its sub-accounts.".into(),
        list_href: "/p/audit".into(),
        export_href: Some("/x".into()),
        q: String::new(),
        filters: vec![choice_all("what", "What", "Everything", &["Limits", "Members", "Money"])],
        filtered: false,
        events: events(),
        pager: Pager {
            summary: "50 events, newest first".into(),
            older_href: Some("?x".into()),
            older_label: "Older".into(),
            ..Pager::default()
        },
        empty: None,
    }
}

fn calls(kind: &str) -> CallsPage {
    let mut table = calls_table(20, true);
    if kind == "unavailable" {
        table.empty =
            Some(Empty::Unavailable { title: "Calls are unavailable".into(), retry_href: "/p/calls".into() });
    }
    CallsPage {
        frame: frame("Calls", "calls"),
        text: String::new(),
        list_href: "/p/calls".into(),
        export_href: Some("/x".into()),
        q: String::new(),
        filters: vec![
            choice_all("status", "Status", "All", &["Completed", "Failed"]),
            choice_all("direction", "Direction", "Both", &["Inbound", "Outbound"]),
        ],
        days: vec![
            Field::new("from", "From").value("2026-11-01"),
            Field::new("to", "To").value("2026-11-24"),
        ],
        filtered: true,
        table,
    }
}

fn sign_in(wrong: bool) -> SignInPage {
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

fn page(name: &str) -> Option<Result<String, askama::Error>> {
    Some(match name {
        "sign-in" => sign_in(false).render(),
        "sign-in-error" => sign_in(true).render(),
        "sub-accounts" => ListPage {
            frame: frame("Sub-accounts", "sub-accounts"),
            stats: vec![
                Stat::new("Sub-accounts", "1,204", "1,180 active, 20 suspended"),
                Stat::new("Calls at once", "122 of 200", "40 kept for yourself").meter(122, 200),
                Stat::new("Calls, 30 days", "64,210", "2,48,004 minutes"),
                Stat::new("Cost, 30 days", "₹9,87,654.32", "₹1,23,000.00 on your wallet"),
            ],
            allocation: Some(allocation(false)),
            limits_href: "/p/limits".into(),
            new_href: "/p/new".into(),
            table: table(false),
        }
        .render(),
        "sub-accounts-none" => ListPage {
            frame: frame("Sub-accounts", "sub-accounts"),
            stats: vec![],
            allocation: None,
            limits_href: "/p/limits".into(),
            new_href: "/p/new".into(),
            table: table(true),
        }
        .render(),
        "new" => new_page(false).render(),
        "new-error" => new_page(true).render(),
        "limits" => limits("").render(),
        "limits-error" => limits("over").render(),
        "limits-review" => limits("review").render(),
        "show" => show().render(),
        "settings" => settings().render(),
        "suspend" => suspend().render(),
        "delete" => delete(false).render(),
        "delete-error" => delete(true).render(),
        "overview" | "home" => overview(false).render(),
        "overview-acting" => overview(true).render(),
        "calls" => calls("").render(),
        "calls-unavailable" => calls("unavailable").render(),
        "call" => call().render(),
        "agents" => agents().render(),
        "numbers" => numbers().render(),
        "members" => members().render(),
        "audit" => audit().render(),
        "accounts" => AccountsPage {
            frame: Frame { nav: vec![], account: None, ..frame("Choose an account", "") },
            q: String::new(),
            q_hidden: false,
            accounts: [("Northwind Voice", "Organization", "Owner"), ("Acme Corp", "Sub-account", "Viewer")]
                .iter()
                .map(|(n, k, r)| AccountLink {
                    name: (*n).into(),
                    letter: first_letter(n),
                    kind: (*k).into(),
                    role: (*r).into(),
                    href: "/p/overview".into(),
                    badge: (*n == "Acme Corp").then(|| Badge::account("suspended")),
                })
                .collect(),
        }
        .render(),
        "error" => ErrorPage {
            frame: frame("Not found", ""),
            icon: "search",
            heading: "Page not found".into(),
            text: "It does not exist, or you may not see it.".into(),
            action: Some(("Go to the overview".into(), "/p/overview".into())),
            request_id: "req_01jd8t".into(),
        }
        .render(),
        _ => return None,
    })
}

const ALL: &[&str] = &[
    "sign-in",
    "sign-in-error",
    "sub-accounts",
    "sub-accounts-none",
    "new",
    "new-error",
    "limits",
    "limits-error",
    "limits-review",
    "show",
    "settings",
    "suspend",
    "delete",
    "delete-error",
    "overview",
    "overview-acting",
    "calls",
    "calls-unavailable",
    "call",
    "agents",
    "numbers",
    "members",
    "audit",
    "accounts",
    "error",
];

async fn serve(name: web::Path<String>) -> HttpResponse {
    match page(&name) {
        Some(Ok(html)) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html),
        Some(Err(error)) => HttpResponse::InternalServerError().body(error.to_string()),
        None => HttpResponse::NotFound().body("no such page"),
    }
}

async fn index() -> HttpResponse {
    let list: String = ALL.iter().map(|name| format!("<li><a href=\"/p/{name}\">{name}</a></li>")).collect();
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(format!("<!doctype html><title>Pages</title><ul>{list}</ul>"))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let app = || {
        App::new()
            .wrap(
                DefaultHeaders::new()
                    .add(("Content-Security-Policy", CSP))
                    .add(("X-Content-Type-Options", "nosniff")),
            )
            .route("/", web::get().to(index))
            .route("/p/{name}", web::get().to(serve))
            .route("/p/{name}", web::post().to(serve))
            .route("/static/{path:.*}", web::get().to(assets::file))
    };
    HttpServer::new(app).workers(1).bind(("127.0.0.1", 18_081))?.run().await
}
