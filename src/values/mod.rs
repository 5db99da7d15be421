//! Values that know nobody: ids with prefixes, regions, money, words.

mod account;
mod conversation;
mod database_url;
mod day;
mod email;
mod enumeration;
mod events;
mod ids;
mod key_scopes;
mod key_text;
mod keyset;
mod money;
mod phone;
mod region;
mod sealer;
mod secret;
mod targets;

pub use account::{BillingMode, Role, SubAccountStatus};
pub use conversation::{Direction, Sentiment, Speaker, Turn};
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use day::{indian_day, start_of_indian_day};
pub use email::{Email, InvalidEmail};
pub use enumeration::UnknownWord;
pub(crate) use enumeration::words;
pub use events::EventKind;
pub use ids::*;
pub use key_scopes::{KeyArea, KeyLevel, KeyReach, KeyScope, KeyScopes};
pub use key_text::{KEY_PATTERN, KeyMode, KeyText};
pub use keyset::{Part, Slice};
pub use money::{Money, MoneyError};
pub use phone::{E164, InvalidPhoneNumber};
pub use region::{InvalidRegion, Region};
pub use sealer::{NotSealed, Sealer};
pub use secret::Secret;
pub use targets::{InvalidTarget, PrivateTargets, WebhookUrl, is_public};
