//! Letters: through a mail server or, without one, as files in the data folder.

use std::{
    fs, io::Write, net::IpAddr, os::unix::fs::OpenOptionsExt, path::PathBuf, sync::Arc, time::Duration,
};

use actix_web::web;
use lettre::{
    Address, Message, SmtpTransport, Transport,
    message::{
        Attachment, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType},
    },
};
use url::{Host, Url};
use uuid::Uuid;

use crate::error::Error;

/// How long a mail server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A letter to one person.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What they are called, if that is known, and their address.
    pub to: (String, String),
    /// Who writes: a brand, never the platform's name where the brand hides it.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The text, in lines.
    pub text: String,
    /// A PDF file that comes with it.
    pub file: Option<File>,
}

/// A PDF file that comes with a letter.
#[derive(Debug, Clone)]
pub struct File {
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

enum Way {
    Server(SmtpTransport),
    Folder(PathBuf),
}

/// Sends letters.
#[derive(Clone)]
pub struct Mailer {
    way: Arc<Way>,
    sender: Address,
}

impl Mailer {
    /// Sends through `smtp_url` or, without one, writes into `folder`. The sender's
    /// address is at the host of `public_url`.
    ///
    /// # Errors
    /// When the address of the mail server cannot be used.
    pub fn new(smtp_url: Option<&Url>, folder: PathBuf, public_url: &str) -> Result<Self, Error> {
        let way = match smtp_url {
            Some(url) => {
                let builder = SmtpTransport::from_url(with_encryption(url).as_str());
                Way::Server(builder.map_err(Error::internal)?.timeout(Some(PATIENCE)).build())
            }
            None => Way::Folder(folder),
        };
        let url = Url::parse(public_url).map_err(Error::internal)?;
        let domain = match url.host() {
            Some(Host::Domain(domain)) => domain.to_owned(),
            _ => "localhost".to_owned(),
        };
        let sender = Address::new("no-reply", &domain).or_else(|_| Address::new("no-reply", "localhost"));
        Ok(Self { way: Arc::new(way), sender: sender.map_err(Error::internal)? })
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// [`Error::Internal`] with what the mail server or the folder said.
    pub async fn send(&self, letter: Letter) -> Result<(), Error> {
        let mailer = self.clone();
        web::block(move || mailer.send_now(letter)).await.map_err(Error::internal)?
    }

    fn send_now(&self, letter: Letter) -> Result<(), Error> {
        let (name, address) = letter.to;
        let to = Mailbox::new(
            Some(name).filter(|name| !name.is_empty()),
            address.parse().map_err(Error::internal)?,
        );
        let message = Message::builder()
            .from(Mailbox::new(Some(letter.from), self.sender.clone()))
            .to(to)
            .subject(letter.subject);
        let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body(letter.text));
        let message = match letter.file {
            None => message.singlepart(text),
            Some(File { name, bytes }) => {
                let pdf = ContentType::parse("application/pdf").map_err(Error::internal)?;
                let file = Attachment::new(name).body(bytes, pdf);
                message.multipart(MultiPart::mixed().singlepart(text).singlepart(file))
            }
        };
        let message = message.map_err(Error::internal)?;
        match self.way.as_ref() {
            Way::Server(server) => server.send(&message).map(drop).map_err(Error::internal),
            Way::Folder(folder) => keep(folder, &message.formatted()).map_err(Error::internal),
        }
    }
}

/// The longest line that every mail server takes as it is (RFC 5322).
const LONGEST_LINE: usize = 998;

/// The text as it is, where every mail server takes it so: a link then stays in one piece
/// also to whoever reads the raw letter.
fn body(text: String) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE) {
        let lines = text.lines().flat_map(|line| [line, "\r\n"]).collect::<String>();
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}

/// Without a word on encryption in the address, a password never travels in the clear to
/// another machine.
fn with_encryption(url: &Url) -> Url {
    let mut url = url.clone();
    // A host of this scheme is not looked into by the parser.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_near = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let is_said = url.query_pairs().any(|(name, _)| name == "tls");
    if url.scheme() == "smtp" && !is_near && !is_said {
        let word = if url.username().is_empty() { "opportunistic" } else { "required" };
        url.query_pairs_mut().append_pair("tls", word);
    }
    url
}

/// Writes a letter whole or not at all, for its owner's eyes only.
fn keep(folder: &std::path::Path, letter: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let name = Uuid::now_v7().to_string();
    let unfinished = folder.join(format!(".{name}"));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(letter)?;
    file.sync_all()?;
    fs::rename(unfinished, folder.join(format!("{name}.eml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_sent_in_the_clear() {
        let url = |text: &str| with_encryption(&Url::parse(text).unwrap()).to_string();
        assert_eq!(url("smtp://u:p@mail.example:587"), "smtp://u:p@mail.example:587?tls=required");
        assert_eq!(url("smtp://mail.example:25"), "smtp://mail.example:25?tls=opportunistic");
        assert_eq!(url("smtp://u:p@127.0.0.1:2525"), "smtp://u:p@127.0.0.1:2525");
        assert_eq!(url("smtp://u:p@[::1]:2525"), "smtp://u:p@[::1]:2525");
        assert_eq!(url("smtp://u:p@mail.example?tls=none"), "smtp://u:p@mail.example?tls=none");
        assert_eq!(url("smtps://u:p@mail.example"), "smtps://u:p@mail.example");
    }
}
