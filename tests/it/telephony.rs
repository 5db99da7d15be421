//! A telephony engine that speaks to the program, and what it needs to have calls.

use dialnexa::{
    access::{Change, permission::RecordCalls},
    domain::{
        agents::{self, Agent, Pipeline},
        billing::ledger::{self, Entry},
        engines,
        numbers::{self, Number},
        workspaces,
    },
    values::{AccountId, AgentId, E164, EngineKey, NumberId, OrganizationId, Region},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    client::{Answer, answer},
    world::World,
};

/// An engine with its key.
#[derive(Debug, Clone)]
pub struct Telephony {
    base: String,
    pub key: String,
    http: reqwest::Client,
}

/// A call that the engine was given.
#[derive(Debug, Clone)]
pub struct Given {
    pub id: String,
    pub lease: String,
    pub all: Value,
}

impl Given {
    pub fn of(all: &Value) -> Self {
        let text = |name: &str| all[name].as_str().unwrap_or_else(|| panic!("no {name}: {all}")).to_owned();
        Self { id: text("call_id"), lease: text("lease"), all: all.clone() }
    }
}

impl Telephony {
    /// An engine that is let in, for the calls of these regions.
    pub async fn of(world: &World, regions: &[&str]) -> Self {
        let key = EngineKey::new().unwrap();
        let text = key.reveal().to_owned();
        let regions: Vec<Region> = regions.iter().map(|region| region.parse().unwrap()).collect();
        let nobody = OrganizationId::new();
        world
            .access
            .operate(nobody, nobody.into(), move |tx| engines::create(tx, "Gateway", &regions, &key))
            .await
            .unwrap();
        Self::with(&world.base, &text)
    }

    pub fn with(base: &str, key: &str) -> Self {
        Self { base: base.to_owned(), key: key.to_owned(), http: reqwest::Client::new() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/engine/v1{path}", self.base)).bearer_auth(&self.key)
    }

    /// Asks for a call that rings at `to`.
    pub async fn ask(&self, to: &str, reference: &str) -> Answer {
        let body = json!({ "to": to, "from": "+919811111111", "reference": reference });
        answer(self.request(Method::POST, "/calls").json(&body)).await
    }

    /// A call that rings at `to` and is admitted.
    #[track_caller]
    pub fn admitted(&self, to: &str, reference: &str) -> impl Future<Output = Given> {
        let (asking, to, reference) = (self.clone(), to.to_owned(), reference.to_owned());
        async move { Given::of(&asking.ask(&to, &reference).await.expect(201)) }
    }

    /// Takes calls that wait.
    pub async fn claim(&self) -> Vec<Given> {
        let body = json!({ "most": 50, "wait_seconds": 0 });
        let claimed = answer(self.request(Method::POST, "/calls/claim").json(&body)).await.expect(200);
        claimed["calls"].as_array().unwrap().iter().map(Given::of).collect()
    }

    /// Reports on a call.
    pub async fn report(&self, given: &Given, what: &str, body: Value) -> Answer {
        let request = self.request(Method::POST, &format!("/calls/{}/{what}", given.id));
        answer(request.header("Lease", &given.lease).json(&body)).await
    }

    /// Answers a call and ends it at once.
    pub async fn converse(&self, given: &Given) -> Value {
        self.report(given, "answered", json!({})).await.expect(200);
        let end = json!({ "end_reason": "user_disconnected", "duration_seconds": 1 });
        self.report(given, "ended", end).await.expect(200)
    }

    /// Ends a call that was not answered.
    pub async fn miss(&self, given: &Given) -> Value {
        self.report(given, "ended", json!({ "end_reason": "user_did_not_pick_up" })).await.expect(200)
    }
}

/// An agent that answers a number, both entered in an account.
pub async fn answered_number(
    world: &World,
    organization: OrganizationId,
    account: AccountId,
    region: &str,
    e164: &str,
) -> AgentId {
    let scope = world
        .access
        .scope_of_job::<RecordCalls>("test", organization, account, region.parse().unwrap())
        .unwrap();
    let workspace = scope.read(workspaces::default).await.unwrap();
    let (agent, number) = (AgentId::new(), NumberId::new());
    let (e164, now) = (E164::parse(e164).unwrap(), OffsetDateTime::now_utc());
    let entered = Number {
        id: number,
        workspace,
        e164: e164.as_str().to_owned(),
        label: "Front desk".into(),
        agent: Some(agent),
        monthly_cost_minor: 0,
        created_at: now,
    };
    scope
        .write_region(move |tx| {
            let speaking = Agent {
                id: agent,
                workspace,
                name: "Asha".into(),
                pipeline: Pipeline::Cascaded,
                language: "English".into(),
                voice: "Meera".into(),
                llm: "gpt".into(),
                prompt: "Be kind.".into(),
                created_at: now,
            };
            agents::enter(tx, &[speaking])?;
            numbers::enter(tx, &[entered]).map(Change::none)
        })
        .await
        .unwrap();
    let e164 = e164.as_str().to_owned();
    scope.write(move |tx| numbers::register(tx, &[(number, e164)]).map(Change::none)).await.unwrap();
    for account in [account, organization.into()] {
        fund(world, organization, account, 10_000_000).await;
    }
    agent
}

/// Pays `minor` into an account's wallet.
pub async fn fund(world: &World, organization: OrganizationId, account: AccountId, minor: i64) {
    let scope = world
        .access
        .scope_of_job::<RecordCalls>("test", organization, account, "india".parse().unwrap())
        .unwrap();
    let entry = Entry::recharge(minor, "UPI 1", OffsetDateTime::now_utc()).unwrap();
    scope.write(move |tx| ledger::post(tx, entry).map(Change::none)).await.unwrap();
}
