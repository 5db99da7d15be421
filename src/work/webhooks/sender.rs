//! Sends one event to one address, without trusting it (`trust.md` S12).
//!
//! The name is resolved once for each attempt, every address it leads to must be
//! admitted, and the connection goes to one of those: a name that changes in between
//! changes nothing. No redirect is followed, no proxy asked, and of the answer nothing but
//! its status is kept.

use std::{
    error::Error as StdError,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use futures_util::{FutureExt, future::BoxFuture};
use hmac::{Hmac, Mac};
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use sha2::Sha256;
use time::OffsetDateTime;

use crate::{
    domain::webhooks::sending::{Due, Outcome},
    error::Error,
    values::{PrivateTargets, WebhookUrl},
};

/// How long an attempt may take, from the name to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(7);
/// How much of an answer is taken from the wire, in bytes, before it is let go.
const MOST_READ: usize = 100 * 1024;

/// A name leads to an address that is not to be reached from here.
#[derive(Debug)]
struct NotAdmitted;

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to an address that is not public")
    }
}

impl StdError for NotAdmitted {}

/// A name leads nowhere.
#[derive(Debug)]
struct NotFound;

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads nowhere")
    }
}

impl StdError for NotFound {}

type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Resolves names, and gives addresses only where all of them are admitted.
struct Checked {
    private: Arc<PrivateTargets>,
    lookup: Lookup,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (private, lookup) = (self.private.clone(), self.lookup.clone());
        async move {
            let host = name.as_str().to_owned();
            let found = lookup(host.clone()).await.map_err(|_| NotFound)?;
            if found.is_empty() {
                return Err(NotFound.into());
            }
            if !private.names(&host) && !found.iter().all(|address| private.admits(*address)) {
                return Err(NotAdmitted.into());
            }
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        }
        .boxed()
    }
}

fn system_lookup(host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
    async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) }.boxed()
}

/// Sends events.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    private: Arc<PrivateTargets>,
}

impl Sender {
    /// A sender to public addresses, and to what the operator allows besides.
    ///
    /// # Errors
    /// When the system's trust in certificates cannot be read.
    pub fn new(private: PrivateTargets) -> Result<Self, Error> {
        Self::with(private, Arc::new(system_lookup))
    }

    fn with(private: PrivateTargets, lookup: Lookup) -> Result<Self, Error> {
        let private = Arc::new(private);
        let client = Client::builder()
            .dns_resolver(Arc::new(Checked { private: private.clone(), lookup }))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            // A kept connection would go where its name led before.
            .pool_max_idle_per_host(0)
            .referer(false)
            .user_agent("Webhooks/1.0")
            .build()
            .map_err(Error::internal)?;
        Ok(Self { client, private })
    }

    /// Sends a delivery to `url`, signed with each of `keys`.
    pub async fn send(&self, url: &str, keys: &[Vec<u8>], due: &Due) -> Outcome {
        let at = OffsetDateTime::now_utc();
        let since = Instant::now();
        let (status, error) = self.attempt(url, keys, due, at).await;
        let duration_ms = i32::try_from(since.elapsed().as_millis()).unwrap_or(i32::MAX);
        Outcome { at, duration_ms, status, error }
    }

    async fn attempt(
        &self,
        url: &str,
        keys: &[Vec<u8>],
        due: &Due,
        at: OffsetDateTime,
    ) -> (Option<u16>, Option<&'static str>) {
        // Also an address of before: what the operator allows may have changed.
        let Ok(url) = WebhookUrl::parse(url, &self.private) else { return (None, Some("address_refused")) };
        let Some(headers) = headers(&due.event.to_string(), at.unix_timestamp(), &due.body, keys) else {
            return (None, Some("not_signed"));
        };
        let request = self.client.post(url.url().clone()).headers(headers).body(due.body.clone());
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return (None, Some(word(&error))),
        };
        let status = answer.status();
        // Polite to the receiver, who may still be writing; what it says is of no interest.
        let mut read = 0;
        while read < MOST_READ {
            match answer.chunk().await {
                Ok(Some(chunk)) => read += chunk.len(),
                _ => break,
            }
        }
        let error = match status.as_u16() {
            200..=299 => None,
            300..=399 => Some("redirected"),
            _ => Some("refused"),
        };
        (Some(status.as_u16()), error)
    }
}

/// Why there was no answer, in one word.
fn word(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<NotAdmitted>() {
            return "address_refused";
        }
        if inner.is::<NotFound>() {
            return "name_not_found";
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        "timed_out"
    } else if error.is_connect() {
        "not_connected"
    } else {
        "no_answer"
    }
}

/// The signature of a message (Standard Webhooks, v1): HMAC-SHA256 over its id, its time and
/// its body, with dots between.
fn signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in [id, ".", &timestamp.to_string(), ".", body] {
        mac.update(part.as_bytes());
    }
    Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
}

fn headers(id: &str, timestamp: i64, body: &str, keys: &[Vec<u8>]) -> Option<HeaderMap> {
    let signatures: Option<Vec<_>> = keys.iter().map(|key| signature(key, id, timestamp, body)).collect();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signatures?.join(" ")),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::net::TcpListener;

    use super::*;
    use crate::values::EventId;

    fn due() -> Due {
        Due { event: EventId::new(), body: "{}".to_owned() }
    }

    /// A sender for which every name leads to these addresses, one list after the other.
    fn leading_to(lists: &[&[&str]], private: &str) -> Sender {
        let lists: Vec<Vec<IpAddr>> =
            lists.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        let at = AtomicUsize::new(0);
        let lookup = move |_| {
            let at = at.fetch_add(1, Ordering::SeqCst).min(lists.len() - 1);
            let found = lists[at].clone();
            async move { Ok(found) }.boxed()
        };
        Sender::with(private.parse().unwrap(), Arc::new(lookup)).unwrap()
    }

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of https://www.standardwebhooks.com and its reference libraries.
        let key = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed =
            signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#)
                .unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[actix_web::test]
    async fn a_name_that_leads_inside_is_refused() {
        for inside in
            ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "::ffff:10.0.0.1", "fd00::1"]
        {
            // Also where only one of several addresses is inside, and at the second look.
            for lists in [vec![vec![inside]], vec![vec!["192.0.2.1", inside]]] {
                let lists: Vec<&[&str]> = lists.iter().map(Vec::as_slice).collect();
                let outcome =
                    leading_to(&lists, "192.0.2.0/24").send("https://hooks.example/", &[], &due()).await;
                assert_eq!((outcome.status, outcome.error), (None, Some("address_refused")), "{inside}");
            }
        }
    }

    #[actix_web::test]
    async fn a_name_that_leads_elsewhere_the_second_time_is_looked_at_again() {
        let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = inside.local_addr().unwrap().port();
        // The first address is admitted and nobody is there; the second is not admitted.
        let sender = leading_to(&[&["127.0.0.2"], &["127.0.0.1"]], "127.0.0.2/32, 127.0.0.3");
        let url = "https://rebinding.example:8443/".to_owned();
        assert_eq!(sender.send(&url, &[], &due()).await.error, Some("not_connected"));
        assert_eq!(sender.send(&url, &[], &due()).await.error, Some("address_refused"));
        let literal = format!("http://127.0.0.1:{port}/");
        assert_eq!(sender.send(&literal, &[], &due()).await.error, Some("address_refused"));
        let nobody = tokio::time::timeout(Duration::from_millis(100), inside.accept()).await;
        assert!(nobody.is_err(), "a connection reached the inside");
    }

    #[actix_web::test]
    async fn an_address_that_is_not_to_be_spoken_to_is_never_looked_up() {
        let sender = Sender::new(PrivateTargets::default()).unwrap();
        for url in [
            "http://example.com/",
            "https://127.0.0.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://x.example:22/",
        ] {
            assert_eq!(sender.send(url, &[], &due()).await.error, Some("address_refused"), "{url}");
        }
        let localhost = sender.send("https://localhost:8443/", &[], &due()).await;
        assert_eq!(localhost.error, Some("address_refused"));
    }
}
