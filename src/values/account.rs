//! The words of accounts: how one stands, who pays, who may.

use super::enumeration::words;

words! {
    /// How a sub-account stands (`domain.md` 1.2).
    SubAccountStatus {
        /// Calls are admitted.
        Active = "active" / "Active",
        /// New calls are blocked; nothing is deleted; members read (`domain.md` 2.3).
        Suspended = "suspended" / "Suspended",
        /// Access has ended and its rows are being erased (`domain.md` 2.4).
        Deleting = "deleting" / "Deleting",
    }
}

words! {
    /// Whose wallet a sub-account's charges are drawn from (`domain.md` 4.2).
    BillingMode {
        /// Its own prepaid wallet.
        Isolated = "isolated" / "Isolated",
        /// The parent's wallet.
        Consolidated = "consolidated" / "Consolidated",
    }
}

words! {
    /// What a member is in one account (`domain.md` 5.2, 5.3). An organization has no
    /// `member`.
    Role {
        /// Everything; exactly one in each account.
        Owner = "owner" / "Owner",
        /// Everything but billing and ownership.
        Admin = "admin" / "Admin",
        /// Creates and edits agents.
        Member = "member" / "Member",
        /// Reads.
        Viewer = "viewer" / "Viewer",
    }
}
