//! How an organization's sub-accounts see it (`domain.md` 8): what its product is called, and its logo.
//!
//! A logo that stands on something that was issued stays as it was printed; one that was never
//! printed goes as soon as there is another.

use diesel::prelude::*;
use serde_json::json;

use crate::{
    access::{
        Change, Event, Tx,
        permission::{IssueInvoices, ManageSubAccounts, Permission},
    },
    error::Error,
    schema::control::{brand_logos, brands},
    values::{Logo, LogoId},
};

/// The brand of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Brand {
    /// What the product is called.
    pub product_name: String,
    /// Its logo, where it has one.
    pub logo: Option<LogoId>,
}

/// Reads the brand, and locks it by `$lock` until the transaction ends.
macro_rules! brand {
    ($tx:expr $(, $lock:ident)?) => {
        brands::table
            .find($tx.organization())
            .select((brands::product_name, brands::logo_id))
            $(.$lock())?
            .first::<Brand>($tx.connection())
            .optional()
    };
}

/// The organization's brand, where it has one of its own.
pub fn of<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Option<Brand>, Error> {
    Ok(brand!(tx)?)
}

/// The brand, whose logo is printed on what is issued now: it is kept from here on.
pub fn to_print(tx: &mut Tx<'_, ManageSubAccounts>) -> Result<Option<Brand>, Error> {
    // Whoever changes the logo waits until this is issued, or was faster.
    let brand = brand!(tx, for_share)?;
    if let Some(logo) = brand.as_ref().and_then(|brand| brand.logo) {
        let unprinted =
            brand_logos::table.find((tx.organization(), logo)).filter(brand_logos::is_printed.eq(false));
        diesel::update(unprinted).set(brand_logos::is_printed.eq(true)).execute(tx.connection())?;
    }
    Ok(brand)
}

/// A logo of the organization's, the one of today or one that was printed.
///
/// # Errors
/// [`Error::NotFound`] where it is none of the organization's.
pub fn logo<P: Permission>(tx: &mut Tx<'_, P>, id: LogoId) -> Result<Logo, Error> {
    let (png, width, height) = brand_logos::table
        .find((tx.organization(), id))
        .select((brand_logos::png, brand_logos::width, brand_logos::height))
        .first(tx.connection())?;
    Ok(Logo { png, width, height })
}

/// Gives the brand another logo, or none. What was issued keeps the one that it was printed with.
///
/// # Errors
/// [`Error::NotFound`] for an organization without a brand of its own.
pub fn change_logo(tx: &mut Tx<'_, IssueInvoices>, to: Option<&Logo>) -> Result<Change<()>, Error> {
    let brand = brand!(tx, for_no_key_update)?.ok_or(Error::NotFound)?;
    let before = brand.logo.map(|id| logo(tx, id)).transpose()?;
    if before.as_ref() == to {
        return Ok(Change::none(()));
    }
    let organization = tx.organization();
    let new = to.map(|logo| keep(tx, logo)).transpose()?;
    diesel::update(brands::table.find(organization)).set(brands::logo_id.eq(new)).execute(tx.connection())?;
    if let Some(old) = brand.logo {
        let old = brand_logos::table.find((organization, old)).filter(brand_logos::is_printed.eq(false));
        diesel::delete(old).execute(tx.connection())?;
    }
    let told = |logo: Option<&Logo>| logo.map(|logo| json!({ "width": logo.width, "height": logo.height }));
    Ok(Change::new(
        (),
        Event {
            account: organization.into(),
            action: if to.is_some() { "brand.logo_changed" } else { "brand.logo_removed" },
            object: brand.product_name,
            object_id: organization.to_string(),
            details: json!({ "before": told(before.as_ref()), "after": told(to) }),
        },
    ))
}

fn keep(tx: &mut Tx<'_, IssueInvoices>, logo: &Logo) -> Result<LogoId, Error> {
    let id = LogoId::new();
    diesel::insert_into(brand_logos::table)
        .values((
            brand_logos::logo_id.eq(id),
            brand_logos::png.eq(&logo.png),
            brand_logos::width.eq(logo.width),
            brand_logos::height.eq(logo.height),
        ))
        .execute(tx.connection())?;
    Ok(id)
}
