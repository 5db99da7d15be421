//! Who the accounts of the demo world are on invoices.

use crate::{
    access::{
        Change,
        permission::{EditBillingDetails, IssueInvoices},
    },
    domain::{
        billing::invoices::{
            details::{self, Details},
            due, gst,
        },
        brands,
    },
    error::Error,
    values::{AccountId, Logo, UserId},
};

use super::{Loading, world::Organization};

/// Somebody by law: the domain or slug, the legal name, the address, the state's code, and the ten
/// characters of a GSTIN that name its holder; none: not registered.
type Party = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>);

const PARTIES: &[Party] = &[
    (
        "northwind",
        "Northwind Voice Services Private Limited",
        "4th Floor, Prestige Meridian\n29 MG Road\nBengaluru 560001",
        "29",
        Some("AAECN4821K"),
    ),
    (
        "southwind",
        "Southwind Contact LLP",
        "7 Anna Salai\nTeynampet\nChennai 600018",
        "33",
        Some("ABDFS2907R"),
    ),
    ("eastgate", "Eastgate Textiles", "18 Ring Road\nSurat 395002", "24", Some("AAKFE5512M")),
    (
        "acme",
        "Acme Corp Private Limited",
        "12 Residency Road\nAshok Nagar\nBengaluru 560025",
        "29",
        Some("AAGCA7310P"),
    ),
    (
        "sunrise",
        "Sunrise Clinics and Diagnostics LLP",
        "203 Linking Road\nBandra West\nMumbai 400050",
        "27",
        Some("ACVFS6184Q"),
    ),
    ("kaveri", "Kaveri Finance Limited", "55 Sayyaji Rao Road\nMysuru 570001", "29", Some("AABCK9043D")),
    (
        "vidya",
        "विद्या अकादमी शैक्षणिक एवं सामाजिक कल्याण न्यास, पुणे",
        "१२ लक्ष्मी रोड\nसदाशिव पेठ\nपुणे ४११०३०",
        "27",
        None,
    ),
    (
        "greenleaf",
        "Greenleaf Pharmacy Retail Private Limited",
        "88 Park Street\nKolkata 700016",
        "19",
        Some("AAFCG3379B"),
    ),
    ("swift", "Swift Motors", "Plot 41, GT Road\nLudhiana 141003", "03", Some("AARFS8826C")),
    (
        "pragati",
        "Pragati Insurance Brokers Private Limited",
        "Connaught Place\nNew Delhi 110001",
        "07",
        Some("AADCP1458H"),
    ),
    (
        "orchid",
        "Orchid Hospitals Limited",
        "Road No. 12\nBanjara Hills\nHyderabad 500034",
        "36",
        Some("AAACO2265L"),
    ),
];

/// The logo of Northwind Voice.
const NORTHWIND: &[u8] = include_bytes!("northwind.png");

/// The GSTIN of a holder in a state, with its check digit.
fn gstin(state: &str, holder: &str) -> Result<String, Error> {
    let first = format!("{state}{holder}1Z");
    let check = gst::check_digit(first.as_bytes()).ok_or_else(|| Error::internal("no GSTIN"))?;
    Ok(format!("{first}{}", char::from(check)))
}

fn of(word: &str, email: Option<&str>) -> Result<Option<Details>, Error> {
    let Some((_, name, address, state, holder)) = PARTIES.iter().find(|(known, ..)| *known == word) else {
        return Ok(None);
    };
    let gstin = holder.map(|holder| gstin(state, holder)).transpose()?.unwrap_or_default();
    Details::check(name, address, state, &gstin, email.unwrap_or_default()).map(Some)
}

impl Loading {
    /// Says who an account with a wallet is to those who invoice it, as its owner does.
    pub(super) async fn is_invoiced_as(
        &self,
        owner: UserId,
        account: AccountId,
        word: &'static str,
    ) -> Result<(), Error> {
        let Some(details) = of(word, Some(&format!("accounts@{word}.example")))? else { return Ok(()) };
        let scope = self.access.scope_of_member::<EditBillingDetails>(owner, account).await?;
        scope.write(move |tx| details::change_recipient(tx, None, &details)?.try_map(|_| Ok(()))).await
    }

    /// Says who an organization is to the sub-accounts that it invoices, as its owner does. Its own months
    /// that are over, and theirs, are invoiced soon.
    pub(super) async fn invoices_as(
        &self,
        owner: UserId,
        organization: &'static Organization,
        account: AccountId,
    ) -> Result<(), Error> {
        let own = self.access.scope_of_member::<EditBillingDetails>(owner, account).await?;
        own.write(|tx| due::wake(tx).map(Change::none)).await?;
        let Some(details) = of(organization.domain, None)?.filter(|_| organization.enabled) else {
            return Ok(());
        };
        let scope = self.access.scope_of_member::<IssueInvoices>(owner, account).await?;
        if organization.domain == "northwind" {
            let logo = Logo::read(NORTHWIND).map_err(Error::internal)?;
            scope.write(move |tx| brands::change_logo(tx, Some(&logo))).await?;
        }
        scope.write(move |tx| details::change_issuer(tx, None, &details)?.try_map(|_| Ok(()))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_somebody_by_law() {
        for (word, ..) in PARTIES {
            assert!(of(word, None).unwrap().is_some(), "{word}");
        }
    }
}
