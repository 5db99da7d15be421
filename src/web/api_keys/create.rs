//! A new key: the form, and the page that shows the text of the key once (`trust.md` U10).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::Denied,
    domain::{
        idempotency::{self, IdempotencyKey},
        identity::api_keys::{self, Again, KeyName, MadeKey, NewKey},
    },
    error::{Error, FieldError},
    values::{ApiKeyId, KeyLevel, KeyMode, KeyScope, KeyScopes, WorkspaceId},
    web::{
        forms::Submitted,
        page::{html, html_as},
        parts::{Choice, ErrorSummary, Field},
        sign_in::{Confirmed, Gate, too_many},
        sub_accounts::{with_error, wrong_fields},
        views::api_keys::{AreaField, MadePage, NewKeyPage},
    },
};

use super::{Desk, words};

/// Rights are chosen one by one.
const CHOSEN: &str = "chosen";
/// All rights that there are.
const ALL: &str = "all";

/// The form as it is sent.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreateForm {
    idempotency_key: String,
    name: String,
    #[serde(rename = "type")]
    mode: String,
    access: String,
    scope: Vec<String>,
    workspace_id: String,
    lifetime: String,
    password: String,
}

impl CreateForm {
    fn check(&self) -> Result<NewKey, Error> {
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, message: &str| wrong.push(FieldError::new(field, message));
        let mode = self.mode.parse::<KeyMode>().ok();
        if mode.is_none() {
            refuse("type", "Choose live or test.");
        }
        let scopes: Result<Option<KeyScopes>, _> = match self.access.as_str() {
            ALL => Ok(None),
            _ => self
                .scope
                .iter()
                .filter(|word| !word.is_empty())
                .map(|word| word.parse::<KeyScope>())
                .collect::<Result<_, _>>()
                .map(Some),
        };
        if scopes.is_err() {
            refuse("scopes", "Choose from the rights that are offered.");
        }
        let workspace: Option<Option<WorkspaceId>> = match self.workspace_id.as_str() {
            "" => Some(None),
            id => id.parse().ok().map(Some),
        };
        if workspace.is_none() {
            refuse("workspace_id", "Choose one of the workspaces, or the whole account.");
        }
        let lifetime = words::lifetime(&self.lifetime);
        if lifetime.is_none() {
            refuse("lifetime", "Choose how long the key is accepted.");
        }
        let name = KeyName::parse(&self.name).map_err(|error| wrong.insert(0, error));
        match (name, mode, scopes, workspace, lifetime) {
            (Ok(name), Some(mode), Ok(scopes), Some(workspace), Some(lifetime)) => {
                Ok(NewKey { name, mode, scopes, lifetime, workspace })
            }
            _ => Err(Error::Invalid(wrong)),
        }
    }
}

/// `GET …/api-keys/new`
pub async fn form(desk: Desk) -> Result<HttpResponse, Denied> {
    let blank = CreateForm {
        // Any unguessable, never repeated word will do.
        idempotency_key: ApiKeyId::new().uuid().to_string(),
        mode: KeyMode::Live.to_string(),
        access: ALL.into(),
        lifetime: "365".into(),
        ..CreateForm::default()
    };
    let workspaces = desk.workspaces().await?;
    page(&desk, &blank, &workspaces, &[], StatusCode::OK)
}

/// `POST …/api-keys`: answers with the page that shows the key. Sent again, the page says
/// that the key was made.
pub async fn create(
    request: HttpRequest,
    desk: Desk,
    gate: web::Data<Gate>,
    form: Submitted<CreateForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&desk)?;
    let workspaces = desk.workspaces().await?;
    let again = |wrong: &[FieldError], status| page(&desk, &form, &workspaces, wrong, status);
    let new = match form.check() {
        Ok(new) => new,
        Err(error) => return again(&wrong_fields(error)?, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let of_password = |text: &str| vec![FieldError::new("password", text)];
    match desk.confirm(&gate, &request, form.password.clone()).await? {
        Confirmed::Yes => {}
        Confirmed::No(why) => return again(&of_password(why), StatusCode::UNPROCESSABLE_ENTITY),
        Confirmed::Wait(wait) => {
            return too_many(wait, |text| again(&of_password(text), StatusCode::TOO_MANY_REQUESTS));
        }
    }
    let key = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
    let made = desk
        .scope
        .write(move |tx| {
            idempotency::once(tx, "api_keys.create", &key, &new, |tx| {
                api_keys::create(tx, &new, Again::Never)
            })
        })
        .await;
    match made {
        Ok(made) => {
            let workspace = workspaces.into_iter().find(|(id, _)| Some(*id) == made.key.workspace);
            shown_once(&desk, &made, workspace.map(|(_, name)| name))
        }
        Err(error) => again(&wrong_fields(error)?, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

/// The page after a key was made.
fn shown_once(desk: &Desk, made: &MadeKey, workspace: Option<String>) -> Result<HttpResponse, Denied> {
    let facts = words::facts(&made.key, desk.reach(made.key.workspace), workspace, desk.zone());
    html(&MadePage {
        frame: desk.frame("API key created"),
        crumbs: desk.crumbs(),
        heading: format!("API key {} created", made.key.name),
        text: made.fresh_text().map(|text| text.reveal().to_owned()),
        facts,
        before: None,
        list_href: desk.href(),
        rotate_href: format!("{}/rotate", desk.key_href(made.key.id)),
    })
}

fn page(
    desk: &Desk,
    form: &CreateForm,
    workspaces: &[(WorkspaceId, String)],
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let name = with_error(
        Field::new("name", "Name").hint("What uses it, such as “CRM import”.").value(&form.name),
        wrong,
    );
    let mode = Field::new("type", "Type").value(&form.mode).options(vec![
        Choice::new("live", "Live", "Its calls ring and are charged."),
        Choice::new("test", "Test", "Its calls are simulated: never charged, never holding a slot."),
    ]);
    let access = Field::new("access", "What it may do").value(&form.access).options(vec![
        Choice::new(ALL, "Everything", "All that a key of this kind can do."),
        Choice::new(CHOSEN, "Only what I choose", "Recommended: a key that is lost then does less harm."),
    ]);
    let scopes = with_error(
        Field::new("scopes", "Rights")
            .hint("They count when “Only what I choose” is chosen. A key of one workspace can have agents, phone numbers and calls."),
        wrong,
    );
    let areas = desk.reach(None).areas().zip(1..).map(|(area, number): (_, usize)| {
        let chosen = form.scope.iter().find(|word| word.split(':').next() == Some(area.as_str()));
        let level = |level: KeyLevel| Choice::new(KeyScope { area, level }.to_string(), level.label(), "");
        AreaField {
            // The first has the field's own id, so that the summary's link finds it.
            id: if number == 1 { "scopes".into() } else { format!("scopes-{number}") },
            label: area.label().into(),
            value: chosen.cloned().unwrap_or_default(),
            options: vec![Choice::new("", "No access", ""), level(KeyLevel::Read), level(KeyLevel::Write)],
        }
    });
    let whole = [Choice::new("", "The whole account", "")];
    let options = workspaces.iter().map(|(id, name)| Choice::new(id.to_string(), name, ""));
    let workspace = with_error(
        Field::new("workspace_id", "Workspace")
            .hint("A key can be bound to one workspace, such as staging.")
            .value(&form.workspace_id)
            .options(whole.into_iter().chain(options).collect()),
        wrong,
    );
    let mode = with_error(mode, wrong);
    let lifetime = with_error(words::lifetime_field(&form.lifetime, None), wrong);
    let password = desk.password_field().map(|field| with_error(field, wrong));
    let fields = [&name, &mode, &scopes, &workspace, &lifetime];
    let errors = ErrorSummary::of(fields.into_iter().chain(&password));
    let mut frame = desk.frame("Create API key");
    frame.has_errors = !wrong.is_empty();
    html_as(
        &NewKeyPage {
            frame,
            crumbs: desk.crumbs(),
            action: desk.href(),
            cancel_href: desk.href(),
            idempotency_key: form.idempotency_key.clone(),
            errors,
            name,
            mode,
            access,
            scopes,
            areas: areas.collect(),
            workspace,
            lifetime,
            password,
        },
        status,
    )
}
