//! Countries that can be called, and those that numbers can be had in.

/// A country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country {
    /// The id of its rule.
    pub id: &'static str,
    /// ISO 3166-1, two letters.
    pub iso: &'static str,
    /// As people read it.
    pub name: &'static str,
    /// What comes after the plus sign.
    pub calling_code: &'static str,
    /// Most digits of a number after the calling code.
    pub max_length: u8,
    /// How its mobile numbers begin, after the calling code; empty where they are not told
    /// from others.
    pub prefixes: &'static [&'static str],
    /// The rent of a number there per month, in paise; `None` where none can be had.
    pub monthly_minor: Option<i64>,
}

const fn country(
    id: &'static str,
    iso: &'static str,
    name: &'static str,
    calling_code: &'static str,
    max_length: u8,
    prefixes: &'static [&'static str],
    monthly_minor: Option<i64>,
) -> Country {
    Country { id, iso, name, calling_code, max_length, prefixes, monthly_minor }
}

/// All of them.
pub const COUNTRIES: &[Country] = &[
    country("pcr_in", "IN", "India", "91", 10, &["6", "7", "8", "9"], Some(29_900)),
    country("pcr_us", "US", "United States", "1", 10, &[], Some(44_900)),
    country("pcr_ca", "CA", "Canada", "1", 10, &[], Some(44_900)),
    country("pcr_gb", "GB", "United Kingdom", "44", 10, &["7"], Some(54_900)),
    country("pcr_fr", "FR", "France", "33", 9, &["6", "7"], Some(59_900)),
    country("pcr_de", "DE", "Germany", "49", 11, &["15", "16", "17"], Some(59_900)),
    country("pcr_nl", "NL", "Netherlands", "31", 9, &["6"], Some(59_900)),
    country("pcr_es", "ES", "Spain", "34", 9, &["6", "7"], None),
    country("pcr_it", "IT", "Italy", "39", 11, &["3"], None),
    country("pcr_se", "SE", "Sweden", "46", 9, &["7"], None),
    country("pcr_au", "AU", "Australia", "61", 9, &["4"], Some(64_900)),
    country("pcr_ae", "AE", "United Arab Emirates", "971", 9, &["5"], None),
    country("pcr_sg", "SG", "Singapore", "65", 8, &["8", "9"], None),
    country("pcr_id", "ID", "Indonesia", "62", 12, &["8"], None),
    country("pcr_jp", "JP", "Japan", "81", 10, &["70", "80", "90"], None),
    country("pcr_br", "BR", "Brazil", "55", 11, &[], None),
];

/// The country of this ISO code.
pub fn find(iso: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.iso == iso)
}
