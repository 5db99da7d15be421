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
}
