//! A new password for somebody who forgot theirs (`trust.md` S13).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use serde::Deserialize;

use crate::{
    access::{Access, Denied, PRODUCT_NAME},
    domain::identity::{password_resets, passwords},
    error::Error,
    values::{Email, Secret},
};

use super::{
    accounts::brand_of,
    forms::Submitted,
    guesses::Guesses,
    hashing::Hashing,
    notices::told,
    page::{Visit, html_as, see},
    parts::{ErrorSummary, Field},
    sign_in::{peer, too_many},
    site::Site,
    views::gate::{ForgotPasswordPage, ResetPasswordPage},
    visitor::Visitor,
};

/// The form that asks for a link.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForgotForm {
    email: String,
}

/// The form that sets the password.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResetForm {
    password: String,
}

fn brand(site: &Site, request: &HttpRequest) -> String {
    site.remembered_brand(request).unwrap_or_else(|| PRODUCT_NAME.to_owned())
}

/// `GET /forgot-password`
pub async fn ask(
    request: HttpRequest,
    visitor: Visitor,
    visit: Visit,
    site: web::Data<Site>,
) -> Result<HttpResponse, Denied> {
    let frame = visit.visitor_frame(&visitor, brand(&site, &request), "Forgot your password?");
    forgot_page(frame, "", None, false, StatusCode::OK)
}

fn forgot_page(
    mut frame: super::frame::Frame,
    typed: &str,
    error: Option<&str>,
    is_sent: bool,
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let email = Field::new("email", "E-mail address").value(typed).error(error.map(str::to_owned));
    frame.has_errors = error.is_some();
    let errors = ErrorSummary::of([&email]);
    let sent_to = is_sent.then(|| typed.trim().to_owned());
    html_as(&ForgotPasswordPage { frame, email, errors, sent_to }, status)
}

/// `POST /forgot-password`: the same answer for every address.
pub async fn request(
    request: HttpRequest,
    visitor: Visitor,
    visit: Visit,
    site: web::Data<Site>,
    access: web::Data<Access>,
    guesses: web::Data<Guesses>,
    form: Submitted<ForgotForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&visitor)?;
    let frame = visit.visitor_frame(&visitor, brand(&site, &request), "Forgot your password?");
    let Ok(email) = Email::parse(&form.email) else {
        let text = "Enter your e-mail address, such as asha@example.com.";
        return forgot_page(frame, &form.email, Some(text), false, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let ip = peer(&request);
    if let Err(wait) = guesses.reset(ip) {
        let status = StatusCode::TOO_MANY_REQUESTS;
        return too_many(wait, |text| forgot_page(frame, &form.email, Some(text), false, status));
    }
    access.gate(None, move |tx| password_resets::request(tx, &email, &ip.to_string())).await?;
    forgot_page(frame, &form.email, None, true, StatusCode::OK)
}

const DEAD_LINK: &str = "This link has been used, has been replaced by a newer one, or is older than an hour. Ask \
     for a new one.";

/// `GET /reset-password/{token}`: looking does not use the link up.
pub async fn page(
    request: HttpRequest,
    visitor: Visitor,
    visit: Visit,
    site: web::Data<Site>,
    access: web::Data<Access>,
    token: web::Path<String>,
) -> Result<HttpResponse, Denied> {
    let secret = Secret::presented(token.clone());
    let brand = brand(&site, &request);
    match access.gate(None, move |tx| password_resets::holder(tx, &secret)).await {
        Ok(holder) => {
            let brand = brand_of(&access, holder.user).await?;
            let frame = visit.visitor_frame(&visitor, brand, "Set a new password");
            reset_page(frame, &token, holder.email, None, StatusCode::OK)
        }
        Err(Error::NotFound) => dead_link(&visit, &visitor, brand),
        Err(other) => Err(Denied(other)),
    }
}

fn dead_link(visit: &Visit, visitor: &Visitor, brand: String) -> Result<HttpResponse, Denied> {
    let frame = visit.visitor_frame(visitor, brand, "Forgot your password?");
    forgot_page(frame, "", Some(DEAD_LINK), false, StatusCode::NOT_FOUND)
}

fn reset_page(
    mut frame: super::frame::Frame,
    token: &str,
    email: String,
    error: Option<String>,
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let hint =
        format!("At least {} characters of any kind. A few words are easy to keep.", passwords::SHORTEST);
    let password = Field::new("password", "New password").hint(hint).error(error);
    let errors = ErrorSummary::of([&password]);
    frame.has_errors = !errors.items.is_empty();
    let action = format!("/reset-password/{token}");
    let mut response = html_as(&ResetPasswordPage { frame, action, email, password, errors }, status)?;
    // The address is a secret: no file that the page asks for learns it.
    response.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// `POST /reset-password/{token}`
#[allow(clippy::too_many_arguments)]
pub async fn set(
    request: HttpRequest,
    visitor: Visitor,
    visit: Visit,
    site: web::Data<Site>,
    access: web::Data<Access>,
    hashing: web::Data<Hashing>,
    token: web::Path<String>,
    form: Submitted<ResetForm>,
) -> Result<HttpResponse, Denied> {
    let password = form.by(&visitor)?.password;
    let secret = Secret::presented(token.clone());
    let brand = brand(&site, &request);
    let looked_up = secret.clone();
    let holder = match access.gate(None, move |tx| password_resets::holder(tx, &looked_up)).await {
        Ok(holder) => holder,
        Err(Error::NotFound) => return dead_link(&visit, &visitor, brand),
        Err(other) => return Err(Denied(other)),
    };
    let brand = brand_of(&access, holder.user).await?;
    if let Err(Error::Invalid(wrong)) = passwords::check(&password, &[&holder.email, &holder.name]) {
        let frame = visit.visitor_frame(&visitor, brand, "Set a new password");
        let text = wrong.into_iter().next().map(|wrong| wrong.message);
        return reset_page(frame, &token, holder.email, text, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let hash = hashing.run(move || passwords::hash(&password)).await??;
    match access.gate(None, move |tx| password_resets::complete(tx, &secret, &hash)).await {
        Ok(()) => {
            let mut response = see(told("/sign-in", "password-set"));
            response.add_cookie(&site.remember_brand(&brand)).map_err(Error::internal)?;
            Ok(response)
        }
        Err(Error::NotFound) => dead_link(&visit, &visitor, brand),
        Err(other) => Err(Denied(other)),
    }
}
