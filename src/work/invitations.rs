//! Sends the letters that invite.

use std::sync::Arc;

use time::{OffsetDateTime, UtcOffset, macros::format_description};

use crate::{
    access::{Access, Scope, permission::Administer},
    domain::identity::{
        invitations::letters::{self, Letter as Invitation},
        roles,
    },
    error::Error,
};

use super::mail::{Letter, Mailer};

/// Sends one letter that waits; tells whether there was one. The link leads to
/// `public_url`, whatever host the invitation was asked for on.
pub async fn send_one(access: &Arc<Access>, mailer: &Mailer, public_url: &str) -> Result<bool, Error> {
    let Some(due) = access.gate(None, letters::due).await? else { return Ok(false) };
    let scope: Scope<Administer> = access.scope_anywhere("letters", due.organization, due.account)?;
    let Some(invitation) = scope.write(move |tx| letters::claim(tx, due)).await? else { return Ok(true) };
    let letter = letter(&invitation, public_url);
    match mailer.send(letter).await {
        Ok(()) => scope.write(move |tx| letters::settle(tx, &invitation)).await?,
        Err(error) => {
            let given_up = scope.write(move |tx| letters::postpone(tx, &invitation)).await?;
            tracing::warn!(%error, given_up, "an invitation could not be sent");
        }
    }
    Ok(true)
}

fn letter(invitation: &Invitation, public_url: &str) -> Letter {
    let Invitation { email, account, account_name, brand, invited_by, role, expires_at, token, .. } =
        invitation;
    let place =
        if account_name == brand { account_name.clone() } else { format!("{account_name} on {brand}") };
    Letter {
        to: (String::new(), email.clone()),
        from: brand.clone(),
        subject: format!("{invited_by} invites you to {place}"),
        file: None,
        text: format!(
            "Hello,\n\n\
             {invited_by} invites you to {place}, with the role {}.\n\
             {}\n\n\
             To accept, open this link:\n\n\
             {public_url}/invitations/{}\n\n\
             It works once, until {}, and for {email} only.\n\n\
             If you do not know what this is about, there is nothing to do: nothing happens without the \
             link.\n",
            roles::label(*role, *account),
            roles::words(*role, *account),
            token.reveal(),
            moment(*expires_at),
        ),
    }
}

/// A moment as it is written in India, where the product's customers are.
fn moment(at: OffsetDateTime) -> String {
    let india = UtcOffset::from_hms(5, 30, 0).unwrap_or(UtcOffset::UTC);
    let format = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] IST");
    at.to_offset(india).format(format).unwrap_or_default()
}
