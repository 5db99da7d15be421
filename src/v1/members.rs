//! The members of an account (`domain.md` 5).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::{
        identity::memberships::{self, Member as Listed},
        members,
    },
    values::{Role, UserId},
};

use super::{
    reply::{List, NoContent, Paging, Reply},
    request::{Body, Path, Query},
    timestamp::Timestamp,
};

/// Somebody who belongs to an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// What they are called.
    #[schema(example = "Asha Rao")]
    pub name: String,
    /// The address they sign in with.
    #[schema(format = Email, example = "asha@acme.example")]
    pub email: String,
    /// What they may. An organization has no `member`.
    pub role: Role,
    /// Since when they belong to it.
    pub created_at: Timestamp,
}

impl From<Listed> for Member {
    fn from(member: Listed) -> Self {
        Self {
            user_id: member.user,
            name: member.name,
            email: member.email,
            role: member.role,
            created_at: member.since.into(),
        }
    }
}

/// Which of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
}

impl PageQuery {
    pub(super) fn read(&self) -> Result<Paging, crate::error::Error> {
        Paging::of(self.page, self.limit, None)
    }
}

/// Lists the members
///
/// The owner comes first, then by role and name.
#[utoipa::path(get, path = "/members", tag = "Members", operation_id = "listMembers", params(PageQuery),
    responses((status = 200, description = "A page of them.", body = List<Member>)))]
pub async fn list(scope: Scope<Administer>, query: Query<PageQuery>) -> Result<Reply<List<Member>>, Denied> {
    let paging = query.0.read()?;
    let members = scope.read(memberships::list).await?;
    Ok(Reply(List::of_all(members.into_iter().map(Member::from).collect(), &paging)))
}

/// The member in the address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct MemberPlace {
    /// The member.
    pub user_id: UserId,
}

/// What a member becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    /// Their new role.
    role: Role,
}

/// Changes a member's role
///
/// It acts with their next click. What the account has no such role for, and the role
/// `owner`, are refused with 409 `role_unavailable`; the owner keeps theirs: 409
/// `owner_stays`.
#[utoipa::path(patch, path = "/members/{user_id}", tag = "Members", operation_id = "updateMember",
    params(MemberPlace),
    request_body(content = UpdateMember, example = json!({ "role": "viewer" })),
    responses((status = 200, description = "The member after it.", body = Member)))]
pub async fn update(
    scope: Scope<Administer>,
    place: Path<MemberPlace>,
    body: Body<UpdateMember>,
) -> Result<Reply<Member>, Denied> {
    let (id, UpdateMember { role }) = (place.0.user_id, body.into_inner());
    Ok(Reply(scope.write(move |tx| members::change_role(tx, id, role)).await?.into()))
}

/// Removes a member
///
/// With their next click the account is none of theirs. Invitations that they gave and
/// nobody has accepted are revoked. The owner stays: 409 `owner_stays`.
#[utoipa::path(delete, path = "/members/{user_id}", tag = "Members", operation_id = "removeMember",
    params(MemberPlace),
    responses((status = 204, description = "They are no member any more.")))]
pub async fn remove(scope: Scope<Administer>, place: Path<MemberPlace>) -> Result<NoContent, Denied> {
    let id = place.0.user_id;
    scope.write(move |tx| members::remove(tx, id)).await?;
    Ok(NoContent)
}
