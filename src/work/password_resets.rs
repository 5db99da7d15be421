//! Sends the links that set a new password.

use std::sync::Arc;

use crate::{
    access::Access,
    domain::identity::{
        memberships::{brand_over, own_accounts},
        password_resets::{self, Claimed, MINUTES_VALID},
    },
    error::Error,
};

use super::mail::{Letter, Mailer};

/// Answers one request for a new password; tells whether there was one. The link leads
/// to `public_url`, whatever host the request was sent to.
pub async fn answer_one(access: &Arc<Access>, mailer: &Mailer, public_url: &str) -> Result<bool, Error> {
    let claimed = match access.gate(None, password_resets::claim).await? {
        Claimed::Nothing => return Ok(false),
        Claimed::Silence => return Ok(true),
        Claimed::Letter(claimed) => claimed,
    };
    let accounts = access.gate(Some(claimed.user), own_accounts).await?;
    let brand = brand_over(&accounts);
    let link = format!("{public_url}/reset-password/{}", claimed.token.reveal());
    let letter = Letter {
        to: (claimed.name.clone(), claimed.email.clone()),
        from: brand.unwrap_or("Your account").to_owned(),
        subject: match brand {
            Some(brand) => format!("Set a new {brand} password"),
            None => "Set a new password".to_owned(),
        },
        text: text(&claimed.name, brand, &link),
        file: None,
    };
    match mailer.send(letter).await {
        Ok(()) => access.gate(None, move |tx| password_resets::settle(tx, &claimed)).await?,
        Err(error) => {
            let given_up = access.gate(None, move |tx| password_resets::postpone(tx, &claimed)).await?;
            tracing::warn!(%error, given_up, "a letter could not be sent");
        }
    }
    Ok(true)
}

fn text(name: &str, brand: Option<&str>, link: &str) -> String {
    let account = brand.map_or("your account".to_owned(), |brand| format!("your {brand} account"));
    let hours = MINUTES_VALID / 60;
    let valid = if hours == 1 { "one hour".to_owned() } else { format!("{hours} hours") };
    format!(
        "Hello {name},\n\n\
         somebody asked to set a new password for {account}. To choose one, open this link:\n\n\
         {link}\n\n\
         It works once, for {valid}. Setting the password signs out every browser.\n\n\
         If it was not you, there is nothing to do: your password stays as it is.\n"
    )
}
