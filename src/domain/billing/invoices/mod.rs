//! Invoices and credit notes (`domain.md` 4.8, `trust.md` R15).
//!
//! An organization is invoiced by the platform for what its own wallet paid for; a sub-account
//! by its organization's brand for what its own wallet paid for. The total of an invoice is what
//! calls took from the wallet in a month of India, corrections included, to the minor unit;
//! the tax is in it. What is printed is kept with the invoice and never changes. Only the
//! recipient stands elsewhere ([`Document`] without it): it goes when the account is erased.
//!
//! - [`gst`]: states, registrations, the tax in a price.
//! - [`details`]: who invoices and who is invoiced.
//! - [`issue`]: issuing the invoice of one month.
//! - [`credit`]: giving back a part of one.
//! - [`due`]: which accounts are to be looked at.
//! - [`list`]: what was issued.
//! - [`letters`]: sending it.

pub mod credit;
pub mod details;
pub mod due;
pub mod gst;
pub mod issue;
pub mod letters;
mod lines;
pub mod list;
mod numbers;

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};

use crate::{
    access::PRODUCT_NAME,
    error::Error,
    values::{LogoId, SubAccountId, indian_day, start_of_indian_day, words},
};

use details::Details;
use gst::Split;

words! {
    /// What was issued.
    Kind {
        /// What was paid for a month.
        Invoice = "invoice" / "Tax invoice",
        /// A part of an invoice that was given back.
        CreditNote = "credit_note" / "Credit note",
    }
}

/// A month of India.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(Date);

impl Month {
    /// The month in which a moment falls in India.
    pub fn of(moment: OffsetDateTime) -> Self {
        Self::containing(indian_day(moment))
    }

    /// The month of a day.
    pub fn containing(day: Date) -> Self {
        Self(day.replace_day(1).unwrap_or(day))
    }

    /// A month as it is typed: `2026-10`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let year = year.parse().ok().filter(|year| (2_000..10_000).contains(year))?;
        Date::from_calendar_date(year, month, 1).ok().map(Self)
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        self.0
    }

    /// The month before.
    pub fn before(self) -> Self {
        Self::containing(self.0 - Duration::days(1))
    }

    /// The month after.
    pub fn after(self) -> Self {
        Self::containing(self.0 + Duration::days(31))
    }

    /// When it begins.
    pub fn begins(self) -> OffsetDateTime {
        start_of_indian_day(self.0)
    }

    /// When it is over.
    pub fn ends(self) -> OffsetDateTime {
        start_of_indian_day(self.after().0)
    }
}

/// One side of an invoice, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// What it is called: the brand of whoever issues; the account of whoever is invoiced.
    pub name: String,
    /// Its name by law, where it is known.
    pub legal_name: String,
    /// Its address, in lines.
    pub address: String,
    /// Its state's code for GST; empty where it is not known.
    pub state: String,
    /// Its registration for GST.
    pub gstin: Option<String>,
}

impl Party {
    fn of(name: String, details: Details) -> Self {
        let Details { legal_name, address, state, gstin, .. } = details;
        Self { name, legal_name, address, state, gstin }
    }

    /// Somebody of whom only the name is known.
    fn named(name: String) -> Self {
        Self { name, legal_name: String::new(), address: String::new(), state: String::new(), gstin: None }
    }

    /// The name that it is written to by: the one by law, where that is known.
    pub fn formal_name(&self) -> &str {
        if self.legal_name.is_empty() { &self.name } else { &self.legal_name }
    }
}

/// A line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is for.
    pub text: String,
    /// The sub-account that it is for, on its organization's invoice.
    pub sub_account: Option<SubAccountId>,
    /// Calls that were charged.
    pub calls: i64,
    /// Minutes that were charged.
    pub minutes: i64,
    /// What it came to with its tax, in minor units: the sum of its postings, negated.
    pub amount: i64,
    /// What it came to before tax, in minor units.
    pub taxable: i64,
    /// The first and the last of the wallet's postings that it sums up, by their sequence.
    pub postings: (i64, i64),
}

/// The invoice that a credit note is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credited {
    /// Its number.
    pub number: String,
    /// When it was issued.
    pub issued_on: Date,
    /// Why something is given back.
    pub reason: String,
}

/// All that is printed on an invoice but whom it is made out to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What it is.
    pub kind: Kind,
    /// Its number.
    pub number: String,
    /// When it was issued, in India.
    pub issued_on: Date,
    /// The first day of the month that it accounts for.
    pub month: Date,
    /// Who issued it.
    pub supplier: Party,
    /// The logo of the supplier's brand, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<LogoId>,
    /// The code of the state where the service is used.
    pub place_of_supply: String,
    /// What the service is, by the Scheme of Classification of Services.
    pub sac: String,
    /// ISO 4217.
    pub currency: String,
    /// The rate of tax in hundredths of a percent; 0 where the supplier may collect none.
    pub rate: i64,
    /// Its lines.
    pub lines: Vec<Line>,
    /// What the total is made of.
    pub split: Split,
    /// The total, in minor units.
    pub total: i64,
    /// What a credit note is for.
    pub credited: Option<Credited>,
}

impl Document {
    /// What it is called: whoever is not registered collects no tax, and issues bills of supply
    /// (section 31(3)(c) of the CGST Act).
    pub fn title(&self) -> &'static str {
        match (self.kind, &self.supplier.gstin) {
            (Kind::CreditNote, _) => "Credit note",
            (Kind::Invoice, Some(_)) => "Tax invoice",
            (Kind::Invoice, None) => "Bill of supply",
        }
    }

    /// The month that it accounts for, as it is printed: `October 2026`.
    pub fn period(&self) -> String {
        period(self.month)
    }

    /// The taxes in the total, each as it is called with its rate (`CGST 9 %`), and in minor units.
    pub fn taxes(&self) -> Vec<(String, i64)> {
        let (split, rate) = (self.split, self.rate);
        [("CGST", split.cgst, rate / 2), ("SGST", split.sgst, rate / 2), ("IGST", split.igst, rate)]
            .into_iter()
            .filter(|(_, minor, _)| *minor != 0)
            .map(|(name, minor, rate)| (format!("{name} {}", gst::percent(rate)), minor))
            .collect()
    }
}

/// The month of a day in words: `October 2026`.
fn period(day: Date) -> String {
    format!("{} {}", day.month(), day.year())
}

/// The platform as it invoices organizations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform(pub Details);

impl Platform {
    /// Looks at what the operator says of the platform. It is registered for GST.
    ///
    /// # Errors
    /// [`Error::Invalid`] on each field that is wrong.
    pub fn check(legal_name: &str, address: &str, state: &str, gstin: &str) -> Result<Self, Error> {
        Details::check(legal_name, address, state, gstin, "").map(Self)
    }

    fn party(&self) -> Party {
        Party::of(PRODUCT_NAME.to_owned(), self.0.clone())
    }
}
