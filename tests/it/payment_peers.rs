//! Payment providers, each a real HTTP server: localstripe in a process of its own, and one that
//! answers and signs as Razorpay publishes it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt::System, web};
use data_encoding::{BASE64, HEXLOWER};
use dialnexa::{
    payment_providers::{PaymentSettings, RazorpaySettings, StripeSettings},
    values::Secret,
};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

pub const STRIPE_SECRET: &str = "whsec_canary_stripe";
pub const RAZORPAY_SECRET: &str = "canary_razorpay_webhook";
const STRIPE_KEY: &str = "sk_test_canary";
const RAZORPAY_KEY: (&str, &str) = ("rzp_test_1", "canary_razorpay_key");

/// A card that is good, and one that is declined.
pub const GOOD_CARD: &str = "4242424242424242";
pub const DECLINED_CARD: &str = "4000000000000341";

pub fn signed(secret: &str, text: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(text).finalize();
    HEXLOWER.encode(&mac.into_bytes())
}

/// Stripe, as `make test` installed it.
pub struct Stripe {
    process: Child,
    url: String,
}

impl Stripe {
    pub fn start() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let python = std::fs::read_dir(root.join("target/localstripe"))
            .ok()
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .map(|entry| entry.path().join("bin/python"))
            .find(|path| path.exists())
            .expect("localstripe is installed by `make test`");
        let mut process = Command::new(python)
            .arg(root.join("tests/localstripe/serve.py"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("localstripe starts");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect("localstripe tells its address");
        thread::spawn(move || lines.for_each(drop));
        Self { process, url }
    }

    pub fn settings(&self) -> PaymentSettings {
        PaymentSettings {
            stripe: Some(StripeSettings {
                url: self.url.parse().unwrap(),
                secret_key: Secret::presented(STRIPE_KEY),
                webhook_secret: Secret::presented(STRIPE_SECRET),
            }),
            ..PaymentSettings::default()
        }
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let request = reqwest::Client::new().post(format!("{}{path}", self.url)).bearer_auth(STRIPE_KEY);
        let answer = request.form(form).send().await.unwrap();
        answer.json().await.unwrap_or_default()
    }

    /// Tells of what happens at `base` from now on.
    pub async fn tell(&self, base: &str) {
        let url = format!("{base}/payments/stripe");
        self.post("/_config/webhooks/one", &[("url", &url), ("secret", STRIPE_SECRET)]).await;
    }

    pub async fn pay(&self, session: &str, card: &str) -> Value {
        self.post(&format!("/_pay/{session}"), &[("number", card)]).await
    }

    /// Pays another amount than was asked for.
    pub async fn pay_amount(&self, session: &str, minor: i64) -> Value {
        let minor = minor.to_string();
        self.post(&format!("/_pay/{session}"), &[("number", GOOD_CARD), ("amount", &minor)]).await
    }

    pub async fn expire(&self, session: &str) {
        self.post(&format!("/_expire/{session}"), &[]).await;
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

type Links = Arc<Mutex<BTreeMap<String, Value>>>;

/// Razorpay's Payment Links.
pub struct Razorpay {
    url: String,
    links: Links,
    /// Whether it makes links and then breaks off before it answers.
    breaks_off: Arc<Mutex<bool>>,
}

#[derive(Clone)]
struct State {
    links: Links,
    breaks_off: Arc<Mutex<bool>>,
}

fn refused(description: &str) -> HttpResponse {
    HttpResponse::BadRequest()
        .json(json!({ "error": { "code": "BAD_REQUEST_ERROR", "description": description } }))
}

fn is_known(request: &HttpRequest) -> bool {
    let basic =
        format!("Basic {}", BASE64.encode(format!("{}:{}", RAZORPAY_KEY.0, RAZORPAY_KEY.1).as_bytes()));
    request.headers().get("authorization").is_some_and(|given| given.as_bytes() == basic.as_bytes())
}

async fn create(request: HttpRequest, state: web::Data<State>, body: web::Json<Value>) -> HttpResponse {
    if !is_known(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let mut links = state.links.lock().unwrap();
    let reference = body["reference_id"].as_str().unwrap().to_owned();
    assert!(reference.len() <= 40 && body["amount"].is_i64() && body["callback_method"] == "get");
    if links.values().any(|link| link["reference_id"] == reference.as_str()) {
        return refused("payment link with given reference_id already exists");
    }
    let id = format!("plink_{}", links.len() + 1);
    let link = json!({
        "id": id, "entity": "payment_link", "status": "created", "amount": body["amount"], "amount_paid": 0,
        "currency": body["currency"], "reference_id": reference, "notes": body["notes"],
        "short_url": format!("https://rzp.example/i/{id}"), "payments": null, "expire_by": body["expire_by"],
    });
    links.insert(id, link.clone());
    if std::mem::take(&mut *state.breaks_off.lock().unwrap()) {
        return HttpResponse::InternalServerError().finish();
    }
    HttpResponse::Ok().json(link)
}

async fn list(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    if !is_known(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let wanted = request.query_string().strip_prefix("reference_id=").unwrap_or_default().to_owned();
    let links = state.links.lock().unwrap();
    let found: Vec<_> = links.values().filter(|link| link["reference_id"] == wanted.as_str()).collect();
    HttpResponse::Ok().json(json!({ "payment_links": found }))
}

async fn show(request: HttpRequest, state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    match state.links.lock().unwrap().get(id.as_str()) {
        _ if !is_known(&request) => HttpResponse::Unauthorized().finish(),
        Some(link) => HttpResponse::Ok().json(link),
        None => refused("The id provided does not exist"),
    }
}

impl Razorpay {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (links, breaks_off) = (Links::default(), Arc::new(Mutex::new(false)));
        let state = web::Data::new(State { links: links.clone(), breaks_off: breaks_off.clone() });
        // It serves until the test process ends.
        thread::spawn(move || {
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(state.clone())
                    .route("/v1/payment_links", web::post().to(create))
                    .route("/v1/payment_links", web::get().to(list))
                    .route("/v1/payment_links/{id}", web::get().to(show))
            });
            System::new()
                .block_on(server.workers(1).disable_signals().listen(listener).unwrap().run())
                .unwrap();
        });
        Self { url, links, breaks_off }
    }

    pub fn settings(&self) -> PaymentSettings {
        PaymentSettings {
            razorpay: Some(RazorpaySettings {
                url: self.url.parse().unwrap(),
                key_id: RAZORPAY_KEY.0.to_owned(),
                key_secret: Secret::presented(RAZORPAY_KEY.1),
                webhook_secret: Secret::presented(RAZORPAY_SECRET),
            }),
            ..PaymentSettings::default()
        }
    }

    /// The same for a process of its own.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DIALNEXA_RAZORPAY_URL", self.url.clone()),
            ("DIALNEXA_RAZORPAY_KEY_ID", RAZORPAY_KEY.0.to_owned()),
            ("DIALNEXA_RAZORPAY_KEY_SECRET", RAZORPAY_KEY.1.to_owned()),
            ("DIALNEXA_RAZORPAY_WEBHOOK_SECRET", RAZORPAY_SECRET.to_owned()),
        ]
    }

    pub fn count(&self) -> usize {
        self.links.lock().unwrap().len()
    }

    pub fn break_off(&self) {
        *self.breaks_off.lock().unwrap() = true;
    }

    /// Sets fields of a link, as what happens at the provider does.
    pub fn change(&self, id: &str, fields: Value) {
        let mut links = self.links.lock().unwrap();
        let link = links.get_mut(id).unwrap().as_object_mut().unwrap();
        link.extend(fields.as_object().unwrap().clone());
    }

    pub fn pay(&self, id: &str, minor: i64) {
        let payments =
            json!([{ "payment_id": format!("pay_of_{id}"), "amount": minor, "status": "captured" }]);
        self.change(id, json!({ "status": "paid", "amount_paid": minor, "payments": payments }));
    }

    /// The body of an event about a link, as it is published.
    pub fn event(&self, kind: &str, id: &str) -> String {
        let link = self.links.lock().unwrap()[id].clone();
        json!({
            "entity": "event", "account_id": "acc_1", "event": kind, "contains": ["payment_link"],
            "payload": { "payment_link": { "entity": link } }, "created_at": 1_700_000_000,
        })
        .to_string()
    }
}

/// Sends an event to `base` as Razorpay does.
pub async fn razorpay_tells(base: &str, event_id: &str, body: &str, signature: &str) -> u16 {
    reqwest::Client::new()
        .post(format!("{base}/payments/razorpay"))
        .header("content-type", "application/json")
        .header("x-razorpay-event-id", event_id)
        .header("x-razorpay-signature", signature)
        .body(body.to_owned())
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}
