//! One account of the demo world, from its creation to its recordings.

use std::collections::HashMap;

use diesel::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use time::{Duration, OffsetDateTime};

use crate::{
    access::{
        Change, RegionTx, Scope, Tx,
        permission::{ManageSubAccounts, RecordCalls},
    },
    domain::{
        agents::{self, Pipeline},
        billing::ledger,
        calls::{
            Call,
            list::{self, Filter},
            record,
        },
        idempotency::{self, IdempotencyKey},
        numbers,
        sub_accounts::{self, NewSubAccount, NewSubAccountInput, lifecycle},
        usage, workspaces,
    },
    error::Error,
    schema::{control::sub_accounts as rows, region::agents as agent_rows},
    values::{AccountId, AgentId, BillingMode, OrganizationId, Part, Region, Role, SubAccountId, UserId},
};

use super::{
    Loading,
    content::{self, Plan},
    derived, derived_id,
    money::{self, Charge},
    organization_id, people, recordings,
    world::{Activity, Organization, SubAccount},
};

/// How far the world looks back.
const DAYS: u16 = 90;

/// A sub-account that is there, with what the parent pays for it.
pub(super) struct Loaded {
    charges: Vec<Charge>,
}

/// What is done once in an account.
fn once_key() -> Result<IdempotencyKey, Error> {
    IdempotencyKey::parse("key", "demo")
}

impl Loading {
    /// Loads one sub-account of an organization, the `at`th.
    pub(super) async fn sub_account(
        &self,
        organization: &'static Organization,
        owner: UserId,
        at: u16,
        sub_account: &'static SubAccount,
    ) -> Result<Loaded, Error> {
        let parent = organization_id(&self.secret, organization);
        let region = self.region(sub_account.region)?;
        let scope = self.access.scope_of_member::<ManageSubAccounts>(owner, parent.into()).await?;
        let id = create(&scope, at, sub_account, &region).await?;
        let members = self.members(parent, id.into(), sub_account.slug, sub_account.members).await?;
        if let (Some(owner), "acme") = (members.first(), sub_account.slug) {
            people::invite(&self.access, *owner, id.into(), ("farah@acme.example", Role::Member)).await?;
        }
        let isolated = sub_account.billing_mode == BillingMode::Isolated;
        if let (Some(owner), true) = (members.first(), isolated) {
            self.is_invoiced_as(*owner, id.into(), sub_account.slug).await?;
        }
        let plan = Plan {
            company: sub_account.name.to_owned(),
            region,
            activity: self.sized(sub_account.activity),
            days: sub_account.age.min(DAYS),
            stopped: sub_account.suspended.unwrap_or(0),
            // An organization's own numbers come first, and no two organizations share.
            first_number: self.first_number(organization) + 4 * (1 + u32::from(at)),
            currency: "INR".to_owned(),
            is_charged: isolated,
            now: self.now,
            first_agent: self.first_agent(id.into()),
        };
        let mut charges = self.fill(parent, id.into(), plan, isolated).await?;
        if let Some(days) = sub_account.suspended {
            suspend(&scope, id, days).await?;
        }
        if isolated {
            charges.clear();
        }
        for charge in &mut charges {
            charge.of = Some(id);
        }
        Ok(Loaded { charges })
    }

    /// Loads what an organization does itself, and makes it pay for its consolidated
    /// sub-accounts.
    pub(super) async fn own_account(
        &self,
        organization: &'static Organization,
        loaded: Vec<Loaded>,
    ) -> Result<(), Error> {
        let id = organization_id(&self.secret, organization);
        let plan = Plan {
            company: organization.name.to_owned(),
            region: self.region("india")?,
            activity: self.sized(organization.own),
            days: DAYS,
            stopped: 0,
            first_number: self.first_number(organization),
            currency: "INR".to_owned(),
            is_charged: true,
            now: self.now,
            first_agent: self.first_agent(id.into()),
        };
        let (region, recharge) = (plan.region.clone(), organization.own.recharge_minor);
        let mut charges = self.fill(id, id.into(), plan, false).await?;
        charges.extend(loaded.into_iter().flat_map(|loaded| loaded.charges));
        charges.sort_by_key(|charge| (charge.ended_at, charge.call));
        let scope = self.access.scope_of_job::<RecordCalls>("demo", id, id.into(), region)?;
        let random = self.random(id.into(), "money");
        scope.write(move |tx| pay(tx, &charges, recharge, random)).await
    }

    fn sized(&self, activity: Activity) -> Activity {
        let calls_per_day = activity.calls_per_day * f64::from(self.size.calls_percent) / 100.0;
        let recorded_days = if self.size.all_recent_recordings { activity.recorded_days } else { 0 };
        Activity { calls_per_day, recorded_days, ..activity }
    }

    fn first_number(&self, organization: &Organization) -> u32 {
        match organization.domain {
            "northwind" => 0,
            "southwind" => 200,
            _ => 300,
        }
    }

    fn first_agent(&self, account: AccountId) -> AgentId {
        // Of the account's moment, not of this loading's: whoever loads must get the same.
        let millis = u64::try_from(account.uuid().as_u128() >> 80).unwrap_or(0);
        AgentId::from_uuid(derived_id(&self.secret, &format!("agent of {account}"), millis))
    }

    fn random(&self, account: AccountId, purpose: &str) -> StdRng {
        StdRng::from_seed(derived(&self.secret, &format!("{purpose} of {account}")))
    }

    /// Fills an account with content, counts it, and charges it where it has a wallet of
    /// its own.
    async fn fill(
        &self,
        organization: OrganizationId,
        account: AccountId,
        plan: Plan,
        charged: bool,
    ) -> Result<Vec<Charge>, Error> {
        let (region, activity, is_charged) = (plan.region.clone(), plan.activity, plan.is_charged);
        let scope = self.access.scope_of_job::<RecordCalls>("demo", organization, account, region.clone())?;
        let workspace = scope.read(workspaces::default).await?;
        let mut random = self.random(account, "content");
        scope
            .write_region(move |tx| {
                // Whoever enters the first agent enters everything.
                let content = content::make(&plan, workspace, &mut random);
                let first = content.agents.get(..1).unwrap_or_default();
                if !first.is_empty() && agents::enter(tx, first)? == 1 {
                    agents::enter(tx, &content.agents[1..])?;
                    numbers::enter(tx, &content.numbers)?;
                    record::enter(tx, &content.calls)?;
                }
                // Calls are records themselves: the log does not repeat them.
                Ok(Change::none(()))
            })
            .await?;
        // From here on the calls are as they were kept, by this loading or an earlier one.
        let charges = scope.read_region(move |tx| charges(tx, &region)).await?;
        let registered = scope.read_region(numbers::list).await?;
        let registered: Vec<_> = registered.into_iter().map(|(number, _)| (number.id, number.e164)).collect();
        let (counted, random) = (charges.clone(), self.random(account, "money"));
        scope
            .write(move |tx| {
                numbers::register(tx, &registered)?;
                idempotency::once(tx, "demo.count", &once_key()?, &(), |tx| {
                    usage::record(tx, &money::additions(&counted, is_charged))?;
                    usage::peaks::enter(tx, &money::peaks(&counted))?;
                    Ok(Change::none(()))
                })?;
                if charged {
                    pay(tx, &counted, activity.recharge_minor, random)
                } else {
                    Ok(Change::none(()))
                }
            })
            .await?;
        recordings::make(&scope, &self.voices, self.size.recordings, activity.recorded_days).await?;
        Ok(charges)
    }
}

/// Posts recharges and charges, once.
fn pay(
    tx: &mut Tx<'_, RecordCalls>,
    charges: &[Charge],
    recharge: i64,
    mut random: StdRng,
) -> Result<Change<()>, Error> {
    idempotency::once(tx, "demo.pay", &once_key()?, &(), |tx| {
        ledger::post_all(tx, &money::entries(charges, recharge, &mut random)?)?;
        Ok(Change::none(()))
    })
}

/// Creates a sub-account as its parent's owner does, and dates it back.
async fn create(
    scope: &Scope<ManageSubAccounts>,
    at: u16,
    sub_account: &'static SubAccount,
    region: &Region,
) -> Result<SubAccountId, Error> {
    let input = NewSubAccountInput {
        name: sub_account.name.to_owned(),
        billing_mode: sub_account.billing_mode.as_str().to_owned(),
        region: region.as_str().to_owned(),
        concurrency_limit: Some(sub_account.limit.into()),
        external_id: Some(format!("demo-{}", sub_account.slug)),
    };
    let new = NewSubAccount::check(&input, [region])?;
    // The longest there came first, one after the other.
    let age = if sub_account.age > DAYS { sub_account.age + 160 - 6 * at } else { sub_account.age };
    let age = Duration::days(age.into());
    scope
        .write(move |tx| {
            let key = IdempotencyKey::parse("key", sub_account.slug)?;
            idempotency::once(tx, "demo.create", &key, &(), |tx| {
                let change = sub_accounts::create(tx, &new)?;
                diesel::update(rows::table.find((tx.organization(), change.value().id)))
                    .set(rows::created_at.eq(OffsetDateTime::now_utc() - age))
                    .execute(tx.connection())?;
                Ok(change)
            })
        })
        .await
        .map(|made| made.id)
}

async fn suspend(scope: &Scope<ManageSubAccounts>, id: SubAccountId, days: u16) -> Result<(), Error> {
    scope
        .write(move |tx| {
            let change = lifecycle::suspend(tx, id)?;
            if *change.value() {
                let since = OffsetDateTime::now_utc() - Duration::days(days.into());
                diesel::update(rows::table.find((tx.organization(), id)))
                    .set(rows::suspended_at.eq(since))
                    .execute(tx.connection())?;
            }
            Ok(change)
        })
        .await?;
    Ok(())
}

/// The calls of an account as they are charged, in the order of their end.
fn charges(tx: &mut RegionTx<'_, RecordCalls>, region: &Region) -> Result<Vec<Charge>, Error> {
    let agents = agent_rows::table
        .select((agent_rows::agent_id, agent_rows::pipeline))
        .load::<(AgentId, Pipeline)>(tx.connection())?;
    let rates: HashMap<_, _> =
        agents.into_iter().map(|(agent, pipeline)| (agent, content::rate(pipeline, region))).collect();
    let rate = |call: &Call| call.agent.and_then(|agent| rates.get(&agent)).copied().unwrap_or(0);
    let (mut charges, mut part) = (Vec::new(), Part::Newest);
    loop {
        let page = list::page(tx, &Filter::default(), part, 2_000)?;
        let last = page.rows.last().map(|call| call.id);
        charges.extend(page.rows.into_iter().map(|call| Charge {
            call: call.id,
            of: None,
            made_at: call.created_at,
            ended_at: call.ended_at.unwrap_or(call.created_at),
            answered: call.answered_at.is_some(),
            minutes: call.minutes(),
            minor: call.minutes() * rate(&call),
        }));
        match last.filter(|_| page.has_older) {
            Some(id) => part = Part::OlderThan(id),
            None => break,
        }
    }
    charges.sort_by_key(|charge| (charge.ended_at, charge.call));
    Ok(charges)
}
