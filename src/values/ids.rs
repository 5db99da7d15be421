//! Prefixed, time-sortable, unguessable ids (`domain.md` 1.4).
//!
//! An id is a UUIDv7 (RFC 9562) in the database and a TypeID such as
//! `sa_01h9xyz…` wherever a person or a program reads it. Each kind is a type of its
//! own, so that a call's id cannot be handed to something that wants an account's.

use std::{fmt, str::FromStr};

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use type_safe_id::{StaticType, TypeSafeId};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type as SchemaType},
};
use uuid::{NoContext, Timestamp, Uuid};

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for InvalidId {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $tag:ident($prefix:literal);)*) => {$(
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        struct $tag;

        impl StaticType for $tag {
            const TYPE: &'static str = $prefix;
        }

        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            Serialize, Deserialize, AsExpression, FromSqlRow,
        )]
        #[serde(try_from = "String", into = "String")]
        #[diesel(sql_type = sql_types::Uuid)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id of this moment.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// A new id that sorts as if it had been made at `when`: for records that
            /// are entered after the fact.
            pub fn at(when: OffsetDateTime) -> Self {
                let seconds = u64::try_from(when.unix_timestamp()).unwrap_or(0);
                Self(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, when.nanosecond())))
            }

            /// The least id of `when`: where a range of time begins or ends.
            pub fn least_at(when: OffsetDateTime) -> Self {
                let millis = u64::try_from(when.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
                Self(Uuid::from_u128(u128::from(millis) << 80))
            }

            /// When it was made, to the millisecond.
            pub fn made_at(self) -> OffsetDateTime {
                let millis = i128::try_from(self.0.as_u128() >> 80).unwrap_or_default();
                OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000)
                    .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            }

            /// The id as stored.
            pub fn uuid(self) -> Uuid {
                self.0
            }

            /// An id read from storage.
            pub fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                TypeSafeId::<$tag>::from_uuid(self.0).fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse::<TypeSafeId<$tag>>().map(|id| Self(id.uuid())).map_err(|_| InvalidId)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl ToSql<sql_types::Uuid, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                <Uuid as ToSql<sql_types::Uuid, Pg>>::to_sql(&self.0, out)
            }
        }

        impl FromSql<sql_types::Uuid, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                Uuid::from_sql(value).map(Self)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text_schema(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$"), &Self(EXAMPLE))
            }
        }

        impl ToSchema for $name {}
    )*};
}

/// An example of an id, always the same.
const EXAMPLE: Uuid = Uuid::from_u128(0x0195_9d80_e993_7b5b_b5bb_78a2_5f3d_8a3f);

fn text_schema(pattern: &str, example: &impl fmt::Display) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::String)
        .pattern(Some(pattern))
        .examples([serde_json::Value::from(example.to_string())])
        .into()
}

ids! {
    /// A parent account, the root of a tenant tree.
    OrganizationId = Org("org");
    /// A sub-account beneath an organization.
    SubAccountId = SubAccount("sa");
    /// A logical division inside one account.
    WorkspaceId = Workspace("ws");
    /// A person who signs in.
    UserId = User("usr");
    /// An API key.
    ApiKeyId = ApiKey("key");
    /// An invitation to an account.
    InvitationId = Invitation("invite");
    /// A signed-in browser.
    SessionId = Session("ses");
    /// One stay of a parent administrator inside a sub-account (Access Dashboard).
    DelegationId = Delegation("dlg");
    /// A voice agent.
    AgentId = Agent("agt");
    /// A phone number of an account.
    NumberId = Number("num");
    /// A call.
    CallId = Call("call");
    /// A telephony engine.
    EngineId = Engine("eng");
    /// A posting's transaction in the ledger.
    TransactionId = Transaction("txn");
    /// An entry of the audit log.
    AuditEntryId = AuditEntry("aud");
    /// An address that is told of events.
    WebhookId = Webhook("webhook");
    /// Something that happened, as webhooks tell of it.
    EventId = HappenedEvent("evt");
    /// The record of a sub-account's deletion.
    CertificateId = Certificate("del");
    /// A payment by which money comes into a wallet.
    PaymentId = Payment("pay");
    /// An invoice, or a credit note to one.
    InvoiceId = Invoice("inv");
    /// The logo of an organization's brand.
    LogoId = Logo("logo");
    /// What the platform charges per minute.
    RateId = Rate("rate");
    /// What a parent charges its client per minute.
    PriceId = Price("price");
}

/// Either kind of account: what stands in the browser's URL (`/accounts/{account}/…`).
///
/// An organization's own agents, numbers and calls belong to the account whose id is
/// the organization's, so that one page serves both kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AccountId {
    /// A parent account.
    Organization(OrganizationId),
    /// A sub-account.
    SubAccount(SubAccountId),
}

impl AccountId {
    /// The account that a row of the database names: an organization's own has the
    /// organization's id.
    pub fn of_row(organization: OrganizationId, account: Uuid) -> Self {
        if organization.uuid() == account {
            Self::Organization(organization)
        } else {
            Self::SubAccount(SubAccountId::from_uuid(account))
        }
    }

    /// The sub-account, where it is one.
    pub fn sub_account(self) -> Option<SubAccountId> {
        match self {
            Self::Organization(_) => None,
            Self::SubAccount(id) => Some(id),
        }
    }

    /// The id as stored, whichever kind it is.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Organization(id) => id.uuid(),
            Self::SubAccount(id) => id.uuid(),
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(id) => id.fmt(f),
            Self::SubAccount(id) => id.fmt(f),
        }
    }
}

impl FromStr for AccountId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Organization).or_else(|_| text.parse().map(Self::SubAccount))
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.to_string()
    }
}

impl PartialSchema for AccountId {
    fn schema() -> RefOr<Schema> {
        text_schema("^(org|sa)_[0-7][0-9a-hjkmnp-tv-z]{25}$", &SubAccountId(EXAMPLE))
    }
}

impl ToSchema for AccountId {}

impl From<OrganizationId> for AccountId {
    fn from(id: OrganizationId) -> Self {
        Self::Organization(id)
    }
}

impl From<SubAccountId> for AccountId {
    fn from(id: SubAccountId) -> Self {
        Self::SubAccount(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_its_prefix_and_comes_back() {
        let id = SubAccountId::new();
        assert!(id.to_string().starts_with("sa_0"));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().parse::<AccountId>(), Ok(AccountId::SubAccount(id)));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert_eq!(UserId::new().to_string().parse::<SubAccountId>(), Err(InvalidId));
        assert_eq!("sa_../../x".parse::<AccountId>(), Err(InvalidId));
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let earlier = CallId::at(time::macros::datetime!(2026-03-01 10:00 UTC));
        let later = CallId::at(time::macros::datetime!(2026-03-01 10:01 UTC));
        assert!(earlier < later);
        assert!(earlier.to_string() < later.to_string());
        assert!(CallId::least_at(time::macros::datetime!(2026-03-01 10:00 UTC)) < earlier);
        assert!(CallId::least_at(time::macros::datetime!(2026-03-01 10:01 UTC)) > earlier);
    }
}
