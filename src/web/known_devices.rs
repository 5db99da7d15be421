//! Browsers that have signed in before, so that guessing elsewhere does not lock them
//! out (`trust.md` S14).

use actix_web::{HttpRequest, cookie::Cookie};

use crate::{error::Error, values::Secret};

use super::site::Site;

const COOKIE: &str = "device";
/// People who share a browser; the oldest is forgotten first.
const MOST_PEOPLE: usize = 5;

/// A browser's cookie: its random id with our signature, and for each e-mail that
/// signed in a signature of both, which names nobody.
struct Device {
    id: String,
    people: Vec<String>,
}

fn device(site: &Site, request: &HttpRequest) -> Option<Device> {
    let value = site.cookie_of(request, COOKIE)?;
    let mut parts = value.split('~');
    let (id, signature) = (parts.next()?, parts.next()?);
    let people = parts.take(MOST_PEOPLE).map(str::to_owned).collect();
    site.signer.is_signed(COOKIE, &[id], signature).then(|| Device { id: id.to_owned(), people })
}

/// The id of the browser, if it signed in to `email` before.
pub(super) fn known_to(site: &Site, request: &HttpRequest, email: &str) -> Option<String> {
    let device = device(site, request)?;
    let is_known = device.people.iter().any(|s| site.signer.is_signed(COOKIE, &[&device.id, email], s));
    is_known.then_some(device.id)
}

/// Makes the browser known to `email`.
pub(super) fn remember(site: &Site, request: &HttpRequest, email: &str) -> Result<Cookie<'static>, Error> {
    let Device { id, people } = match device(site, request) {
        Some(device) => device,
        None => {
            let id = Secret::new().map_err(Error::internal)?.reveal().to_owned();
            Device { id, people: Vec::new() }
        }
    };
    let own = site.signer.sign(COOKIE, &[&id, email]);
    let others = people.into_iter().filter(|person| *person != own);
    let people: Vec<String> = std::iter::once(own.clone()).chain(others).take(MOST_PEOPLE).collect();
    let value = format!("{id}~{}~{}", site.signer.sign(COOKIE, &[&id]), people.join("~"));
    Ok(site.cookie(COOKIE, value, 400).finish())
}
