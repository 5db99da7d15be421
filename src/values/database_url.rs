//! The address of a database, as libpq reads it.

use std::{fmt, str::FromStr};

/// A PostgreSQL connection address such as `postgres://user:password@host:5432/name`.
///
/// Hosts are kept as written (several, or a percent-encoded socket folder, are fine).
/// `Debug` and [`DatabaseUrl::shown`] leave the password out; `Display` is the whole
/// address, for libpq only.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    user: Option<String>,
    password: Option<String>,
    hosts: String,
    database: Option<String>,
    parameters: Vec<(String, String)>,
}

/// The text is not the address of a PostgreSQL database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidDatabaseUrl;

impl fmt::Display for InvalidDatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address such as postgres://user:password@host:5432/name")
    }
}

impl std::error::Error for InvalidDatabaseUrl {}

impl DatabaseUrl {
    /// A database reached through the unix socket in `folder`, without a password.
    pub fn on_socket(folder: &str, user: &str, database: &str) -> Self {
        Self {
            user: Some(user.to_owned()),
            password: None,
            hosts: encode(folder),
            database: Some(database.to_owned()),
            parameters: Vec::new(),
        }
    }

    /// The name of the database, when the address has one.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The same server and login, another database.
    pub fn with_database(&self, name: &str) -> Self {
        Self { database: Some(name.to_owned()), ..self.clone() }
    }

    /// The same database, another login.
    pub fn with_login(&self, user: &str, password: &str) -> Self {
        Self { user: Some(user.to_owned()), password: Some(password.to_owned()), ..self.clone() }
    }

    /// The same address, with a connection parameter set where it was not given.
    pub fn with_default(&self, parameter: &str, value: &str) -> Self {
        let mut url = self.clone();
        if !url.parameters.iter().any(|(name, _)| name == parameter) {
            url.parameters.push((parameter.to_owned(), value.to_owned()));
        }
        url
    }

    /// The address without its password and parameters, for people and logs.
    pub fn shown(&self) -> String {
        let user = self.user.as_deref().map(|user| format!("{user}@")).unwrap_or_default();
        let database = self.database.as_deref().unwrap_or_default();
        let hosts = decode(&self.hosts).unwrap_or_default();
        format!("postgres://{user}{hosts}/{database}")
    }

    /// Whether both name the same database of the same server, as far as the texts tell.
    pub fn same_database(&self, other: &Self) -> bool {
        let host =
            |url: &Self| url.parameters.iter().filter(|(k, _)| k.starts_with("host")).cloned().collect();
        let (mine, theirs): (Vec<_>, Vec<_>) = (host(self), host(other));
        self.hosts == other.hosts && self.database == other.database && mine == theirs
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(InvalidDatabaseUrl)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => (filled(user)?, filled(password)?),
            None => (None, None),
        };
        let mut url =
            Self { user, password, hosts: hosts.to_owned(), database: filled(path)?, parameters: Vec::new() };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(InvalidDatabaseUrl)?;
            let value = decode(value)?;
            match name {
                "user" => url.user = Some(value),
                "password" => url.password = Some(value),
                "dbname" => url.database = Some(value),
                _ => url.parameters.push((name.to_owned(), value)),
            }
        }
        let blank = text.chars().any(|c| c.is_whitespace() || c.is_control());
        if blank || decode(hosts).is_err() { Err(InvalidDatabaseUrl) } else { Ok(url) }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = &self.user {
            f.write_str(&encode(user))?;
            if let Some(password) = &self.password {
                write!(f, ":{}", encode(password))?;
            }
            f.write_str("@")?;
        }
        write!(f, "{}/{}", self.hosts, encode(self.database().unwrap_or_default()))?;
        for (at, (name, value)) in self.parameters.iter().enumerate() {
            write!(f, "{}{name}={}", if at == 0 { '?' } else { '&' }, encode(value))?;
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

fn filled(text: &str) -> Result<Option<String>, InvalidDatabaseUrl> {
    if text.is_empty() { Ok(None) } else { decode(text).map(Some) }
}

fn decode(text: &str) -> Result<String, InvalidDatabaseUrl> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16)).ok_or(InvalidDatabaseUrl);
        let value = digit()? * 16 + digit()?;
        decoded.push(u8::try_from(value).map_err(|_| InvalidDatabaseUrl)?);
    }
    let decoded = String::from_utf8(decoded).map_err(|_| InvalidDatabaseUrl)?;
    if decoded.contains('\0') { Err(InvalidDatabaseUrl) } else { Ok(decoded) }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> DatabaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_comes_back_as_it_was() {
        for text in [
            "postgres://owner:s%40cret@db.example:5432/dialnexa?sslmode=require",
            "postgres://owner@h1:1,h2:2/name",
            "postgres://%2Fvar%2Frun/name",
            "postgres:///name?host=%2Fvar%2Frun",
        ] {
            assert_eq!(url(text).to_string(), text);
        }
        assert_eq!(url("postgresql://h/db?user=a&password=b").to_string(), "postgres://a:b@h/db");
    }

    #[test]
    fn login_and_database_change_and_the_rest_stays() {
        let app =
            url("postgres://owner:x@h/dialnexa?sslmode=require").with_login("app", "p/w").with_database("eu");
        assert_eq!(app.to_string(), "postgres://app:p%2Fw@h/eu?sslmode=require");
    }

    #[test]
    fn people_never_see_the_password() {
        let shown = format!("{:?}", url("postgres://owner:secret@h/dialnexa?passfile=/x"));
        assert_eq!(shown, "postgres://owner@h/dialnexa");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "h/db", "mysql://h/db", "postgres://h/d b", "postgres://u:%zz@h/db", "postgres://h/%00"]
        {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl), "{text}");
        }
    }
}
