//! An e-mail address as somebody signs in with it.

use std::fmt;

/// A well-formed address in lower case, of at most 254 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidEmail;

impl Email {
    /// Reads an address as people type it: with blanks around it, in any case.
    ///
    /// # Errors
    /// [`InvalidEmail`] when no mail could go there.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim().to_lowercase();
        let well_formed = text.len() <= 254
            && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
            && text.rsplit_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.')
            });
        if well_formed { Ok(Self(text)) } else { Err(InvalidEmail) }
    }

    /// Whether mail servers everywhere take the address: a name of the characters that need
    /// no quotes, at a domain with a dot (RFC 5321, 4.1.2).
    pub fn can_be_written_to(&self) -> bool {
        let Some((local, domain)) = self.0.rsplit_once('@') else { return false };
        let is_atom = |atom: &str| {
            !atom.is_empty()
                && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        };
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        local.len() <= 64
            && local.split('.').all(is_atom)
            && domain.contains('.')
            && domain.split('.').all(is_label)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_type_it() {
        assert_eq!(Email::parse(" Owner@Acme.example ").map(|e| e.0), Ok("owner@acme.example".to_owned()));
        for wrong in ["", "acme", "@acme.example", "a@", "a b@c.example", "a@.example", "a@b\n.example"] {
            assert_eq!(Email::parse(wrong), Err(InvalidEmail), "{wrong}");
        }
    }
    #[test]
    fn what_mail_servers_take_is_told_from_what_they_may_not() {
        let can = |text: &str| Email::parse(text).is_ok_and(|email| email.can_be_written_to());
        for good in ["a@b.example", "asha.rao+work@mail.acme.example", "o'neil@xn--bcher-kva.example"] {
            assert!(can(good), "{good}");
        }
        for bad in ["a@b", "a..b@c.example", "a@-b.example", "a<b@c.example", "ä@b.example", "a@b@c.example"]
        {
            assert!(!can(bad), "{bad}");
        }
    }
}
