//! How the server is asked: every request is timed, and what goes wrong is counted.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Client as Http, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use url::Url;

use crate::values::{Secret, words};

use super::{report::Report, wire::Refusal};

words! {
    /// What the server is asked for.
    Kind {
        /// What there is in the accounts.
        List = "lists" / "lists of accounts",
        /// A call that comes in.
        Ask = "ask" / "inbound: ask",
        /// A call that is to go out.
        Place = "place" / "outbound: POST calls",
        /// Calls that wait for an engine; how long it takes says nothing.
        Claim = "claim" / "outbound: claim",
        /// It rings.
        Ringing = "ringing" / "ringing",
        /// Somebody answered.
        Answered = "answered" / "answered",
        /// It goes on.
        Heartbeat = "heartbeat" / "heartbeat",
        /// It ended.
        Ended = "ended" / "ended",
        /// The sound of it.
        Recording = "recording" / "recording",
        /// What was said.
        Transcript = "transcript" / "transcript",
    }
}

/// Why there is no answer of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The server refused it.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The word for why.
        code: String,
    },
    /// The server was not reached, failed, or answered what nobody understands.
    Broken(String),
}

impl Trouble {
    /// Whether it may go well another time.
    fn passes(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 429 | 503),
            Self::Broken(_) => true,
        }
    }
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it is waited before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The server, asked in the name of an engine and in that of a program.
pub struct Client {
    http: Http,
    server: Url,
    engine_key: Secret,
    api_key: Secret,
    report: Arc<Report>,
}

impl Client {
    /// Asks the server of this address.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        server: Url,
        engine_key: Secret,
        api_key: Secret,
        report: Arc<Report>,
    ) -> Result<Self, reqwest::Error> {
        let http = Http::builder().timeout(PATIENCE).no_proxy().user_agent("dialnexa-simulate").build()?;
        Ok(Self { http, server, engine_key, api_key, report })
    }

    fn request(&self, method: Method, path: &str, key: &Secret) -> RequestBuilder {
        let address = format!("{}{path}", self.server.as_str().trim_end_matches('/'));
        self.http.request(method, address).bearer_auth(key.reveal())
    }

    /// A request of the program.
    pub fn program(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path, &self.api_key)
    }

    /// A request of the engine.
    pub fn engine(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/engine/v1{path}"), &self.engine_key)
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// [`Trouble`] where the answer is not a success, or not what was expected.
    pub async fn send<T: DeserializeOwned>(&self, kind: Kind, request: RequestBuilder) -> Result<T, Trouble> {
        let begin = Instant::now();
        let outcome = receive(request).await;
        match &outcome {
            Err(Trouble::Broken(why)) => self.report.broke(kind, why),
            Ok(_) | Err(Trouble::Refused { .. }) => self.report.took(kind, begin.elapsed()),
        }
        outcome
    }

    /// Sends a request that may be repeated until it is answered, for so long.
    ///
    /// # Errors
    /// As [`Client::send`], of the last attempt.
    pub async fn insist<T: DeserializeOwned>(
        &self,
        kind: Kind,
        patience: Duration,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<T, Trouble> {
        let end = Instant::now() + patience;
        loop {
            match self.send(kind, request()).await {
                Err(trouble) if trouble.passes() && Instant::now() + PAUSE < end => {
                    tokio::time::sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }
}

async fn receive<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Trouble> {
    let broken = |error: reqwest::Error| {
        let word = match () {
            () if error.is_connect() => "the server was not reached",
            () if error.is_timeout() => "no answer in time",
            () => "the connection broke",
        };
        Trouble::Broken(word.to_owned())
    };
    let answer = request.send().await.map_err(broken)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(broken)?;
    if status.is_success() {
        // What has no body says nothing.
        let body: &[u8] = if body.is_empty() { b"null" } else { &body };
        return serde_json::from_slice(body)
            .map_err(|error| Trouble::Broken(format!("the answer is not understood: {error}")));
    }
    let code = serde_json::from_slice::<Refusal>(&body).unwrap_or_default().code;
    match status.as_u16() {
        429 | 503 => Err(Trouble::Refused { status: status.as_u16(), code }),
        500.. => Err(Trouble::Broken(format!("the server failed: {status} {code}"))),
        status => Err(Trouble::Refused { status, code }),
    }
}
