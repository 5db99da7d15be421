//! What calls took from a wallet in a month, as lines of an invoice.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Nullable, Timestamptz, Uuid as SqlUuid},
};
use uuid::Uuid;

use crate::{
    access::{Tx, permission::ManageSubAccounts},
    error::Error,
    values::SubAccountId,
};

use super::Month;

/// The postings of one line, summed up.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(super) struct Sum {
    /// The consolidated sub-account whose calls they were.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    charged_for: Option<Uuid>,
    /// Whether they set earlier charges right.
    #[diesel(sql_type = Bool)]
    pub is_correction: bool,
    #[diesel(sql_type = BigInt)]
    pub calls: i64,
    #[diesel(sql_type = BigInt)]
    pub minutes: i64,
    /// What came into the wallet, which is less than nothing for calls.
    #[diesel(sql_type = BigInt)]
    pub amount: i64,
    #[diesel(sql_type = BigInt)]
    pub first: i64,
    #[diesel(sql_type = BigInt)]
    pub last: i64,
}

impl Sum {
    pub(super) fn sub_account(&self) -> Option<SubAccountId> {
        self.charged_for.map(SubAccountId::from_uuid)
    }
}

/// Sums up the charges of a month in the wallet of the account that the transaction is on.
///
/// In SQL, because the typed DSL has no aggregates with conditions over groups. A correction
/// counts when its other side is what calls earned; what a credit note gave back does not: its
/// note accounts for it.
pub(super) fn of_month(tx: &mut Tx<'_, ManageSubAccounts>, month: Month) -> Result<Vec<Sum>, Error> {
    let query = sql_query(
        "SELECT p.charged_for, p.kind = 'correction' AS is_correction,
                count(*) FILTER (WHERE p.kind = 'call') AS calls,
                coalesce(sum(p.minutes), 0)::bigint AS minutes, sum(p.amount_minor)::bigint AS amount,
                min(p.sequence) AS first, max(p.sequence) AS last
         FROM ledger_postings p
         WHERE p.organization_id = $1 AND p.account_id = $2 AND p.ledger_account = 'wallet'
           AND p.occurred_at >= $3 AND p.occurred_at < $4 AND p.invoice_id IS NULL
           AND (p.kind = 'call' OR p.kind = 'correction' AND EXISTS (
               SELECT FROM ledger_postings o
               WHERE (o.organization_id, o.account_id, o.transaction_id)
                   = (p.organization_id, p.account_id, p.transaction_id)
                 AND o.ledger_account IN ('usage', 'margin')))
         GROUP BY 1, 2 ORDER BY p.charged_for NULLS FIRST, 2",
    );
    let (organization, account) = (tx.organization().uuid(), tx.tenant().uuid());
    Ok(query
        .bind::<SqlUuid, _>(organization)
        .bind::<SqlUuid, _>(account)
        .bind::<Timestamptz, _>(month.begins())
        .bind::<Timestamptz, _>(month.ends())
        .load(tx.connection())?)
}
