//! API keys: on an account's own dashboard, and on the parent's pages over a sub-account
//! (`domain.md` 6.1).
//!
//! The two differ only in the address and in what stands around the page: [`desk`].

pub mod create;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod show;
mod words;

use std::{future::Future, ops::Deref, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::Deserialize;

use crate::{
    access::Denied,
    domain::{identity::api_keys::ApiKey, workspaces},
    values::{ApiKeyId, KeyReach, WorkspaceId},
};

use super::{
    desk,
    filters::Zone,
    forms::Context,
    frame::Frame,
    page::{Here, zone},
    parts::{Crumb, Field},
};

/// The key in the address.
#[derive(Debug, Deserialize)]
pub struct KeyPlace {
    /// Which.
    pub api_key: ApiKeyId,
}

/// Where keys are managed: the account's [`desk::Desk`], with what only keys need.
pub struct Desk(desk::Desk);

impl Deref for Desk {
    type Target = desk::Desk;

    fn deref(&self) -> &desk::Desk {
        &self.0
    }
}

impl FromRequest for Desk {
    type Error = Denied;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let inner = desk::Desk::from_request(request, payload);
        Box::pin(async move { inner.await.map(Self) })
    }
}

impl Context for Desk {
    fn place(&self) -> String {
        self.0.place()
    }

    fn bound_to(&self) -> String {
        self.0.bound_to()
    }

    fn account_name(&self) -> Option<&str> {
        self.0.account_name()
    }
}

/// The last part of the address of the list.
const PATH: &str = "/api-keys";

impl Desk {
    fn zone(&self) -> Zone {
        zone(self.asker())
    }

    /// The address of the list.
    fn href(&self) -> String {
        format!("{}{PATH}", self.base())
    }

    /// The address of one key.
    fn key_href(&self, id: ApiKeyId) -> String {
        format!("{}/{id}", self.href())
    }

    fn frame(&self, title: &str) -> Frame {
        self.0.frame(title, Here::ApiKeys)
    }

    /// The way to a page about one key.
    fn crumbs(&self) -> Vec<Crumb> {
        self.0.crumbs(("API keys", PATH))
    }

    /// What a key made here can be let into.
    fn reach(&self, workspace: Option<WorkspaceId>) -> KeyReach {
        KeyReach::of(self.asker().account.id, workspace)
    }

    async fn workspaces(&self) -> Result<Vec<(WorkspaceId, String)>, Denied> {
        Ok(self.scope.read(workspaces::names).await?)
    }

    async fn find(&self, place: &KeyPlace) -> Result<ApiKey, Denied> {
        let id = place.api_key;
        Ok(self.scope.read(move |tx| crate::domain::identity::api_keys::find(tx, id)).await?)
    }

    /// The field for that password, where it is asked for.
    fn password_field(&self) -> Option<Field> {
        self.confirmer().map(|_| {
            Field::new("password", "Your password")
                .hint("You are inside by Access Dashboard: confirm that it is you who makes this key.")
        })
    }
}
