//! What somebody asks of an endpoint, and the rules it must keep.

use serde::Serialize;

use crate::{
    error::{Error, FieldError},
    values::{EventKind, PrivateTargets, WebhookUrl},
};

/// The longest description, in characters.
pub const LONGEST_DESCRIPTION: usize = 200;
/// How long a secret that the caller chooses may be, in characters.
pub const SECRET_LENGTHS: std::ops::RangeInclusive<usize> = 8..=256;

/// What somebody asks for, before any rule was checked. In a change, what is `None` stays.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EndpointInput {
    /// The address as typed.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The kinds of events; an empty list for all.
    pub kinds: Option<Vec<String>>,
    /// Whether events are sent to it.
    pub active: Option<bool>,
    /// A signing secret of the caller's own.
    pub secret: Option<String>,
}

/// An endpoint, or a change of one, that breaks no rule.
#[derive(Debug, Clone)]
pub struct CheckedEndpoint {
    pub(super) url: Option<WebhookUrl>,
    pub(super) description: Option<String>,
    pub(super) kinds: Option<Vec<EventKind>>,
    pub(super) active: Option<bool>,
    pub(super) secret: Option<String>,
}

impl CheckedEndpoint {
    /// Checks every field that is given, and reports all that are wrong together.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a message for each wrong field.
    pub fn check(input: &EndpointInput, private: &PrivateTargets) -> Result<Self, Error> {
        let mut wrong = Vec::new();
        let url = input.url.as_deref().and_then(|text| {
            let read = WebhookUrl::parse(text, private);
            read.map_err(|rule| wrong.push(FieldError::new("url", rule))).ok()
        });
        let description = input.description.as_deref().map(|text| text.trim().to_owned());
        if description
            .as_deref()
            .is_some_and(|d| d.chars().count() > LONGEST_DESCRIPTION || d.chars().any(char::is_control))
        {
            wrong.push(FieldError::new("description", "The description must be at most 200 characters."));
        }
        let kinds = input.kinds.as_deref().map(|words| {
            let mut kinds = Vec::new();
            for word in words {
                match word.parse::<EventKind>() {
                    Ok(kind) if kind.can_be_chosen() && kinds.contains(&kind) => {}
                    Ok(kind) if kind.can_be_chosen() => kinds.push(kind),
                    _ => {
                        let message =
                            format!("There is no event {:?}.", word.chars().take(60).collect::<String>());
                        wrong.push(FieldError::new("events", message));
                        break;
                    }
                }
            }
            kinds
        });
        let secret = input.secret.clone();
        if secret.as_deref().is_some_and(|s| {
            !SECRET_LENGTHS.contains(&s.chars().count()) || !s.bytes().all(|b| b.is_ascii_graphic())
        }) {
            let rule = "The secret must be 8 to 256 printable ASCII characters without spaces.";
            wrong.push(FieldError::new("secret", rule));
        }
        if wrong.is_empty() {
            Ok(Self { url, description, kinds, active: input.active, secret })
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_together() {
        let input = EndpointInput {
            url: Some("http://example.com".into()),
            description: Some("x".repeat(201)),
            kinds: Some(vec!["call.completed".into(), "order.paid".into()]),
            active: None,
            secret: Some("short".into()),
        };
        let Err(Error::Invalid(wrong)) = CheckedEndpoint::check(&input, &PrivateTargets::default()) else {
            panic!("accepted")
        };
        let fields: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["url", "description", "events", "secret"]);
    }
}
