//! Who there is in the demo world: three organizations, and their sub-accounts.

use crate::{
    spoken::scripts::Trade,
    values::{BillingMode, Role},
};

/// The password of everybody who can sign in.
pub const PASSWORD: &str = "demo-password-1";

/// A member: name, the part of the address before the `@`, role.
pub type Member = (&'static str, &'static str, Role);

/// An organization.
pub struct Organization {
    pub name: &'static str,
    /// Of its addresses.
    pub domain: &'static str,
    /// The brand that its sub-accounts see.
    pub brand: &'static str,
    pub enabled: bool,
    pub total_concurrency: i32,
    pub members: &'static [Member],
    pub own: Activity,
    pub sub_accounts: &'static [SubAccount],
}

/// A sub-account.
pub struct SubAccount {
    pub name: &'static str,
    /// Its reference and, with `.example`, the domain of its addresses.
    pub slug: &'static str,
    pub region: &'static str,
    pub billing_mode: BillingMode,
    pub limit: i32,
    pub members: &'static [Member],
    /// Days since it was suspended.
    pub suspended: Option<u16>,
    /// Days since it was created.
    pub age: u16,
    pub activity: Activity,
}

/// What goes on in an account.
#[derive(Clone, Copy)]
pub struct Activity {
    pub trade: Trade,
    /// Calls on an ordinary day.
    pub calls_per_day: f64,
    /// Of a hundred calls, how many come in.
    pub inbound_percent: u32,
    /// Recharges are of this many minor units; 0: the wallet runs dry with what is in it.
    pub recharge_minor: i64,
    /// Calls whose recordings are made: the latest so many, and all of so many days.
    pub recorded_days: u16,
}

const fn activity(trade: Trade, calls_per_day: f64, inbound_percent: u32, recharge_rupees: i64) -> Activity {
    Activity {
        trade,
        calls_per_day,
        inbound_percent,
        recharge_minor: recharge_rupees * 100,
        recorded_days: 0,
    }
}

use BillingMode::{Consolidated, Isolated};

const fn sub_account(
    name: &'static str,
    slug: &'static str,
    region: &'static str,
    billing_mode: BillingMode,
    limit: i32,
    members: &'static [Member],
    activity: Activity,
) -> SubAccount {
    SubAccount { name, slug, region, billing_mode, limit, members, suspended: None, age: 120, activity }
}

const fn suspended(days: u16, sub_account: SubAccount) -> SubAccount {
    SubAccount { suspended: Some(days), ..sub_account }
}

const fn since(days: u16, sub_account: SubAccount) -> SubAccount {
    SubAccount { age: days, ..sub_account }
}

const ACME: SubAccount = {
    let shop = activity(Trade::Ecommerce, 27.0, 55, 10_000);
    let members: &[Member] = &[
        ("Rohan Kapoor", "owner", Role::Owner),
        ("Sana Qureshi", "admin", Role::Admin),
        ("Deepak Rao", "member", Role::Member),
        ("Leela Thomas", "viewer", Role::Viewer),
    ];
    let acme = sub_account("Acme Corp", "acme", "india", Isolated, 30, members, shop);
    SubAccount { activity: Activity { recorded_days: 14, ..shop }, ..acme }
};

/// The demo's parent account.
pub const NORTHWIND: Organization = Organization {
    name: "Northwind Voice",
    domain: "northwind",
    brand: "Northwind Voice",
    enabled: true,
    total_concurrency: 200,
    members: &[
        ("Meera Nair", "owner", Role::Owner),
        ("Arvind Kumar", "admin", Role::Admin),
        ("Zoya Ahmed", "viewer", Role::Viewer),
    ],
    own: activity(Trade::Voice, 3.0, 70, 50_000),
    sub_accounts: &[
        ACME,
        sub_account(
            "Sunrise Clinics",
            "sunrise",
            "india",
            Isolated,
            8,
            &[("Dr. Kiran Shah", "owner", Role::Owner), ("Maya Pillai", "desk", Role::Member)],
            activity(Trade::Clinic, 9.0, 60, 5_000),
        ),
        sub_account(
            "Kaveri Finance",
            "kaveri",
            "india",
            Isolated,
            8,
            &[("Harish Gowda", "owner", Role::Owner), ("Anita Rao", "admin", Role::Admin)],
            activity(Trade::Lending, 11.0, 20, 8_000),
        ),
        sub_account(
            "Metro Logistics",
            "metro",
            "india",
            Consolidated,
            8,
            &[("Farhan Ali", "owner", Role::Owner)],
            activity(Trade::Logistics, 9.0, 45, 0),
        ),
        sub_account(
            "Lotus Hotels",
            "lotus",
            "india",
            Consolidated,
            5,
            &[("Ritika Sen", "owner", Role::Owner)],
            activity(Trade::Hotel, 6.0, 90, 0),
        ),
        sub_account(
            "Vidya Academy",
            "vidya",
            "india",
            Isolated,
            5,
            &[("Prakash Joshi", "owner", Role::Owner)],
            activity(Trade::Education, 7.0, 30, 3_000),
        ),
        sub_account(
            "Bharat Bazaar",
            "bharat",
            "india",
            Consolidated,
            6,
            &[("Sunil Agarwal", "owner", Role::Owner)],
            activity(Trade::Ecommerce, 8.0, 50, 0),
        ),
        sub_account(
            "Greenleaf Pharmacy",
            "greenleaf",
            "india",
            Isolated,
            3,
            &[("Nandini Roy", "owner", Role::Owner)],
            activity(Trade::Clinic, 4.0, 80, 2_000),
        ),
        sub_account(
            "Tiffin Express",
            "tiffin",
            "india",
            Consolidated,
            5,
            &[("Salim Merchant", "owner", Role::Owner)],
            activity(Trade::Food, 8.0, 90, 0),
        ),
        sub_account(
            "Swift Motors",
            "swift",
            "india",
            Isolated,
            4,
            &[("Gurpreet Gill", "owner", Role::Owner)],
            activity(Trade::Auto, 4.0, 40, 2_500),
        ),
        suspended(
            9,
            sub_account(
                "Anand Realty",
                "anand",
                "india",
                Isolated,
                3,
                &[("Anand Kulkarni", "owner", Role::Owner)],
                activity(Trade::Property, 4.0, 15, 0),
            ),
        ),
        sub_account(
            "Himalaya Travels",
            "himalaya",
            "india",
            Consolidated,
            3,
            &[("Tenzin Dorje", "owner", Role::Owner)],
            activity(Trade::Travel, 4.0, 75, 0),
        ),
        sub_account(
            "Shakti Power",
            "shakti",
            "india",
            Consolidated,
            4,
            &[("Usha Devi", "owner", Role::Owner)],
            activity(Trade::Utility, 4.0, 80, 0),
        ),
        sub_account(
            "Dr. Rao Dental",
            "raodental",
            "india",
            Isolated,
            2,
            &[("Dr. Sudha Rao", "owner", Role::Owner)],
            activity(Trade::Clinic, 2.0, 70, 1_000),
        ),
        sub_account(
            "Pragati Insurance",
            "pragati",
            "india",
            Isolated,
            4,
            &[("Mohit Saxena", "owner", Role::Owner)],
            activity(Trade::Insurance, 4.0, 35, 2_500),
        ),
        since(
            41,
            sub_account(
                "Urban Nest Interiors",
                "urbannest",
                "india",
                Consolidated,
                2,
                &[("Isha Malhotra", "owner", Role::Owner)],
                activity(Trade::Home, 3.0, 50, 0),
            ),
        ),
        sub_account(
            "Blue Ridge Dental",
            "blueridge",
            "us",
            Isolated,
            3,
            &[("Emily Carter", "owner", Role::Owner)],
            activity(Trade::Clinic, 3.0, 65, 4_000),
        ),
        sub_account(
            "Cascade Home Services",
            "cascade",
            "us",
            Consolidated,
            3,
            &[("Marcus Hill", "owner", Role::Owner)],
            activity(Trade::Home, 3.0, 60, 0),
        ),
        suspended(
            21,
            sub_account(
                "Lakeside Auto",
                "lakeside",
                "us",
                Isolated,
                2,
                &[("Dana Brooks", "owner", Role::Owner)],
                activity(Trade::Auto, 2.0, 45, 1_500),
            ),
        ),
        sub_account(
            "Pioneer Credit Union",
            "pioneer",
            "us",
            Isolated,
            3,
            &[("Grace Kim", "owner", Role::Owner)],
            activity(Trade::Lending, 3.0, 25, 4_000),
        ),
        sub_account(
            "Maison Lumière",
            "lumiere",
            "eu",
            Isolated,
            2,
            &[("Camille Roux", "owner", Role::Owner)],
            activity(Trade::Hotel, 2.0, 90, 2_000),
        ),
        sub_account(
            "Nordsee Versand",
            "nordsee",
            "eu",
            Consolidated,
            2,
            &[("Jonas Petersen", "owner", Role::Owner)],
            activity(Trade::Logistics, 3.0, 45, 0),
        ),
        suspended(
            3,
            sub_account(
                "Atelier Hugo",
                "hugo",
                "eu",
                Consolidated,
                1,
                &[("Hugo Martin", "owner", Role::Owner)],
                activity(Trade::Ecommerce, 1.0, 60, 0),
            ),
        ),
        since(
            0,
            sub_account(
                "Riverbank School",
                "riverbank",
                "india",
                Isolated,
                2,
                &[("Shalini Bose", "owner", Role::Owner)],
                activity(Trade::Education, 0.0, 50, 0),
            ),
        ),
    ],
};

/// Another customer of the platform, of whom nobody at Northwind may ever see anything.
pub const SOUTHWIND: Organization = Organization {
    name: "Southwind Contact",
    domain: "southwind",
    brand: "Southwind Contact",
    enabled: true,
    total_concurrency: 60,
    members: &[("Devika Menon", "owner", Role::Owner)],
    own: activity(Trade::Travel, 1.0, 60, 8_000),
    sub_accounts: &[
        sub_account(
            "Orchid Hospitals",
            "orchid",
            "india",
            Isolated,
            10,
            &[("Dr. Naveen Pai", "owner", Role::Owner)],
            activity(Trade::Clinic, 3.0, 60, 3_000),
        ),
        sub_account(
            "Deccan Cabs",
            "deccan",
            "india",
            Consolidated,
            8,
            &[("Rafiq Sayed", "owner", Role::Owner)],
            activity(Trade::Travel, 2.0, 70, 0),
        ),
        sub_account(
            "Harbor Dental",
            "harbor",
            "us",
            Isolated,
            4,
            &[("Linda Walsh", "owner", Role::Owner)],
            activity(Trade::Clinic, 1.0, 60, 2_000),
        ),
    ],
};

/// A customer without the Enterprise feature.
pub const EASTGATE: Organization = Organization {
    name: "Eastgate Textiles",
    domain: "eastgate",
    brand: "Eastgate Textiles",
    enabled: false,
    total_concurrency: 10,
    members: &[("Omkar Shetty", "owner", Role::Owner)],
    own: activity(Trade::Ecommerce, 1.0, 50, 4_000),
    sub_accounts: &[],
};
