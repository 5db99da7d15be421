//! A mail server that talks real SMTP and keeps what it is given.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{IpAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use mailin::{Action, Handler, Response, SessionBuilder, response};
use url::Url;

#[derive(Default)]
struct Kept {
    letters: Vec<String>,
    refusals_left: u32,
}

/// Listens until the test process ends.
pub struct PostOffice {
    pub url: Url,
    kept: Arc<Mutex<Kept>>,
}

struct Clerk {
    kept: Arc<Mutex<Kept>>,
    letter: Vec<u8>,
}

impl Handler for Clerk {
    fn rcpt(&mut self, _: &str) -> Response {
        let mut kept = self.kept.lock().unwrap();
        if kept.refusals_left == 0 {
            return response::OK;
        }
        kept.refusals_left -= 1;
        response::INTERNAL_ERROR
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.letter.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let letter = String::from_utf8(std::mem::take(&mut self.letter)).unwrap();
        self.kept.lock().unwrap().letters.push(letter);
        response::OK
    }
}

impl PostOffice {
    /// Refuses so many letters for the time being, and takes the rest.
    pub fn open(refusals: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap()).parse().unwrap();
        let kept = Arc::new(Mutex::new(Kept { refusals_left: refusals, ..Kept::default() }));
        let for_clerks = kept.clone();
        thread::spawn(move || {
            for caller in listener.incoming() {
                let kept = for_clerks.clone();
                thread::spawn(move || converse(caller.unwrap(), Clerk { kept, letter: Vec::new() }));
            }
        });
        Self { url, kept }
    }

    pub fn letters(&self) -> Vec<String> {
        self.kept.lock().unwrap().letters.clone()
    }

    /// The letters, once there are so many.
    pub async fn wait_for(&self, count: usize) -> Vec<String> {
        eventually("letters arrive", || Some(self.letters()).filter(|letters| letters.len() >= count)).await
    }
}

fn converse(stream: TcpStream, clerk: Clerk) {
    let mut session = SessionBuilder::new("post.example").build(IpAddr::from([127, 0, 0, 1]), clerk);
    let mut out = stream.try_clone().unwrap();
    session.greeting().write_to(&mut out).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let answer = session.process(&line);
        line.clear();
        match answer.action {
            Action::Reply => answer.write_to(&mut out).unwrap(),
            Action::Close => {
                let _ = answer.write_to(&mut out);
                return;
            }
            _ => {}
        }
        if out.flush().is_err() {
            return;
        }
    }
}

/// Waits for what comes by itself.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
