//! API keys: on an account's own dashboard, and on the parent's pages over a sub-account
//! (`domain.md` 6.1).
//!
//! The two differ only in the address and in what stands around the page; [`Desk`] is
//! which of them is asked for.

pub mod create;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod show;
mod words;

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use serde::Deserialize;

use crate::{
    access::{
        Denied, Scope,
        permission::{Administer, ManageSubAccounts},
        principal::{Asker, Person},
    },
    domain::{identity::api_keys::ApiKey, sub_accounts::list::Listed, workspaces},
    error::Error,
    values::{ApiKeyId, KeyReach, SubAccountId, WorkspaceId},
};

use super::{
    filters::Zone,
    forms::Context,
    frame::Frame,
    page::{Here, Visit, home_href, zone},
    parts::{Badge, Crumb, Field, Tab},
    sign_in::{Confirmed, Gate},
    sub_accounts,
};

/// The key in the address.
#[derive(Debug, Deserialize)]
pub struct KeyPlace {
    /// Which.
    pub api_key: ApiKeyId,
}

/// Where keys are managed: in the account itself, or by its parent from above. It is made
/// of the scope that the address takes.
pub struct Desk {
    /// The account whose keys they are.
    scope: Scope<Administer>,
    visit: Visit,
    /// The parent's own scope and what it knows of the sub-account.
    above: Option<(Scope<ManageSubAccounts>, Listed)>,
}

impl FromRequest for Desk {
    type Error = Denied;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visit = Visit::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let visit = visit.await?;
            let Some(id) = request.match_info().get("sub_account") else {
                let scope = Scope::<Administer>::extract(&request).await?;
                return Ok(Self { scope, visit, above: None });
            };
            let parent = Scope::<ManageSubAccounts>::extract(&request).await?;
            let id: SubAccountId = id.parse().map_err(|_| Error::NotFound)?;
            let listed = sub_accounts::find(&parent, id).await?;
            let scope = parent.sub_account(id).await?;
            Ok(Self { scope, visit, above: Some((parent, listed)) })
        })
    }
}

impl Context for Desk {
    fn place(&self) -> String {
        self.above.as_ref().map_or_else(|| self.scope.place(), |(parent, _)| parent.place())
    }

    fn bound_to(&self) -> String {
        self.scope.bound_to()
    }

    fn account_name(&self) -> Option<&str> {
        self.above.as_ref().map_or_else(|| self.scope.account_name(), |(parent, _)| parent.account_name())
    }
}

impl Desk {
    fn asker(&self) -> &Asker {
        self.scope.asker()
    }

    fn zone(&self) -> Zone {
        zone(self.asker())
    }

    /// The address of the list.
    fn href(&self) -> String {
        match &self.above {
            None => format!("{}/api-keys", home_href(self.asker().account.id)),
            Some((parent, listed)) => format!("{}/api-keys", sub_accounts::href(parent, listed.id)),
        }
    }

    /// The address of one key.
    fn key_href(&self, id: ApiKeyId) -> String {
        format!("{}/{id}", self.href())
    }

    fn frame(&self, title: &str) -> Frame {
        match &self.above {
            None => self.visit.frame(&self.scope, title, Here::ApiKeys),
            Some((parent, listed)) => {
                self.visit.frame(parent, format!("{title}: {}", listed.name), Here::SubAccounts)
            }
        }
    }

    /// The way to a page about one key, or to the list itself.
    fn crumbs(&self, is_list: bool) -> Vec<Crumb> {
        let mut crumbs = match &self.above {
            None => Vec::new(),
            Some((parent, listed)) => sub_accounts::crumbs(parent, (!is_list).then_some(listed)),
        };
        if !is_list {
            crumbs.push(Crumb::new("API keys", self.href()));
        }
        crumbs
    }

    fn tabs(&self) -> Vec<Tab> {
        self.above
            .as_ref()
            .map(|(parent, listed)| sub_accounts::tabs(parent, listed.id, "/api-keys"))
            .unwrap_or_default()
    }

    /// The parent's view of the sub-account: its name and status.
    fn beneath(&self) -> Option<(&str, Badge)> {
        self.above.as_ref().map(|(_, listed)| (listed.name.as_str(), Badge::account(listed.status.as_str())))
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

    /// The person who must confirm with their password: a parent's administrator inside the
    /// sub-account by Access Dashboard (`domain.md` 2.5).
    fn confirmer(&self) -> Option<&Person> {
        let principal = &self.asker().principal;
        principal.delegation().and_then(|_| principal.person())
    }

    /// The field for that password, where it is asked for.
    fn password_field(&self) -> Option<Field> {
        self.confirmer().map(|_| {
            Field::new("password", "Your password")
                .hint("You are inside by Access Dashboard: confirm that it is you who makes this key.")
        })
    }

    /// Asks whoever must confirm.
    async fn confirm(
        &self,
        gate: &web::Data<Gate>,
        request: &HttpRequest,
        password: String,
    ) -> Result<Confirmed, Denied> {
        match self.confirmer() {
            None => Ok(Confirmed::Yes),
            Some(person) => gate.confirm(request, person, password).await,
        }
    }
}
