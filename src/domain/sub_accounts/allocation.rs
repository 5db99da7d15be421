//! How an organization's concurrency is shared out (`domain.md` 3.2, 3.3).
//!
//! Allocations + parent reserved = total, always. What can still be given away is less
//! than what the parent has reserved by the calls that are in progress outside of any
//! allocation: the parent's own, and those of a sub-account whose limit was lowered
//! below what it was using.

use diesel::prelude::*;

use crate::{
    access::{
        Overview, Tx,
        permission::{Includes, ManageSubAccounts, View},
    },
    error::Error,
    schema::control::{organizations, slots, sub_accounts},
    values::{AccountId, OrganizationId, SubAccountId},
};

/// The shares of an organization's total concurrency, in calls at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Allocation {
    /// What the organization has in all.
    pub total: i32,
    /// The sum of its sub-accounts' limits.
    pub allocated: i32,
    /// The sum of the greater of limit and slots in use, over the sub-accounts.
    pub claimed: i32,
    /// The parent's own calls in progress.
    pub parent_in_use: i32,
}

impl Allocation {
    /// What is left for the parent's own calls.
    pub fn parent_reserved(&self) -> i32 {
        self.total - self.allocated
    }

    /// What can be allocated now without calls in progress ever exceeding the total.
    pub fn free(&self) -> i32 {
        (self.total - self.claimed - self.parent_in_use).max(0)
    }

    /// The allocation after a share's limit went from `from` to `to` while it uses
    /// `in_use` slots. Out-of-range sums saturate: they are refused as too large.
    pub fn with(self, from: i32, to: i32, in_use: i32) -> Self {
        let claim = |limit: i32| limit.max(in_use);
        Self {
            allocated: self.allocated.saturating_sub(from).saturating_add(to),
            claimed: self.claimed.saturating_sub(claim(from)).saturating_add(claim(to)),
            ..self
        }
    }

    /// By how many calls this allocation exceeds the total; 0 when it fits.
    pub fn excess(&self) -> i32 {
        self.claimed.saturating_add(self.parent_in_use).saturating_sub(self.total).max(0)
    }
}

pub(super) type Columns = (
    organizations::total_concurrency,
    organizations::allocated_concurrency,
    organizations::claimed_concurrency,
    organizations::slots_in_use,
);

pub(super) const COLUMNS: Columns = (
    organizations::total_concurrency,
    organizations::allocated_concurrency,
    organizations::claimed_concurrency,
    organizations::slots_in_use,
);

/// The shares now.
pub fn current(tx: &mut Overview<'_>) -> Result<Allocation, Error> {
    let organization = tx.organization();
    Ok(organizations::table.find(organization).select(COLUMNS).first(tx.connection())?)
}

/// Slots that count in an organization.
#[diesel::dsl::auto_type]
pub(super) fn held(organization: OrganizationId) -> _ {
    // Slots are at most as many as the total concurrency, and lie together in the primary key;
    // the kept counters would have to be added up over every sub-account.
    slots::table
        .filter(slots::organization_id.eq(organization))
        .filter(slots::reclaimed_at.is_null())
        .count()
        .single_value()
}

/// Slots held now over the organization: the parent's and its sub-accounts' calls in
/// progress. One whose place was given back no longer counts, even while its row waits
/// to be closed.
pub fn in_use(tx: &mut Overview<'_>) -> Result<i64, Error> {
    let held: Option<i64> = diesel::select(held(tx.organization())).get_result(tx.connection())?;
    Ok(held.unwrap_or(0))
}

/// Calls in progress of one account, and how many it may have at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct InUse {
    /// Whose: a sub-account of the organization.
    pub id: SubAccountId,
    /// Its calls in progress.
    pub in_use: i32,
    /// Its limit.
    pub limit: i32,
}

/// The organization's calls in progress with its total, and those of some of its
/// sub-accounts; ids that are none of them are left out.
pub fn now_in_use(tx: &mut Overview<'_>, ids: &[SubAccountId]) -> Result<(i64, i32, Vec<InUse>), Error> {
    let organization = tx.organization();
    let (total, held) = organizations::table
        .find(organization)
        .select((organizations::total_concurrency, held(organization)))
        .first::<(i32, Option<i64>)>(tx.connection())?;
    let rows = sub_accounts::table
        .filter(sub_accounts::organization_id.eq(organization).and(sub_accounts::sub_account_id.eq_any(ids)))
        .select((sub_accounts::sub_account_id, sub_accounts::slots_in_use, sub_accounts::concurrency_limit))
        .load(tx.connection())?;
    Ok((held.unwrap_or(0), total, rows))
}

/// One account's own calls in progress, and how many it may have: a sub-account's limit,
/// or what an organization keeps for itself.
pub fn own<P: Includes<View>>(tx: &mut Tx<'_, P>) -> Result<(i32, i32), Error> {
    match tx.account().id {
        AccountId::SubAccount(id) => Ok(sub_accounts::table
            .filter(sub_accounts::sub_account_id.eq(id))
            .select((sub_accounts::slots_in_use, sub_accounts::concurrency_limit))
            .first(tx.connection())?),
        AccountId::Organization(id) => {
            let shares: Allocation = organizations::table.find(id).select(COLUMNS).first(tx.connection())?;
            Ok((shares.parent_in_use, shares.parent_reserved()))
        }
    }
}

/// The shares, locked until the transaction ends: whoever changes a limit passes here,
/// so that two changes together cannot exceed the total.
pub fn lock(tx: &mut Tx<'_, ManageSubAccounts>) -> Result<Allocation, Error> {
    let organization = tx.organization();
    Ok(organizations::table.find(organization).select(COLUMNS).for_update().first(tx.connection())?)
}

/// The shares now, in the parent's own transaction, without a lock.
pub fn of(tx: &mut Tx<'_, ManageSubAccounts>) -> Result<Allocation, Error> {
    let organization = tx.organization();
    Ok(organizations::table.find(organization).select(COLUMNS).first(tx.connection())?)
}

/// One who holds a share.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Holder {
    /// Which sub-account.
    pub id: SubAccountId,
    /// Its name.
    pub name: String,
    /// Its limit.
    pub limit: i32,
    /// Its calls in progress.
    pub in_use: i32,
}

/// Why an allocation was refused: how much was free, and who holds the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The shares as they are.
    pub allocation: Allocation,
    /// By how many calls the wish exceeds what is free.
    pub excess: i32,
    /// Those who hold most, largest first.
    pub holders: Vec<Holder>,
    /// How many sub-accounts hold something besides these.
    pub others: i64,
    /// What those hold together.
    pub others_hold: i32,
}

/// The largest holders of concurrency, largest first.
pub fn largest(tx: &mut Overview<'_>) -> Result<Vec<Holder>, Error> {
    let organization = tx.organization();
    Ok(sub_accounts::table
        .filter(sub_accounts::organization_id.eq(organization))
        .order((sub_accounts::concurrency_limit.desc(), sub_accounts::sub_account_id.desc()))
        .limit(4)
        .select((
            sub_accounts::sub_account_id,
            sub_accounts::name,
            sub_accounts::concurrency_limit,
            sub_accounts::slots_in_use,
        ))
        .load(tx.connection())?)
}

/// How many holders are named.
const NAMED_HOLDERS: i64 = 5;

/// Who holds the concurrency that is not free.
pub fn shortage(
    tx: &mut Tx<'_, ManageSubAccounts>,
    allocation: Allocation,
    excess: i32,
) -> Result<Shortage, Error> {
    let organization = tx.organization();
    let holding = sub_accounts::organization_id.eq(organization).and(sub_accounts::concurrency_limit.gt(0));
    let holders: Vec<Holder> = sub_accounts::table
        .filter(holding)
        .order((sub_accounts::concurrency_limit.desc(), sub_accounts::sub_account_id.desc()))
        .limit(NAMED_HOLDERS)
        .select((
            sub_accounts::sub_account_id,
            sub_accounts::name,
            sub_accounts::concurrency_limit,
            sub_accounts::slots_in_use,
        ))
        .load(tx.connection())?;
    let count: i64 = sub_accounts::table.filter(holding).count().get_result(tx.connection())?;
    let named: i32 = holders.iter().map(|holder| holder.limit).sum();
    Ok(Shortage {
        allocation,
        excess,
        others: count - i64::try_from(holders.len()).unwrap_or(0),
        others_hold: allocation.allocated - named,
        holders,
    })
}

/// The code of a refusal because of concurrency that is not free.
pub const CONCURRENCY_UNAVAILABLE: &str = "concurrency_unavailable";

impl From<Shortage> for Error {
    fn from(shortage: Shortage) -> Self {
        Self::Conflict { code: CONCURRENCY_UNAVAILABLE, message: shortage.to_string() }
    }
}

impl std::fmt::Display for Shortage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "That is {} more than is free. {} of {} calls are free.",
            self.excess,
            self.allocation.free(),
            self.allocation.total
        )?;
        if let Some((first, rest)) = self.holders.split_first() {
            write!(f, " Allocated: {} {}", first.name, first.limit)?;
            for holder in rest {
                write!(f, ", {} {}", holder.name, holder.limit)?;
            }
            if self.others > 0 {
                write!(f, " and {} in {} others", self.others_hold, self.others)?;
            }
            f.write_str(".")?;
        }
        let uncovered = self.allocation.claimed - self.allocation.allocated + self.allocation.parent_in_use;
        if uncovered > 0 {
            write!(f, " Calls in progress outside of these shares: {uncovered}.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXAMPLE: Allocation = Allocation { total: 200, allocated: 100, claimed: 100, parent_in_use: 0 };

    #[test]
    fn the_parent_keeps_what_is_not_allocated() {
        // domain.md 3.2: 200 = 50 + 30 + 20 + 100.
        assert_eq!(EXAMPLE.parent_reserved(), 100);
        assert_eq!(EXAMPLE.free(), 100);
    }

    #[test]
    fn a_limit_lowered_below_use_frees_only_what_is_not_in_use() {
        let lowered = EXAMPLE.with(50, 10, 30);
        assert_eq!(lowered.allocated, 60);
        assert_eq!(lowered.free(), 120, "30 calls are still in progress");
    }

    proptest! {
        #[test]
        fn a_change_and_its_reverse_leave_everything_as_it_was(from in 0..500i32, to in 0..500i32, in_use in 0..500i32) {
            let start = Allocation { total: 1_000, allocated: from, claimed: from.max(in_use), parent_in_use: 0 };
            prop_assert_eq!(start.with(from, to, in_use).with(to, from, in_use), start);
        }

        #[test]
        fn absurd_limits_are_excess_not_overflow(to in 0..=i32::MAX) {
            let after = EXAMPLE.with(50, to, 0);
            prop_assert_eq!(after.excess() > 0, i64::from(to) > 150);
        }
    }
}
