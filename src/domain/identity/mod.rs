//! People: how they prove who they are, where they are signed in, where they belong
//! (`domain.md` 5), how others are invited there; and the keys of programs.

pub mod api_keys;
pub mod invitations;
pub mod memberships;
pub mod password_resets;
pub mod passwords;
pub mod roles;
pub mod sessions;
pub mod sign_in;
