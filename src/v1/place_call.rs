//! Having an agent call somebody.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::{
        ObjectBuilder, Schema,
        schema::{AdditionalProperties, Type},
    },
};

use crate::{
    access::{Denied, Scope, permission::PlaceCalls},
    domain::calls::place::{self, Placed, Wanted},
    error::{Error, FieldError},
    values::{AgentId, CallId, E164},
};

use super::{
    reply::Created,
    request::{Body, Once, present},
};

/// A call to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCall {
    /// Whom to call, in E.164.
    #[schema(example = "+919876543210", pattern = r"^\+[1-9][0-9]{6,14}$")]
    phone_number: String,
    /// The agent that speaks.
    agent_id: AgentId,
    /// A published version of it; the latest where none is named.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 1, maximum = 1000000, example = 2, value_type = i32, required = false)]
    agent_version_number: Option<i32>,
    /// What the agent is told about this call: at most 50 entries, 16 KiB as JSON.
    #[schema(schema_with = at_most_50)]
    metadata: Map<String, Value>,
    /// What you note on the call: at most 15 entries, 16 KiB as JSON.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = at_most_15, required = false)]
    notes: Option<Map<String, Value>>,
}

fn entries(most: usize) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .max_properties(Some(most))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
        .into()
}

fn at_most_50() -> Schema {
    entries(50)
}

fn at_most_15() -> Schema {
    entries(15)
}

/// As many bytes as metadata or notes may have.
const LARGEST: usize = 16 * 1024;

impl CreateCall {
    fn check(self) -> Result<Wanted, Error> {
        let mut wrong = Vec::new();
        let mut too_large = |field: &str, entries: &Map<String, Value>, most: usize| {
            if entries.len() > most {
                wrong.push(FieldError::new(field, format!("must have at most {most} entries")));
            } else if serde_json::to_vec(entries).is_ok_and(|text| text.len() > LARGEST) {
                wrong.push(FieldError::new(field, "must be at most 16 KiB as JSON"));
            }
        };
        too_large("metadata", &self.metadata, 50);
        if let Some(notes) = &self.notes {
            too_large("notes", notes, 15);
        }
        let digits = self.phone_number.strip_prefix('+').unwrap_or_default();
        let written = (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        let to = E164::parse(&self.phone_number);
        if !written || digits.starts_with('0') {
            wrong.push(FieldError::new("phone_number", "must be a valid E.164 phone number"));
        }
        match to {
            // It is written as one, and no number begins so.
            Err(_) if wrong.is_empty() => Err(Error::Conflict {
                code: "number_invalid",
                message: "phone_number: there is no such phone number.".into(),
            }),
            Ok(to) if wrong.is_empty() => Ok(Wanted {
                to,
                agent: self.agent_id,
                version: self.agent_version_number,
                metadata: self.metadata,
                notes: self.notes,
            }),
            _ => Err(Error::Invalid(wrong)),
        }
    }
}

/// A call that was admitted.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedCall {
    /// Its id.
    pub id: CallId,
    /// Whom it goes to.
    #[schema(example = "+919876543210")]
    pub to_phone_number: String,
    /// The agent that speaks.
    pub agent_id: AgentId,
    /// The version of it.
    #[schema(minimum = 1, example = 2)]
    pub agent_version_number: i32,
}

impl From<Placed> for CreatedCall {
    fn from(placed: Placed) -> Self {
        Self {
            id: placed.id,
            to_phone_number: placed.to,
            agent_id: placed.agent,
            agent_version_number: placed.version,
        }
    }
}

/// Calls somebody
///
/// The call is admitted, or refused at once: `concurrency_limit_reached` at the limit,
/// `sub_account_suspended` while the account is suspended; a refused call leaves no record and
/// costs nothing. Its first minute is paid in advance: 402 says `insufficient_balance`, or
/// `spend_cap_reached` for what calls may cost today. `number_invalid` is what is written as a number and cannot be one. It is made from a number of the agent, or of its workspace.
///
/// With a test key nobody is called: what happens follows from the last digit of the number.
/// 6 is an invalid number, 7 unreachable, 8 busy, 9 does not pick up; all others answer.
#[utoipa::path(post, path = "/calls", tag = "Calls", operation_id = "createCall",
    request_body(content = CreateCall, example = json!({
        "agent_id": "agt_01h455vb4pex5vsknk084sn02q", "phone_number": "+919876543210", "metadata": {} })),
    responses(
        (status = 201, description = "It is admitted.", body = CreatedCall),
        (status = 402, description = "Its first minute cannot be paid.", body = super::refusal::ErrorBody),
    ))]
pub async fn create(
    scope: Scope<PlaceCalls>,
    once: Once,
    body: Body<CreateCall>,
) -> Result<Created<CreatedCall>, Denied> {
    let wanted = body.into_inner().check()?;
    let placed = place::place(&scope, wanted, once.key()).await?;
    Ok(Created(placed.into()))
}
