//! Numbers of invoices and credit notes: consecutive for each series and financial year, of 16
//! characters at most (`trust.md` R15; rule 46 of the CGST Rules).

use diesel::prelude::*;
use time::{Date, Month};
use uuid::Uuid;

use crate::{
    access::{
        Tx,
        permission::{Includes, ManageSubAccounts},
    },
    error::Error,
    schema::control::invoice_series,
};

use super::Kind;

/// The year in which the financial year of a day begins: on 1 April.
pub fn financial_year(day: Date) -> i32 {
    if day.month() >= Month::April { day.year() } else { day.year() - 1 }
}

/// Who issues: the platform to organizations, an organization to its sub-accounts.
pub(super) fn issuer(of_platform: bool, organization: Uuid) -> Uuid {
    if of_platform { Uuid::nil() } else { organization }
}

/// The next number of a series, and its financial year. The series' row stays locked until the
/// transaction ends: a number is kept with what it is on, or is the next one's.
pub(super) fn next<P: Includes<ManageSubAccounts>>(
    tx: &mut Tx<'_, P>,
    issuer: Uuid,
    kind: Kind,
    day: Date,
) -> Result<(String, i32), Error> {
    let year = financial_year(day);
    let serial: i64 = diesel::insert_into(invoice_series::table)
        .values((
            invoice_series::issuer_id.eq(issuer),
            invoice_series::series.eq(kind),
            invoice_series::financial_year.eq(year),
            invoice_series::last_number.eq(1),
        ))
        .on_conflict((invoice_series::issuer_id, invoice_series::series, invoice_series::financial_year))
        .do_update()
        .set(invoice_series::last_number.eq(invoice_series::last_number + 1))
        .returning(invoice_series::last_number)
        .get_result(tx.connection())?;
    Ok((text(issuer.is_nil(), kind, year, serial)?, year))
}

/// A number as it is printed: `DN/26-27/000001` is the platform's, `INV/26-27/000001` an
/// organization's.
fn text(of_platform: bool, kind: Kind, year: i32, serial: i64) -> Result<String, Error> {
    let series = match (of_platform, kind) {
        (true, Kind::Invoice) => "DN",
        (true, Kind::CreditNote) => "DNC",
        (false, Kind::Invoice) => "INV",
        (false, Kind::CreditNote) => "CN",
    };
    let number =
        format!("{series}/{:02}-{:02}/{serial:06}", year.rem_euclid(100), (year + 1).rem_euclid(100));
    if number.len() > 16 {
        return Err(Error::internal(format!("the series {series} of {year} is full")));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_financial_year_begins_in_april() {
        assert_eq!(financial_year(date!(2027 - 03 - 31)), 2026);
        assert_eq!(financial_year(date!(2027 - 04 - 01)), 2027);
    }

    #[test]
    fn a_number_has_sixteen_characters_at_most() {
        assert_eq!(text(true, Kind::Invoice, 2026, 1).unwrap(), "DN/26-27/000001");
        assert_eq!(text(false, Kind::Invoice, 2099, 999_999).unwrap(), "INV/99-00/999999");
        assert!(text(false, Kind::Invoice, 2026, 1_000_000).is_err());
    }
}
