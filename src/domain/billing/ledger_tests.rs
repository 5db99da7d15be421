//! The arithmetic of the ledger against a simple model.

use proptest::prelude::*;
use time::macros::datetime;

use super::*;

fn empty(ledger_account: LedgerAccount) -> Book {
    Book {
        ledger_account,
        currency: "INR".to_owned(),
        balance_minor: 0,
        held_minor: 0,
        last_sequence: 0,
        spend_cap_minor: None,
        spent_on: None,
        spent_minor: 0,
        low_balance_minor: None,
        low_since: None,
        low_told_at: None,
        recharge_below_minor: None,
        recharge_due_since: None,
    }
}

fn empty_books() -> Books {
    LedgerAccount::ALL.iter().map(|account| (*account, empty(*account))).collect()
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let at = datetime!(2026-11-24 10:00 UTC);
    let amount = prop_oneof![1..500_i64, Just(i64::MAX), Just(i64::MAX / 2)];
    let one = (any::<bool>(), amount).prop_map(move |(recharge, minor)| {
        if recharge { Entry::recharge(minor, "", at) } else { Entry::call(minor, CallId::new(), at) }.unwrap()
    });
    prop::collection::vec(one, 0..40)
}

proptest! {
    #[test]
    fn books_balance_and_the_wallet_never_goes_below_zero(entries in entries()) {
        let mut books = empty_books();
        let (mut wallet, mut total) = (0_i64, 0_usize);
        for entry in &entries {
            let before = books.clone();
            let wanted = entry.postings.iter().find(|(account, _)| *account == LedgerAccount::Wallet).unwrap().1;
            match apply(&mut books, std::slice::from_ref(entry), None) {
                Ok((ids, rows)) => {
                    wallet += wanted;
                    total += rows.len();
                    prop_assert_eq!(ids.len(), 1);
                    prop_assert_eq!(rows.iter().map(|row| i128::from(row.amount_minor)).sum::<i128>(), 0);
                }
                Err(Error::Unpaid { .. }) => {
                    prop_assert!(wallet.checked_add(wanted).is_some_and(|left| left < 0));
                    books = before;
                }
                Err(Error::Invalid(_)) => books = before,
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
            prop_assert_eq!(books[&LedgerAccount::Wallet].balance_minor, wallet);
            prop_assert!(wallet >= 0);
            prop_assert_eq!(books.values().map(|book| i128::from(book.balance_minor)).sum::<i128>(), 0);
        }
        let counted: i64 = books.values().map(|book| book.last_sequence).sum();
        prop_assert_eq!(usize::try_from(counted).unwrap(), total);
    }
}

#[test]
fn an_entry_that_makes_money_is_refused() {
    let at = datetime!(2026-11-24 10:00 UTC);
    let mut entry = Entry::recharge(100, "UPI 1", at).unwrap();
    entry.postings[0].1 = -99;
    assert!(matches!(check(&entry), Err(Error::Internal(_))));
    entry.postings = vec![(LedgerAccount::Wallet, 5), (LedgerAccount::Wallet, -5)];
    assert!(matches!(check(&entry), Err(Error::Internal(_))));
    entry.postings.clear();
    assert!(matches!(check(&entry), Err(Error::Internal(_))));
    assert!(Entry::recharge(0, "", at).is_err() && Entry::call(-1, CallId::new(), at).is_err());
}
