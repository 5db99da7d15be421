//! A program that calls the API with a key.

use dialnexa::{
    access::permission::{Administer, ManageSubAccounts},
    domain::identity::api_keys,
    values::{KeyMode, KeyText, SubAccountId},
};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::world::{Tenant, World};

/// A client with its key.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    key: Option<String>,
    http: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The code of a refusal.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

impl Client {
    pub fn with(base: &str, key: Option<&str>) -> Self {
        Self { base: base.to_owned(), key: key.map(str::to_owned), http: reqwest::Client::new() }
    }

    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// A request to `path` beneath `/v1`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/v1{path}", self.base));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.request(Method::POST, path).json(&body)).await
    }

    /// A POST that is to be done once under `key`.
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        answer(self.request(Method::POST, path).header("Idempotency-Key", key).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        answer(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        answer(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }
}

impl World {
    /// A client of nobody.
    pub fn nobody(&self) -> Client {
        Client::with(&self.base, None)
    }

    /// A client with a new live key of the organization.
    pub async fn parent_client(&self, tenant: &Tenant) -> Client {
        let scope = self
            .access
            .scope_of_member::<Administer>(tenant.owner, tenant.organization.into())
            .await
            .unwrap();
        let text = KeyText::new(KeyMode::Live).unwrap();
        let kept = text.clone();
        scope.write(move |tx| api_keys::keep(tx, "Parent", KeyMode::Live, &kept)).await.unwrap();
        Client::with(&self.base, Some(text.reveal()))
    }

    /// A client with a new live key of one of the organization's sub-accounts.
    pub async fn sub_account_client(&self, tenant: &Tenant, id: SubAccountId) -> Client {
        let parent = self
            .access
            .scope_of_member::<ManageSubAccounts>(tenant.owner, tenant.organization.into())
            .await
            .unwrap();
        let text = KeyText::new(KeyMode::Live).unwrap();
        let kept = text.clone();
        let scope = parent.sub_account(id).await.unwrap();
        scope.write(move |tx| api_keys::keep(tx, "Sub-account", KeyMode::Live, &kept)).await.unwrap();
        Client::with(&self.base, Some(text.reveal()))
    }
}
