//! What the last action did, told once on the page it leads to.
//!
//! A redirect carries only a word (`?done=renamed`); the sentence stands here, so that
//! no link can put words into a page.

use super::frame::Notice;

/// Adds the word of a notice to an address.
pub fn told(href: &str, word: &str) -> String {
    let joint = if href.contains('?') { '&' } else { '?' };
    match href.split_once('#') {
        Some((page, place)) => format!("{page}{joint}done={word}#{place}"),
        None => format!("{href}{joint}done={word}"),
    }
}

/// The notice that an address asks for.
pub fn from_query(query: &str) -> Option<Notice> {
    let word = query.split('&').find_map(|pair| pair.strip_prefix("done="))?;
    let text = match word {
        "created" => "The sub-account is ready. Open its own dashboard with Access Dashboard.",
        "call-placed" => "The call is on its way. Reload the page to see how it goes.",
        "renamed" => "The name is changed.",
        "key-revoked" => "The key is revoked: requests with it are refused from now on.",
        "invited" => "The invitation is on its way by e-mail.",
        "invitation-resent" => "The invitation is sent again, with a new link. The one before is dead.",
        "invitation-revoked" => "The invitation is revoked: its link is dead.",
        "recharge-given" => "They may recharge sub-accounts from now on.",
        "recharge-taken" => "They may not recharge sub-accounts any more, from their next click on.",
        "role-changed" => "The role is changed. It acts with their next click.",
        "member-removed" => "They are not a member any more.",
        "left-account" => "You have left the account.",
        "joined" => "Welcome. You are a member of this account now.",
        "suspended" => "Suspended: new calls are blocked from now on. Calls in progress finish.",
        "reactivated" => "Reactivated: new calls are admitted again.",
        "limits" => "The limits are changed. They act on new calls at once and end no call.",
        "limits-same" => "No limit was changed: all are as they were.",
        "left" => "You have left the sub-account.",
        "entered" => "You are inside. Leave with the button at the top when you are done.",
        "deleting" => {
            "Access has ended and the erasure is under way. The certificate below is completed with it."
        }
        "webhook-saved" => "The webhook is changed. It acts on what happens from now on.",
        "webhook-on" => "The webhook is switched on: it is told of what happens from now on.",
        "webhook-off" => "The webhook is switched off: nothing is sent to it any more.",
        "webhook-test" => "A test is on its way. Its result appears below in a moment: reload the page.",
        "webhook-again" => "It is sent again. The result appears here in a moment: reload the page.",
        "webhook-none-failed" => "Nothing failed in that time, so nothing is sent again.",
        "webhook-deleted" => "The webhook is deleted.",
        "retention" => "Saved. What is kept for too long by it is being deleted.",
        "retention-same" => "Nothing was changed: everything is kept as long as before.",
        "auto-recharge" => "Auto-recharge is changed. It acts from now on.",
        "price" => "The price is set. Calls in progress keep theirs.",
        "wallet-rules" => "The wallet’s rules are changed.",
        "billing-details" => "Saved. These details stand on the invoices to come.",
        "issuer-details" => "Saved. Months that waited for these details are invoiced in a moment.",
        "logo" => "The logo is kept. It stands on the invoices to come.",
        "logo-removed" => "The logo is removed. Invoices that were issued keep it.",
        "credit-note" => "The credit note is issued, and the money is given back.",
        "signed-out" => "You are signed out.",
        "session-ended" => "The session is ended.",
        "sessions-ended" => "All other sessions are ended.",
        "password-set" => "Your password is changed and every session is ended. Sign in with the new one.",
        "nothing-ticked" => {
            return Some(Notice::failed("Tick at least one sub-account first. Nothing was changed."));
        }
        _ => return None,
    };
    Some(Notice::done(text))
}
