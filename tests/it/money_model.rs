//! Wallets against a simple model: whatever is paid in, held, extended, settled, lost, switched and
//! undone in whatever order, no wallet goes below zero, nothing is lost and nothing counts twice.
//!
//! `MONEY_STEPS` and `MONEY_SEED` choose how long and which; a seed that failed is told.

use std::{collections::BTreeMap, env, sync::Arc, time::Duration};

use dialnexa::{
    access::{
        Access, Change, Scope,
        permission::{ManageSubAccounts, PushFunds, RecordCalls},
    },
    domain::{
        billing::{
            ledger::{self, Entry},
            rates::{self, Speaking},
            reversal,
            verify::{self, Report},
        },
        limits::{
            admission::{self, Asking, Verdict},
            leases::{self, Renewal},
            settlement::{Ended, Settled},
            together::Together,
        },
        sub_accounts::{lifecycle, recharge},
        usage::Addition,
    },
    error::Error,
    values::{
        AccountId, BillingMode, CallId, Direction, Money, OrganizationId, SubAccountId, TransactionId,
        indian_day,
    },
};
use futures_util::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use time::OffsetDateTime;

use crate::world::World;

const STEPS: usize = 600;

/// Telephony and the standard model, in paise per started minute.
const COST: i64 = 60 + 85;

/// A call in progress as the model has it.
#[derive(Debug, Clone)]
struct Call {
    account: AccountId,
    payer: BillingMode,
    /// What a minute draws.
    minute: i64,
    held: i64,
    /// Whole minutes since it was answered.
    spoken: Option<i64>,
}

/// What the database must come to.
#[derive(Debug, Default)]
struct Model {
    /// What is in each wallet, charges that wait taken off.
    wallets: BTreeMap<AccountId, i64>,
    modes: BTreeMap<SubAccountId, BillingMode>,
    prices: BTreeMap<SubAccountId, Option<i64>>,
    calls: BTreeMap<CallId, Call>,
    /// Entries that can be undone: whose, and what comes back into the wallet.
    charged: Vec<(AccountId, TransactionId, i64)>,
    paid_in: i64,
    uncollected: i64,
}

/// What a call of so many minutes adds to today.
fn addition(minutes: i64) -> Addition {
    Addition {
        day: indian_day(OffsetDateTime::now_utc()),
        calls: 1,
        answered: i64::from(minutes > 0),
        minutes,
        cost_minor: 0,
        margin_minor: 0,
        last_call_at: None,
    }
}

struct Bank {
    world: World,
    together: Together,
    organization: OrganizationId,
    sub_accounts: Vec<SubAccountId>,
}

impl Bank {
    fn access(&self) -> &Arc<Access> {
        &self.world.access
    }

    fn scope(&self, account: AccountId) -> Scope<RecordCalls> {
        let region = "india".parse().unwrap();
        self.access().scope_of_job("model", self.organization, account, region).unwrap()
    }

    fn parent<P: dialnexa::access::permission::Permission>(&self) -> Scope<P> {
        let region = "india".parse().unwrap();
        self.access().scope_of_job("model", self.organization, self.organization.into(), region).unwrap()
    }

    fn payer(&self, call: &Call) -> AccountId {
        match call.payer {
            BillingMode::Isolated => call.account,
            BillingMode::Consolidated => self.organization.into(),
        }
    }

    async fn verify(&self) -> Report {
        self.parent::<ManageSubAccounts>().overview(verify::verify).await.unwrap()
    }

    /// What is in a wallet when what waits is posted.
    fn wallet(&self, account: AccountId) -> i64 {
        let id = account.uuid();
        let waiting = match account {
            AccountId::Organization(_) => {
                format!("(SELECT coalesce(sum(cost_minor), 0) FROM charges WHERE organization_id = '{id}')")
            }
            AccountId::SubAccount(_) => "0".to_owned(),
        };
        self.world
            .count(&format!(
                "SELECT balance_minor - {waiting} FROM ledger_accounts
             WHERE account_id = '{id}' AND ledger_account = 'wallet'"
            ))
            .into()
    }
}

impl Model {
    fn held_of(&self, bank: &Bank, wallet: AccountId) -> i64 {
        self.calls.values().filter(|call| bank.payer(call) == wallet).map(|call| call.held).sum()
    }

    fn available(&self, bank: &Bank, wallet: AccountId) -> i64 {
        self.wallets[&wallet] - self.held_of(bank, wallet)
    }

    fn terms(&self, account: AccountId) -> (BillingMode, i64) {
        let AccountId::SubAccount(id) = account else { return (BillingMode::Consolidated, COST) };
        match self.modes[&id] {
            BillingMode::Isolated => (BillingMode::Isolated, self.prices[&id].unwrap_or(0).max(COST)),
            BillingMode::Consolidated => (BillingMode::Consolidated, COST),
        }
    }

    async fn recharge(&mut self, bank: &Bank, random: &mut StdRng, account: AccountId) {
        let minor = random.random_range(1..4_000);
        let entry = Entry::recharge(minor, "UPI 7", OffsetDateTime::now_utc()).unwrap();
        bank.scope(account).write(move |tx| ledger::post(tx, entry).map(Change::none)).await.unwrap();
        *self.wallets.get_mut(&account).unwrap() += minor;
        self.paid_in += minor;
    }

    async fn push(&mut self, bank: &Bank, random: &mut StdRng, to: SubAccountId) {
        let minor = random.random_range(1..3_000);
        let organization = bank.organization.into();
        let pushed = bank
            .parent::<PushFunds>()
            .write(move |tx| recharge::recharge(tx, to, &Money::new(minor, "INR"), "model"))
            .await;
        match pushed {
            Ok(_) => {
                assert!(
                    self.available(bank, organization) >= minor && self.modes[&to] == BillingMode::Isolated
                );
                *self.wallets.get_mut(&organization).unwrap() -= minor;
                *self.wallets.get_mut(&to.into()).unwrap() += minor;
            }
            Err(Error::Unpaid { .. }) => assert!(self.available(bank, organization) < minor),
            Err(Error::Conflict { code: "wallet_frozen", .. }) => {
                assert_eq!(self.modes[&to], BillingMode::Consolidated);
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn admit(&mut self, bank: &Bank, account: AccountId, dies: bool) {
        let call = CallId::new();
        let speaking = Speaking { llm: Some("llm_gpt_4_1_mini".into()), ..Speaking::default() };
        let lease = Duration::from_secs(3_600);
        let asking =
            Asking { call, direction: Direction::Inbound, engine: None, reference: None, lease, speaking };
        let (payer, minute) = self.terms(account);
        let verdict = bank
            .scope(account)
            .write(move |tx| {
                let verdict = admission::admit(tx, &asking)?;
                // Whoever is killed before the commit has done nothing.
                if dies { Err(Error::Busy) } else { Ok(verdict) }
            })
            .await;
        let wallet = match payer {
            BillingMode::Isolated => account,
            BillingMode::Consolidated => bank.organization.into(),
        };
        match verdict {
            Ok(Verdict::Admitted(terms)) => {
                assert_eq!((terms.payer, terms.minute()), (payer, minute));
                assert!(self.available(bank, wallet) >= minute, "admitted without funds");
                self.calls.insert(call, Call { account, payer, minute, held: minute, spoken: None });
            }
            Ok(Verdict::Refused(refusal)) => {
                assert_eq!(refusal.code(), "insufficient_balance");
                assert!(self.available(bank, wallet) < minute, "refused with funds");
            }
            Err(Error::Busy) if dies => {}
            other => panic!("{other:?}"),
        }
    }

    /// The next heartbeat of a call, a minute later.
    async fn go_on(&mut self, bank: &Bank, id: CallId) {
        let call = self.calls[&id].clone();
        let scope = bank.scope(call.account);
        let Some(spoken) = call.spoken else {
            scope.write(move |tx| leases::answer(tx, id)).await.unwrap();
            self.calls.get_mut(&id).unwrap().spoken = Some(0);
            return;
        };
        bank.world.force(&format!(
            "UPDATE slots SET answered_at = answered_at - interval '60 s' WHERE call_id = '{}'",
            id.uuid()
        ));
        let spoken = spoken + 1;
        let missing = (spoken + 1) * call.minute - call.held;
        let can = self.available(bank, bank.payer(&call)) >= missing;
        let renewal = scope.write(move |tx| leases::renew(tx, id, Duration::from_secs(3_600))).await.unwrap();
        let kept = self.calls.get_mut(&id).unwrap();
        kept.spoken = Some(spoken);
        match renewal {
            Renewal::Continue => {
                assert!(missing <= 0 || can, "extended without funds");
                kept.held = kept.held.max((spoken + 1) * call.minute);
            }
            Renewal::OutOfFunds(_) => assert!(missing > 0 && !can, "told to end with funds"),
            other => panic!("{other:?}"),
        }
    }

    async fn settle(&mut self, bank: &Bank, id: CallId, twice: bool) {
        let call = self.calls.remove(&id).unwrap();
        let minutes = call.spoken.map_or(0, |spoken| spoken + 1);
        let ended = Ended { call: id, addition: addition(minutes), notices: Vec::new() };
        let scope = bank.scope(call.account);
        let settle = async || bank.together.settle(&scope, ended.clone()).await.unwrap();
        let settled = if twice {
            let both = futures_util::future::join(settle(), settle()).await;
            assert!(both.0 == Settled::Before || both.1 == Settled::Before, "{both:?}");
            if both.0 == Settled::Before { both.1 } else { both.0 }
        } else {
            settle().await
        };
        let Settled::Now(charged) = settled else { panic!("not settled") };
        let wallet = bank.payer(&call);
        // What of it is held, and what of the rest there is.
        let free = self.wallets[&wallet] - self.held_of(bank, wallet) - call.held;
        let affordable = (call.held + free.max(0)) / call.minute;
        assert_eq!(charged.minutes, minutes.min(affordable));
        *self.wallets.get_mut(&wallet).unwrap() -= charged.minutes * call.minute;
        self.uncollected += (minutes - charged.minutes) * call.minute;
        if call.payer == BillingMode::Isolated && charged.minutes > 0 {
            let query = format!(
                "SELECT transaction_id AS id FROM ledger_postings WHERE call_id = '{}' LIMIT 1",
                id.uuid()
            );
            let transaction = TransactionId::from_uuid(bank.world.uuid(&query));
            self.charged.push((call.account, transaction, charged.minutes * call.minute));
        }
    }

    /// Many calls end at once. Only those of which all is held: what others get does not depend on
    /// who is first.
    async fn settle_some(&mut self, bank: &Bank) {
        let is_held = |call: &Call| call.spoken.is_none_or(|spoken| (spoken + 1) * call.minute <= call.held);
        let ending: Vec<_> = self
            .calls
            .iter()
            .filter(|(_, call)| is_held(call))
            .map(|(id, call)| (*id, call.clone()))
            .collect();
        let settled = join_all(ending.iter().map(async |(id, call)| {
            let minutes = call.spoken.map_or(0, |spoken| spoken + 1);
            let ended = Ended { call: *id, addition: addition(minutes), notices: Vec::new() };
            bank.together.settle(&bank.scope(call.account), ended).await.unwrap()
        }))
        .await;
        for ((id, call), settled) in ending.iter().zip(settled) {
            let Settled::Now(charged) = settled else { panic!("not settled: {settled:?}") };
            assert_eq!(charged.minutes, call.spoken.map_or(0, |spoken| spoken + 1));
            self.calls.remove(id);
            *self.wallets.get_mut(&bank.payer(call)).unwrap() -= charged.minutes * call.minute;
        }
    }

    async fn undo(&mut self, bank: &Bank, random: &mut StdRng) {
        let Some((account, transaction, minor)) = self.charged.choose(random).copied() else { return };
        let scope = bank.scope(account);
        let undo = async || scope.write(move |tx| reversal::reverse(tx, transaction, "a fault")).await;
        undo().await.unwrap();
        assert!(matches!(undo().await, Err(Error::Conflict { code: "already_reversed", .. })));
        self.charged.retain(|(_, other, _)| *other != transaction);
        *self.wallets.get_mut(&account).unwrap() += minor;
    }

    async fn switch(&mut self, bank: &Bank, id: SubAccountId) {
        let from = self.modes[&id];
        let to = match from {
            BillingMode::Isolated => BillingMode::Consolidated,
            BillingMode::Consolidated => BillingMode::Isolated,
        };
        bank.parent::<ManageSubAccounts>()
            .write(move |tx| lifecycle::change_billing_mode(tx, id, Some(from), to))
            .await
            .unwrap();
        self.modes.insert(id, to);
    }

    async fn reprice(&mut self, bank: &Bank, random: &mut StdRng, id: SubAccountId) {
        let price = random.random_bool(0.7).then(|| random.random_range(50..400));
        let now = OffsetDateTime::now_utc();
        bank.scope(id.into())
            .write(move |tx| rates::set_price(tx, price, now).map(Change::none))
            .await
            .unwrap();
        self.prices.insert(id, price);
    }

    /// Everything that must hold at every moment.
    async fn check(&self, bank: &Bank) {
        let report = bank.verify().await;
        assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
        for (account, minor) in &self.wallets {
            assert_eq!(bank.wallet(*account), *minor, "the wallet of {account}");
            assert!(self.available(bank, *account) >= 0);
        }
    }
}

#[actix_web::test]
async fn whatever_happens_to_wallets_nothing_is_lost_doubled_or_below_zero() {
    let setting = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = setting("MONEY_SEED").unwrap_or_else(|| rand::rng().random());
    let steps = setting("MONEY_STEPS").and_then(|steps| usize::try_from(steps).ok()).unwrap_or(STEPS);
    println!("MONEY_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::new().await;
    let tenant = world.northwind;
    let mut sub_accounts = vec![tenant.sub_account];
    for name in ["Client 1", "Client 2"] {
        sub_accounts.push(world.sub_account(tenant.organization, tenant.owner, name).await);
    }
    // Money is what is scarce here, not places.
    world.force("UPDATE organizations SET total_concurrency = 100000; UPDATE sub_accounts SET concurrency_limit = 1000");
    let together = Together::new(world.access.clone());
    let bank = Bank { organization: tenant.organization, sub_accounts, together, world };
    let mut model = Model::default();
    model.wallets.insert(bank.organization.into(), 0);
    for id in &bank.sub_accounts {
        model.wallets.insert((*id).into(), 0);
        let is_isolated = format!(
            "SELECT (billing_mode = 'isolated')::integer FROM sub_accounts WHERE sub_account_id = '{}'",
            id.uuid()
        );
        let isolated = bank.world.count(&is_isolated) == 1;
        model.modes.insert(*id, if isolated { BillingMode::Isolated } else { BillingMode::Consolidated });
        model.prices.insert(*id, None);
    }
    for step in 0..steps {
        let sub_account = *bank.sub_accounts.choose(&mut random).unwrap();
        let account =
            if random.random_bool(0.2) { bank.organization.into() } else { AccountId::from(sub_account) };
        let calls: Vec<_> = model.calls.keys().copied().collect();
        match random.random_range(0..100) {
            0..10 => model.recharge(&bank, &mut random, account).await,
            10..17 => model.push(&bank, &mut random, sub_account).await,
            17..47 => {
                let dies = random.random_bool(0.1);
                model.admit(&bank, account, dies).await;
            }
            47..75 => {
                if let Some(id) = calls.choose(&mut random) {
                    model.go_on(&bank, *id).await;
                }
            }
            75..77 => model.settle_some(&bank).await,
            77..90 => {
                if let Some(id) = calls.choose(&mut random) {
                    let twice = random.random_bool(0.2);
                    model.settle(&bank, *id, twice).await;
                }
            }
            90..93 => model.undo(&bank, &mut random).await,
            93..97 => model.switch(&bank, sub_account).await,
            _ => model.reprice(&bank, &mut random, sub_account).await,
        }
        if step % 10 == 0 {
            model.check(&bank).await;
        }
    }
    for id in model.calls.keys().copied().collect::<Vec<_>>() {
        model.settle(&bank, id, true).await;
    }
    model.check(&bank).await;
    // With no call in progress nothing is held but what charges wait for.
    let held = bank.world.count(
        "SELECT (SELECT coalesce(sum(held_minor), 0) FROM allowances)
            + (SELECT coalesce(sum(held_minor), 0) FROM ledger_accounts WHERE account_id <> organization_id)",
    );
    assert_eq!(held, 0);
    assert_eq!(bank.world.count("SELECT sum(balance_minor) FROM ledger_accounts"), 0);
}
