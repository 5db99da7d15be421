//! What an API key may do: areas, each to read or to write (`domain.md` 6.1).

use std::{collections::BTreeSet, fmt, str::FromStr};

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types::{Array, Text},
};
use serde::{Deserialize, Serialize};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type},
};

use super::{
    AccountId, WorkspaceId,
    enumeration::{UnknownWord, words},
};

words! {
    /// A part of the API that a key may be let into.
    KeyArea {
        /// Sub-accounts and their limits: a parent's keys only.
        SubAccounts = "sub_accounts" / "Sub-accounts and limits",
        /// Wallets, transactions and recharges.
        Billing = "billing" / "Wallets and billing",
        /// API keys.
        ApiKeys = "api_keys" / "API keys",
        /// Members and invitations.
        Members = "members" / "Members and invitations",
        /// The audit log.
        AuditLog = "audit_log" / "Audit log",
        /// Counters of calls and minutes.
        Usage = "usage" / "Usage",
        /// Voice agents.
        Agents = "agents" / "Agents",
        /// Phone numbers.
        Numbers = "numbers" / "Phone numbers",
        /// Calls, transcripts and recordings.
        Calls = "calls" / "Calls",
        /// Webhooks.
        Webhooks = "webhooks" / "Webhooks",
    }
}

words! {
    /// How far a key may go in an area.
    KeyLevel {
        /// See.
        Read = "read" / "Read",
        /// See and change.
        Write = "write" / "Read and change",
    }
}

/// One right of a key, such as `agents:read`. To write contains to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyScope {
    /// Where.
    pub area: KeyArea,
    /// How far.
    pub level: KeyLevel,
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.area, self.level)
    }
}

impl FromStr for KeyScope {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (area, level) = text.split_once(':').ok_or(UnknownWord)?;
        Ok(Self { area: area.parse()?, level: level.parse()? })
    }
}

impl TryFrom<String> for KeyScope {
    type Error = UnknownWord;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<KeyScope> for String {
    fn from(scope: KeyScope) -> Self {
        scope.to_string()
    }
}

/// What a key can be made for, which bounds its scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyReach {
    /// A whole organization with its sub-accounts.
    Organization,
    /// A sub-account.
    SubAccount,
    /// One workspace of either.
    Workspace,
}

impl KeyReach {
    /// The reach of a key made in `account`, for one workspace where one is given.
    pub fn of(account: AccountId, workspace: Option<WorkspaceId>) -> Self {
        match (account, workspace) {
            (_, Some(_)) => Self::Workspace,
            (AccountId::Organization(_), None) => Self::Organization,
            (AccountId::SubAccount(_), None) => Self::SubAccount,
        }
    }

    /// The areas that such a key can be let into.
    pub fn areas(self) -> impl Iterator<Item = KeyArea> {
        KeyArea::ALL.iter().copied().filter(move |area| match self {
            Self::Organization => true,
            Self::SubAccount => *area != KeyArea::SubAccounts,
            Self::Workspace => matches!(area, KeyArea::Agents | KeyArea::Numbers | KeyArea::Calls),
        })
    }
}

/// The rights of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[serde(transparent)]
#[diesel(sql_type = Array<Text>)]
pub struct KeyScopes(BTreeSet<KeyScope>);

impl KeyScopes {
    /// All that a key of this reach can have.
    pub fn all(reach: KeyReach) -> Self {
        reach.areas().map(|area| KeyScope { area, level: KeyLevel::Write }).collect()
    }

    /// Whether these rights contain `scope`.
    pub fn allow(&self, scope: KeyScope) -> bool {
        self.0.contains(&scope) || self.0.contains(&KeyScope { area: scope.area, level: KeyLevel::Write })
    }

    /// Whether these rights contain all of `others`: a key never makes one that may more
    /// than itself (`trust.md` S10).
    pub fn contain(&self, others: &Self) -> bool {
        others.0.iter().all(|scope| self.allow(*scope))
    }

    /// What of these rights a key of `reach` can have.
    pub fn within(self, reach: KeyReach) -> Self {
        let areas: Vec<_> = reach.areas().collect();
        self.0.into_iter().filter(|scope| areas.contains(&scope.area)).collect()
    }

    /// The rights, in the order of their areas.
    pub fn iter(&self) -> impl Iterator<Item = KeyScope> {
        self.0.iter().copied()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<KeyScope> for KeyScopes {
    fn from_iter<I: IntoIterator<Item = KeyScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl PartialSchema for KeyScopes {
    fn schema() -> RefOr<Schema> {
        let words = KeyArea::ALL.iter().flat_map(|area| {
            KeyLevel::ALL.iter().map(|level| KeyScope { area: *area, level: *level }.to_string())
        });
        let word =
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.collect::<Vec<_>>()));
        ArrayBuilder::new()
            .items(word)
            .unique_items(true)
            .examples([serde_json::json!(["agents:write", "calls:read"])])
            .into()
    }
}

impl ToSchema for KeyScopes {}

impl ToSql<Array<Text>, Pg> for KeyScopes {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let words: Vec<String> = self.iter().map(|scope| scope.to_string()).collect();
        <Vec<String> as ToSql<Array<Text>, Pg>>::to_sql(&words, &mut out.reborrow())
    }
}

impl FromSql<Array<Text>, Pg> for KeyScopes {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let words = <Vec<String> as FromSql<Array<Text>, Pg>>::from_sql(value)?;
        // A word that this program does not know gives no right.
        Ok(words.iter().filter_map(|word| word.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(words: &[&str]) -> KeyScopes {
        words.iter().map(|word| word.parse::<KeyScope>().unwrap()).collect()
    }

    #[test]
    fn to_write_contains_to_read_and_not_the_other_way() {
        let (read, write) = (scopes(&["agents:read"]), scopes(&["agents:write"]));
        assert!(write.contain(&read));
        assert!(!read.contain(&write));
        assert!(!write.contain(&scopes(&["calls:read"])));
    }

    #[test]
    fn a_reach_bounds_the_areas() {
        assert!(KeyScopes::all(KeyReach::Organization).allow("sub_accounts:write".parse().unwrap()));
        assert!(!KeyScopes::all(KeyReach::SubAccount).allow("sub_accounts:read".parse().unwrap()));
        assert_eq!(
            scopes(&["members:read", "calls:read"]).within(KeyReach::Workspace),
            scopes(&["calls:read"])
        );
        assert!("agents:all".parse::<KeyScope>().is_err());
    }
}
