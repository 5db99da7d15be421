//! Who can be called and who calls: the accounts of a key, with their numbers and agents.

use std::collections::BTreeMap;

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;

use super::{
    client::{Client, Kind, Trouble},
    wire::{Agents, Me, Numbers, SubAccount, SubAccounts},
};

/// An account with what calls need.
#[derive(Debug, Clone)]
pub struct Account {
    /// Before `/calls` and the like.
    pub path: String,
    pub name: String,
    /// Where its calls live: what its customers speak.
    pub region: String,
    /// How much of the traffic is its: more where more is allowed.
    weight: u32,
    /// Numbers that agents answer.
    pub numbers: Vec<String>,
    /// Agents that call.
    pub agents: Vec<String>,
}

/// The share of an organization's own calls, beside its sub-accounts' limits.
const OWN_WEIGHT: u32 = 5;

/// All accounts that the key reaches.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    all: Vec<Account>,
    /// Which account each number belongs to.
    by_number: BTreeMap<String, usize>,
}

impl Accounts {
    /// Reads them; what is known of accounts that had numbers and agents `before` is kept.
    ///
    /// # Errors
    /// [`Trouble`] of the first request that failed.
    pub async fn read(client: &Client, before: &Self) -> Result<Self, Trouble> {
        let me: Me = get(client, "/v1/me").await?;
        let mut found = Vec::new();
        let organization = me.account.kind == "organization";
        let path = if organization { "/v1/organization" } else { "/v1" };
        found.push((path.to_owned(), me.account.name, String::new(), OWN_WEIGHT));
        // An organization's sub-accounts too, page by page.
        let mut next = organization.then_some(1);
        while let Some(page) = next {
            let path = format!("/v1/sub-accounts?limit=100&page={page}");
            let list: SubAccounts = get(client, &path).await?;
            found.extend(list.data.into_iter().map(
                |SubAccount { sub_account_id, name, region, concurrency_limit }| {
                    (format!("/v1/sub-accounts/{sub_account_id}"), name, region, concurrency_limit.max(1))
                },
            ));
            next = Some(page + 1).filter(|page| *page <= list.meta.total_pages);
        }
        let mut accounts = Self::default();
        for (path, name, region, weight) in found {
            let known = before.all.iter().find(|known| known.path == path);
            let (numbers, agents) = match known.filter(|known| !known.numbers.is_empty()) {
                Some(known) => (known.numbers.clone(), known.agents.clone()),
                None => lines(client, &path).await?,
            };
            accounts.add(Account { path, name, region, weight, numbers, agents });
        }
        Ok(accounts)
    }

    fn add(&mut self, account: Account) {
        let at = self.all.len();
        self.by_number.extend(account.numbers.iter().map(|number| (number.clone(), at)));
        self.all.push(account);
    }

    /// The account of this number.
    pub fn of_number(&self, number: &str) -> Option<&Account> {
        self.all.get(*self.by_number.get(number)?)
    }

    /// A number that somebody calls.
    pub fn called<'a>(&'a self, random: &mut StdRng) -> Option<(&'a Account, &'a str)> {
        let account = self.one(random, |account| !account.numbers.is_empty())?;
        Some((account, account.numbers.choose(random)?))
    }

    /// An agent that calls somebody.
    pub fn calling<'a>(&'a self, random: &mut StdRng) -> Option<(&'a Account, &'a str)> {
        let account =
            self.one(random, |account| !account.agents.is_empty() && !account.numbers.is_empty())?;
        Some((account, account.agents.choose(random)?))
    }

    fn one(&self, random: &mut StdRng, fits: impl Fn(&Account) -> bool) -> Option<&Account> {
        let fitting: Vec<_> = self.all.iter().filter(|account| fits(account)).collect();
        fitting.choose_weighted(random, |account| account.weight).ok().copied()
    }

    /// Whether nobody can be called.
    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }
}

async fn get<T: serde::de::DeserializeOwned>(client: &Client, path: &str) -> Result<T, Trouble> {
    client.send(Kind::List, client.program(Method::GET, path)).await
}

/// The numbers of an account that agents answer, and the agents that call: those of its
/// numbers or, where no number names one, any. Of each the latest are enough.
async fn lines(client: &Client, path: &str) -> Result<(Vec<String>, Vec<String>), Trouble> {
    let numbers: Numbers = get(client, &format!("{path}/organization-phone-numbers?limit=100")).await?;
    let mut agents: Vec<_> =
        numbers.items.iter().filter_map(|number| number.outbound_agent_id.clone()).collect();
    if agents.is_empty() && !numbers.items.is_empty() {
        let found: Agents = get(client, &format!("{path}/agents?limit=100")).await?;
        agents = found.agents.into_iter().map(|agent| agent.id).collect();
    }
    let answered = numbers.items.into_iter().filter(|number| number.inbound_agent_id.is_some());
    Ok((answered.map(|number| number.phone_number).collect(), agents))
}

/// Somebody's number in a region: like real ones, of those that samples are made of.
pub fn somebody(random: &mut StdRng, region: &str) -> String {
    match region {
        "us" => format!("+120655501{:02}", random.random_range(0..100)),
        "eu" => format!("+4915100000{:03}", random.random_range(0..1_000)),
        _ => format!("+9198765{:05}", random.random_range(10_000..60_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::E164;
    use rand::SeedableRng;

    fn account(path: &str, weight: u32, numbers: &[&str]) -> Account {
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        Account {
            path: path.into(),
            name: path.into(),
            region: "india".into(),
            weight,
            numbers,
            agents: Vec::new(),
        }
    }

    #[test]
    fn who_may_have_more_calls_gets_more_and_who_has_no_number_gets_none() {
        let mut accounts = Accounts::default();
        accounts.add(account("small", 1, &["+1"]));
        accounts.add(account("mute", 90, &[]));
        accounts.add(account("large", 9, &["+2", "+3"]));
        let mut random = StdRng::seed_from_u64(1);
        let called: Vec<_> = (0..500).filter_map(|_| accounts.called(&mut random)).collect();
        let large = called.iter().filter(|(account, _)| account.path == "large").count();
        assert!(called.len() == 500 && (400..490).contains(&large), "{large}");
        assert!(called.iter().all(|(account, number)| account.numbers.iter().any(|own| own == number)));
        assert_eq!(accounts.of_number("+3").map(|account| account.name.as_str()), Some("large"));
        assert!(accounts.calling(&mut random).is_none());
    }

    #[test]
    fn those_who_call_have_numbers_that_can_exist() {
        let mut random = StdRng::seed_from_u64(1);
        for region in ["india", "us", "eu", "elsewhere"] {
            for _ in 0..50 {
                let number = somebody(&mut random, region);
                assert!(E164::parse(&number).is_ok(), "{number}");
            }
        }
    }
}
