//! Somebody who is told of events: a real HTTP server that keeps what it is sent and
//! answers as it is told to.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use data_encoding::BASE64;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::post_office::eventually;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// The signature that the documented scheme makes of this request with `secret`.
    pub fn signature(&self, secret: &str) -> String {
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => BASE64.decode(encoded.as_bytes()).unwrap(),
            None => secret.as_bytes().to_vec(),
        };
        let signed = format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.body);
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(signed).finalize();
        format!("v1,{}", BASE64.encode(&mac.into_bytes()))
    }

    /// The signatures it came with.
    pub fn signatures(&self) -> BTreeSet<String> {
        self.headers["webhook-signature"].split(' ').map(str::to_owned).collect()
    }
}

#[derive(Default)]
struct Kept {
    received: Vec<Received>,
    /// Answers for the next requests; 204 after them.
    answers: Vec<String>,
}

/// Listens until the test process ends.
pub struct Receiver {
    pub url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Receiver {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let kept = Arc::new(Mutex::new(Kept::default()));
        let for_threads = kept.clone();
        thread::spawn(move || {
            for caller in listener.incoming() {
                let kept = for_threads.clone();
                thread::spawn(move || receive(caller.unwrap(), &kept));
            }
        });
        Self { url, kept }
    }

    /// Answers the next requests so: a status line's end, and headers.
    pub fn answer(&self, answers: &[&str]) {
        self.kept.lock().unwrap().answers = answers.iter().rev().map(|a| (*a).to_owned()).collect();
    }

    pub fn received(&self) -> Vec<Received> {
        self.kept.lock().unwrap().received.clone()
    }

    /// What was received, once it is so much.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        eventually("webhooks arrive", || Some(self.received()).filter(|all| all.len() >= count)).await
    }
}

fn receive(stream: TcpStream, kept: &Mutex<Kept>) {
    let mut out = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() || line.is_empty() {
        return;
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = {
        let mut kept = kept.lock().unwrap();
        kept.received.push(Received { headers, body: String::from_utf8(body).unwrap() });
        kept.answers.pop().unwrap_or_else(|| "204 No Content".to_owned())
    };
    let _ = write!(out, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}
