//! Where an account's members and keys are managed: in the account itself, or by its parent from
//! above (`domain.md` 7.5). The two differ only in the address and in what stands around
//! the page.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use askama::{Template, filters::HtmlSafe};

use crate::{
    access::{
        Denied, Scope,
        permission::{Administer, ManageSubAccounts},
        principal::{Asker, Person},
    },
    domain::sub_accounts::list::Listed,
    error::Error,
    values::SubAccountId,
};

use super::{
    forms::Context,
    frame::Frame,
    page::{Here, Visit, home_href},
    parts::{Badge, Crumb, Field},
    sign_in::{Confirmed, Gate},
    sub_accounts,
    views::account::SectionPage,
};

/// Which of the two is asked for, made of the scope that the address takes.
pub struct Desk {
    /// The account that is managed.
    pub(super) scope: Scope<Administer>,
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
    /// Who manages, and which account.
    pub(super) fn asker(&self) -> &Asker {
        self.scope.asker()
    }

    /// The address of the account's pages, of either kind.
    pub(super) fn base(&self) -> String {
        match &self.above {
            None => home_href(self.asker().account.id),
            Some((parent, listed)) => sub_accounts::href(parent, listed.id),
        }
    }

    pub(super) fn frame(&self, title: &str, here: Here) -> Frame {
        match &self.above {
            None => self.visit.frame(&self.scope, title, here),
            Some((parent, listed)) => {
                self.visit.frame(parent, format!("{title}: {}", listed.name), Here::SubAccounts)
            }
        }
    }

    /// The way to a page beneath `section`, such as `("Members", "/members")`.
    pub(super) fn crumbs(&self, (label, path): (&str, &str)) -> Vec<Crumb> {
        let mut crumbs = match &self.above {
            None => Vec::new(),
            Some((parent, listed)) => sub_accounts::crumbs(parent, Some(listed)),
        };
        crumbs.push(Crumb::new(label, format!("{}{path}", self.base())));
        crumbs
    }

    /// A section as a page of its own, with the tabs of the sub-account where its parent
    /// looks at it.
    pub(super) fn page<S: Template + HtmlSafe>(
        &self,
        frame: Frame,
        (heading, text): (&str, &str),
        path: &str,
        section: S,
    ) -> SectionPage<S> {
        let mut page = SectionPage::of(frame, text, section);
        page.heading = heading.to_owned();
        if let Some((parent, listed)) = &self.above {
            page.heading = listed.name.clone();
            page.badge = Some(Badge::account(listed.status.as_str()));
            page.text = String::new();
            page.crumbs = sub_accounts::crumbs(parent, None);
            page.tabs = sub_accounts::tabs(parent, listed.id, path);
        }
        page
    }

    /// The person who must confirm with their password: a parent's administrator inside the
    /// sub-account by Access Dashboard (`domain.md` 2.5).
    pub(super) fn confirmer(&self) -> Option<&Person> {
        let principal = &self.asker().principal;
        principal.delegation().and_then(|_| principal.person())
    }

    /// The field for that password, where it is asked for.
    pub(super) fn password_field(&self) -> Option<Field> {
        self.confirmer().map(|_| {
            Field::new("password", "Your password")
                .hint("You are inside by Access Dashboard: confirm that it is you.")
        })
    }

    /// Asks whoever must confirm.
    pub(super) async fn confirm(
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
