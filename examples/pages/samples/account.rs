//! Pages inside one account.

use dialnexa::web::chart::{self, Unit};
use dialnexa::web::filters::{money_text, number_text};
use dialnexa::web::frame::{Frame, Notice};
use dialnexa::web::parts::*;
use dialnexa::web::views::account::*;
use dialnexa::web::views::people::*;

use super::*;

pub fn calls_table(count: usize, pager: bool) -> CallsTable {
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

pub fn overview(in_acme: bool) -> OverviewPage {
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

pub fn event(
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

pub fn events() -> Vec<Event> {
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

pub fn call() -> CallPage {
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

pub fn members() -> MembersPage {
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

pub fn agents() -> AgentsPage {
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

pub fn numbers() -> NumbersPage {
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

pub fn audit() -> AuditPage {
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

pub fn calls(kind: &str) -> CallsPage {
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
