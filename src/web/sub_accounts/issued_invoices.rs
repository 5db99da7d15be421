//! What the organization invoiced its sub-accounts for, deleted ones included (`domain.md` 4.8).

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{
        Denied, Scope,
        permission::{IssueInvoices, ManageSubAccounts},
    },
    domain::{
        billing::invoices::{
            Month,
            list::{self, Filter, Listed},
        },
        sub_accounts::names,
    },
    invoice_file,
    values::{AccountId, InvoiceId, Part},
    web::{
        account::invoices,
        filters::counted,
        page::{Here, Visit, home_href, html},
        parts::{Crumb, Empty, Pager},
        views::invoices::{InvoicePage, InvoiceRow, IssuedPage, Side},
    },
};

use super::{give_back, issuer_details};

/// Rows on a page.
const PAGE: u16 = 50;

/// The list as its URL describes it; anything that is not understood is left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IssuedUrl {
    q: String,
    month: String,
    older: Option<InvoiceId>,
    newer: Option<InvoiceId>,
}

impl IssuedUrl {
    fn filter(&self) -> Filter {
        Filter {
            search: Some(self.q.trim()).filter(|q| !q.is_empty()).map(str::to_owned),
            month: Month::parse(self.month.trim()),
        }
    }

    fn part(&self) -> Part<InvoiceId> {
        Part::between(self.older, self.newer)
    }

    /// The list at `base` as it is filtered, from a key on.
    fn href(&self, base: &str, key: &str, id: InvoiceId) -> String {
        let pairs = [("q", &self.q), ("month", &self.month)];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        format!("{base}?{}", query.append_pair(key, &id.to_string()).finish())
    }
}

/// The ids in the address of what was issued.
#[derive(Debug, Deserialize)]
pub struct IssuedPlace {
    /// The parent; the scope is proved for it.
    pub account: AccountId,
    /// The invoice or credit note.
    pub issued: InvoiceId,
}

/// The address of the list.
pub(super) fn base(scope: &Scope<ManageSubAccounts>) -> String {
    format!("{}/issued-invoices", home_href(scope.asker().account.id))
}

/// `GET /accounts/{account}/issued-invoices`
pub async fn list(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    url: web::Query<IssuedUrl>,
) -> Result<HttpResponse, Denied> {
    let (filter, part) = (url.filter(), url.part());
    let is_filtered = filter != Filter::default();
    let (found, names) = scope
        .overview(move |tx| {
            let found = list::issued(tx, &filter, part, PAGE)?;
            let ids: Vec<_> = found.rows.iter().filter_map(|(account, _)| account.sub_account()).collect();
            let names = names(tx, &ids)?;
            Ok((found, names))
        })
        .await?;
    let base = base(&scope);
    let row = |(account, listed): &(AccountId, Listed)| {
        let name = account.sub_account().and_then(|id| names.get(&id).cloned());
        let is_gone = name.is_none();
        let account = (name.unwrap_or_else(|| account.to_string()), is_gone);
        InvoiceRow { account: Some(account), ..invoices::row(&base, listed) }
    };
    html(&IssuedPage {
        frame: visit.frame(&scope, "Issued invoices", Here::IssuedInvoices),
        waiting: issuer_details::waiting(&scope).await?,
        details_href: issuer_details::href_for(&scope),
        list_href: base.clone(),
        q: url.q.clone(),
        month: url.month.clone(),
        filtered: is_filtered,
        pager: Pager::newest_first(
            &counted(found.rows.len(), "document", "documents"),
            found.ends(|(_, listed)| listed.id),
            |key, id| url.href(&base, key, id),
        ),
        empty: found.rows.is_empty().then(|| {
            if is_filtered {
                Empty::NoMatch { title: "No invoice matches".into(), clear_href: base.clone() }
            } else {
                Empty::First {
                    title: "No invoices yet".into(),
                    text:
                        "A month in which calls were charged to the wallet of a sub-account is invoiced some \
                           hours after it is over."
                            .into(),
                    action: None,
                    icon: "invoice",
                }
            }
        }),
        rows: found.rows.iter().map(row).collect(),
    })
}

/// `GET /accounts/{account}/issued-invoices/{issued}`
pub async fn show(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<IssuedPlace>,
) -> Result<HttpResponse, Denied> {
    let id = place.issued;
    let issued = scope.overview(move |tx| list::find_issued(tx, id)).await?;
    let base = base(&scope);
    let frame = visit.frame(&scope, &issued.document.number, Here::IssuedInvoices);
    let give_back_href =
        (issued.left() > 0 && scope.holds::<IssueInvoices>()).then(|| give_back::href(&scope, id));
    let gone = issued.recipient.is_none().then(|| Side {
        name: issued.account.to_string(),
        address: vec!["This sub-account was deleted: nothing else is kept of it.".to_owned()],
        state: None,
        gstin: None,
    });
    let page = invoices::page(issued, scope.asker().account.id, &base);
    html(&InvoicePage {
        frame,
        crumbs: vec![Crumb::new("Issued invoices", base)],
        give_back_href,
        recipient: page.recipient.or(gone),
        ..page
    })
}

/// `GET /accounts/{account}/issued-invoices/{issued}/pdf`
pub async fn pdf(
    scope: Scope<ManageSubAccounts>,
    place: web::Path<IssuedPlace>,
) -> Result<HttpResponse, Denied> {
    let id = place.issued;
    let issued = scope.overview(move |tx| list::find_issued(tx, id)).await?;
    Ok(invoice_file::answer(&scope, issued).await?)
}
