//! One stream of server-sent events: the parts of a page that have changed, for as long as
//! the reader may see them.
//!
//! | event | its data |
//! |---|---|
//! | `parts` | elements with ids, to be put where the page has the same ids |
//! | `beat` | nothing has changed; what the page shows is what is |
//! | `end` | why it ends for good, and where to go on |

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, http::header, web::Bytes};
use askama::Template;
use futures_util::stream;
use rand::Rng;
use tokio::time::{Instant as TokioInstant, sleep_until};
use url::form_urlencoded;

use crate::{
    access::{Scope, permission::Permission, principal::Asker},
    error::Error,
    start::Stopping,
    web::parts::LiveEnded,
};

use super::{Draw, places::Place, readers::Watch};

/// How long what was read is worth confirming.
const FRESH: Duration = Duration::from_secs(5);

/// A stream, and what it stands on.
pub(super) struct Following<P, A, V> {
    pub(super) scope: Scope<P>,
    /// The address of the page, to come back to.
    pub(super) page: String,
    pub(super) watch: Watch<A, V>,
    /// What the page shows.
    pub(super) now: V,
    /// What it shows after a reading: the reading and what was shown before.
    pub(super) seen: fn(&V, &V) -> V,
    pub(super) draw: Draw<V>,
    pub(super) check_every: Duration,
    pub(super) stopping: Stopping,
    #[expect(dead_code, reason = "held for as long as the stream goes on")]
    pub(super) place: Place,
}

/// What the browser was sent.
struct Sent<P, A, V> {
    following: Following<P, A, V>,
    parts: Vec<String>,
    check_at: TokioInstant,
    over: bool,
}

/// The answer that goes on until the reader leaves, may no longer see it, or the program stops.
pub(super) fn answer<P: Permission, A: 'static, V: PartialEq + 'static>(
    following: Following<P, A, V>,
) -> HttpResponse {
    // Streams that begin together, as after a restart, do not go on asking together.
    let first = following.check_every.mul_f64(rand::rng().random_range(0.5..1.0));
    let sent = Sent { check_at: TokioInstant::now() + first, parts: Vec::new(), over: false, following };
    let events = stream::unfold(sent, |mut sent| async move {
        let event = sent.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(event)), sent))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store, no-transform"))
        // Told to proxies that would otherwise collect it.
        .insert_header(("X-Accel-Buffering", "no"))
        // A connection that is kept afterwards would hold up the server's stop.
        .force_close()
        .streaming(events)
}

impl<P: Permission, A, V: PartialEq> Sent<P, A, V> {
    /// The next event; nothing when the stream is over.
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        if self.parts.is_empty() {
            return match (self.following.draw)(&self.following.now) {
                Ok(parts) => {
                    let event = event("parts", &parts.concat());
                    self.parts = parts;
                    // How long to wait before coming back.
                    Some(format!("retry: {}\n{event}", rand::rng().random_range(2_000..4_000)))
                }
                Err(error) => self.fails(&error),
            };
        }
        loop {
            let stopping = self.following.stopping.clone();
            tokio::select! {
                biased;
                () = stopping => return None,
                () = sleep_until(self.check_at) => {
                    let told = self.check().await;
                    if told.is_some() || self.over {
                        return told;
                    }
                }
                changed = self.following.watch.readings.changed() => {
                    // Without a reader there is nothing to tell; the page comes back for another.
                    changed.ok()?;
                    let told = self.changed();
                    if told.is_some() || self.over {
                        return told;
                    }
                }
            }
        }
    }

    /// The parts that a reading has changed.
    fn changed(&mut self) -> Option<String> {
        let following = &mut self.following;
        let reading = following.watch.readings.borrow_and_update().clone()?;
        let now = (following.seen)(&reading.value, &following.now);
        if now == following.now {
            return None;
        }
        following.now = now;
        let parts = match (following.draw)(&following.now) {
            Ok(parts) => parts,
            Err(error) => return self.fails(&error),
        };
        let changed: String =
            parts.iter().filter(|part| !self.parts.contains(part)).map(String::as_str).collect();
        self.parts = parts;
        (!changed.is_empty()).then(|| event("parts", &changed))
    }

    /// Asks whether the reader may still see it, as at a request of theirs (`trust.md` S6).
    async fn check(&mut self) -> Option<String> {
        self.check_at = TokioInstant::now() + self.following.check_every;
        let error = match self.following.scope.again().await {
            Ok(scope) if is_as_before(self.following.scope.asker(), scope.asker()) => {
                self.following.scope = scope;
                let latest = self.following.watch.readings.borrow();
                let is_fresh = latest.as_ref().is_some_and(|reading| is_fresh(reading.at));
                return Some(if is_fresh { event("beat", "now") } else { ": waiting\n\n".to_owned() });
            }
            Ok(_) => None,
            Err(error) => Some(error),
        };
        self.over = true;
        let page = &self.following.page;
        let ended = match error {
            None => LiveEnded {
                text: "Something about your access here has changed.",
                label: "Reload the page",
                href: page.clone(),
            },
            Some(Error::SignedOut) => LiveEnded {
                text: "You have been signed out.",
                label: "Sign in again",
                href: format!(
                    "/sign-in?next={}",
                    form_urlencoded::byte_serialize(page.as_bytes()).collect::<String>()
                ),
            },
            Some(Error::NotFound | Error::Forbidden(_) | Error::FeatureNotEnabled) => LiveEnded {
                text: "You can no longer see this.",
                label: "Go to your accounts",
                href: "/".to_owned(),
            },
            // It could not be found out: the page comes back, and is asked as anybody.
            Some(error) => {
                tracing::warn!(%error, "a stream ends because its reader could not be asked about");
                return None;
            }
        };
        ended.render().ok().map(|html| event("end", &html))
    }

    fn fails(&mut self, error: &askama::Error) -> Option<String> {
        tracing::error!(%error, "a part of a page could not be drawn");
        self.over = true;
        None
    }
}

fn is_fresh(at: Instant) -> bool {
    at.elapsed() < FRESH
}

/// Whether the same person stands there as before, by the same right, in an account that
/// is as it was: suspended meanwhile, its pages are others.
fn is_as_before(before: &Asker, now: &Asker) -> bool {
    let stay = |asker: &Asker| asker.principal.delegation().map(|stay| stay.id);
    let status = |asker: &Asker| asker.account.sub_account.map(|facts| facts.status);
    before.standing == now.standing && stay(before) == stay(now) && status(before) == status(now)
}

/// An event as the stream carries it.
fn event(name: &str, data: &str) -> String {
    let mut event = format!("event: {name}\n");
    for line in data.lines() {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
    event.push('\n');
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_several_lines_stays_one_event() {
        assert_eq!(event("parts", "<p>\r\n</p>\n"), "event: parts\ndata: <p>\ndata: </p>\n\n");
    }
}
