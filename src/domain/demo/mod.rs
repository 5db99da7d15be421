//! The demo world: a parent with sub-accounts in three regions and three months of calls,
//! a second organization that it must never see, and a third without the feature.
//!
//! It is loaded once. Each step is one transaction that knows whether it was taken, so
//! that a loading that was killed anywhere is completed by the next, and two at once make
//! one world. The last step is an entry in the audit log; after it nothing is touched any
//! more, whatever people have deleted or renamed since.

mod account;
mod content;
mod money;
mod parties;
mod people;
mod recordings;
mod traffic;
mod world;

use std::{fmt, sync::Arc};

use diesel::prelude::*;
use futures_util::{StreamExt, TryStreamExt, stream};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use time::OffsetDateTime;
use uuid::{Builder, Uuid};

use crate::{
    access::{
        Access, Change, Event, OperatorTx, Scope,
        permission::{Administer, ManageSubAccounts},
    },
    domain::{
        engines,
        identity::api_keys,
        numbers::{self, NumberType},
        operator::{self, NewOrganization},
        usage,
    },
    error::Error,
    schema::control::{audit_entries, organizations},
    spoken::voice::Voices,
    values::{E164, EngineKey, KeyMode, KeyText, OrganizationId, Region, Role},
};

use account::Loaded;
use world::{EASTGATE, NORTHWIND, Organization, PASSWORD, SOUTHWIND};

/// How much is made.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Of the calls of an ordinary day.
    pub calls_percent: u16,
    /// Recordings of an account's latest calls.
    pub recordings: u16,
    /// Whether all recordings of the last two weeks are made where they are wanted.
    pub all_recent_recordings: bool,
}

impl Size {
    /// About 12,000 calls.
    pub const FULL: Self = Self { calls_percent: 100, recordings: 30, all_recent_recordings: true };
    /// Enough to test with.
    pub const SMALL: Self = Self { calls_percent: 8, recordings: 2, all_recent_recordings: false };
}

/// What somebody needs to look around: names and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoSignIns(Vec<(&'static str, String)>);

impl DemoSignIns {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// One `NAME=value` per line.
impl fmt::Display for DemoSignIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| writeln!(f, "{name}={value}"))
    }
}

/// What the deployment's secret makes of a purpose: what must be the same at each loading
/// and unguessable elsewhere.
fn derived(secret: &[u8; 32], purpose: &str) -> [u8; 32] {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(secret)
        .map(|mac| mac.chain_update(b"demo ").chain_update(purpose.as_bytes()).finalize().into_bytes().into())
        .unwrap_or_default()
}

/// An id that is the same at each loading, of a moment in Unix milliseconds.
fn derived_id(secret: &[u8; 32], purpose: &str, millis: u64) -> Uuid {
    let mut random = [0; 10];
    random.copy_from_slice(&derived(secret, purpose)[..10]);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

fn organization_id(secret: &[u8; 32], organization: &Organization) -> OrganizationId {
    const FOUNDED: u64 = 1_767_594_600_000;
    OrganizationId::from_uuid(derived_id(secret, organization.domain, FOUNDED))
}

/// The demo keys of the parent: made of the deployment's secret, so that they can be
/// shown again.
fn key(secret: &[u8; 32], mode: KeyMode) -> KeyText {
    let mut random = [0; 16];
    random.copy_from_slice(&derived(secret, mode.as_str())[..16]);
    KeyText::of(mode, random)
}

/// The key of the telephony engine that plays the demo world's calls.
fn engine_key(secret: &[u8; 32]) -> EngineKey {
    let mut random = [0; 16];
    random.copy_from_slice(&derived(secret, "engine")[..16]);
    EngineKey::of(random)
}

fn sign_ins(secret: &[u8; 32]) -> DemoSignIns {
    let text = str::to_owned;
    DemoSignIns(vec![
        ("OWNER_EMAIL", text("owner@northwind.example")),
        ("ADMIN_EMAIL", text("admin@northwind.example")),
        ("VIEWER_EMAIL", text("viewer@northwind.example")),
        ("SUB_ACCOUNT_OWNER_EMAIL", text("owner@acme.example")),
        ("SUB_ACCOUNT_ADMIN_EMAIL", text("admin@acme.example")),
        ("SUB_ACCOUNT_MEMBER_EMAIL", text("member@acme.example")),
        ("SUB_ACCOUNT_VIEWER_EMAIL", text("viewer@acme.example")),
        ("OTHER_OWNER_EMAIL", text("owner@southwind.example")),
        ("WITHOUT_FEATURE_EMAIL", text("owner@eastgate.example")),
        ("DEMO_PASSWORD", text(PASSWORD)),
        ("ORGANIZATION_ID", organization_id(secret, &NORTHWIND).to_string()),
        ("LIVE_API_KEY", key(secret, KeyMode::Live).reveal().to_owned()),
        ("TEST_API_KEY", key(secret, KeyMode::Test).reveal().to_owned()),
        ("DEMO_ENGINE_KEY", engine_key(secret).reveal().to_owned()),
    ])
}

/// Loads the demo world, unless it was loaded before.
///
/// # Errors
/// Those of the databases and object stores; what was loaded until then stays, and the
/// next loading completes it.
pub async fn load(access: &Arc<Access>, secret: &[u8; 32]) -> Result<DemoSignIns, Error> {
    load_sized(access, secret, Size::FULL).await
}

/// As [`load`], of another size.
///
/// # Errors
/// As [`load`].
pub async fn load_sized(access: &Arc<Access>, secret: &[u8; 32], size: Size) -> Result<DemoSignIns, Error> {
    let id = organization_id(secret, &NORTHWIND);
    if !access.operate(id, id.into(), |tx| is_loaded(tx).map(Change::none)).await? {
        let loading = Loading {
            access: access.clone(),
            secret: *secret,
            size,
            voices: Arc::new(Voices::new()),
            now: OffsetDateTime::now_utc(),
        };
        access.operate(id, id.into(), |tx| numbers::stock(tx, &for_sale()?, NumberType::Local, None)).await?;
        // The parent last: its marker says that all three are there.
        for organization in [&EASTGATE, &SOUTHWIND, &NORTHWIND] {
            loading.organization(organization).await?;
        }
        access.operate(id, id.into(), mark_loaded).await?;
    } else if let Some(region) = access.regions().next().cloned() {
        // Keys that were loaded before keys had rights are given theirs.
        let scope = access.scope_of_job("demo", id, id.into(), region)?;
        keep_keys(&scope, secret).await?;
    }
    keep_engine(access, secret).await?;
    Ok(sign_ins(secret))
}

/// Numbers that can be bought: of ranges that nobody has, where a country keeps such.
fn for_sale() -> Result<Vec<E164>, Error> {
    let india = (0..60).map(|at| format!("+91804719{:04}", 3_100 + at));
    let us = (0..30).map(|at| format!("+14155550{:03}", 200 + at));
    let gb = (0..20).map(|at| format!("+4420794600{:02}", at));
    let numbers = india.chain(us).chain(gb).map(|text| E164::parse(&text).map_err(Error::internal));
    numbers.collect()
}

/// Keeps the engine that plays the world's calls, in every region.
async fn keep_engine(access: &Arc<Access>, secret: &[u8; 32]) -> Result<(), Error> {
    let regions: Vec<Region> = access.regions().cloned().collect();
    let (nobody, key) = (OrganizationId::new(), engine_key(secret));
    access.operate(nobody, nobody.into(), move |tx| engines::create(tx, "Demo", &regions, &key)).await?;
    Ok(())
}

/// Keeps the demo keys of the parent.
async fn keep_keys(scope: &Scope<Administer>, secret: &[u8; 32]) -> Result<(), Error> {
    for (mode, name) in [(KeyMode::Live, "Demo, live"), (KeyMode::Test, "Demo, test")] {
        let text = key(secret, mode);
        scope.write(move |tx| api_keys::keep(tx, name, mode, &text)).await?;
    }
    Ok(())
}

/// The audit action that says the world is there.
const LOADED: &str = "demo.loaded";

fn is_loaded(tx: &mut OperatorTx<'_>) -> Result<bool, Error> {
    let marker = audit_entries::table.filter(audit_entries::action.eq(LOADED));
    Ok(diesel::select(diesel::dsl::exists(marker)).get_result(tx.connection())?)
}

fn mark_loaded(tx: &mut OperatorTx<'_>) -> Result<Change<()>, Error> {
    // Of two loadings the second waits here and then sees the first's marker.
    let organization = tx.organization();
    organizations::table
        .find(organization)
        .select(organizations::organization_id)
        .for_update()
        .first::<OrganizationId>(tx.connection())?;
    if is_loaded(tx)? {
        return Ok(Change::none(()));
    }
    let event = Event {
        account: tx.account(),
        action: LOADED,
        object: NORTHWIND.name.to_owned(),
        object_id: tx.organization().to_string(),
        details: json!({}),
    };
    Ok(Change::new((), event))
}

/// One loading of the world.
struct Loading {
    access: Arc<Access>,
    secret: [u8; 32],
    size: Size,
    voices: Arc<Voices>,
    now: OffsetDateTime,
}

impl Loading {
    /// The region of this name or, where it is not configured, another.
    fn region(&self, name: &str) -> Result<Region, Error> {
        let mut regions = self.access.regions();
        let named = self.access.regions().find(|region| region.as_str() == name);
        named.or_else(|| regions.next()).cloned().ok_or_else(|| Error::internal("no region is configured"))
    }

    async fn organization(&self, organization: &'static Organization) -> Result<(), Error> {
        let id = organization_id(&self.secret, organization);
        let new = NewOrganization {
            name: organization.name.to_owned(),
            region: self.region("india")?,
            currency: "INR".to_owned(),
            total_concurrency: organization.total_concurrency,
            sub_accounts_enabled: organization.enabled,
            brand: organization.enabled.then(|| {
                (organization.brand.to_owned(), Some(format!("support@{}.example", organization.domain)))
            }),
        };
        let create = move |tx: &mut OperatorTx<'_>| {
            if operator::exists(tx)? { Ok(Change::none(())) } else { operator::create_organization(tx, &new) }
        };
        unless_made_meanwhile(self.access.operate(id, id.into(), create).await)?;
        let members = self.members(id, id.into(), organization.domain, organization.members).await?;
        let owner =
            members.first().copied().ok_or_else(|| Error::internal("an organization has an owner"))?;

        self.is_invoiced_as(owner, id.into(), organization.domain).await?;

        // A few at a time: each is one connection, and sound takes a processor.
        let loaded: Vec<Loaded> = stream::iter((0_u16..).zip(organization.sub_accounts))
            .map(|(at, sub_account)| self.sub_account(organization, owner, at, sub_account))
            .buffer_unordered(3)
            .try_collect()
            .await?;
        self.own_account(organization, loaded).await?;
        self.invoices_as(owner, organization, id.into()).await?;
        if organization.enabled {
            let scope = self.access.scope_of_member::<ManageSubAccounts>(owner, id.into()).await?;
            let counters = scope.overview(usage::counters).await?;
            scope.write(move |tx| usage::refresh(tx, &counters)).await?;
        }
        if organization.domain == NORTHWIND.domain {
            for invited in
                [("priya.menon@northwind.example", Role::Admin), ("auditor@ledgerline.example", Role::Viewer)]
            {
                people::invite(&self.access, owner, id.into(), invited).await?;
            }
            let scope = self.access.scope_of_member::<Administer>(owner, id.into()).await?;
            keep_keys(&scope, &self.secret).await?;
        }
        Ok(())
    }
}

/// What another loading made at the same moment is made.
fn unless_made_meanwhile(outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Err(Error::Conflict { code: "organization_exists" | "already_member" | "email_taken", .. }) => Ok(()),
        other => other,
    }
}
