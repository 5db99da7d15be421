//! The kinds of events that webhooks tell of (`domain.md` 6.7).

use super::words;

words! {
    /// What happened. A new kind is a line here, and a [`publishing`](crate::access) where it happens.
    EventKind {
        /// A sub-account was created.
        SubAccountCreated = "sub_account.created" / "A sub-account was created",
        /// A sub-account was renamed, or its limit or billing mode changed.
        SubAccountUpdated = "sub_account.updated" / "A sub-account was changed",
        /// New calls of a sub-account are blocked.
        SubAccountSuspended = "sub_account.suspended" / "A sub-account was suspended",
        /// New calls of a sub-account are admitted again.
        SubAccountReactivated = "sub_account.reactivated" / "A sub-account was reactivated",
        /// A sub-account is erased; the parent alone learns of it.
        SubAccountDeleted = "sub_account.deleted" / "A sub-account was deleted",
        /// A key was created.
        ApiKeyCreated = "api_key.created" / "An API key was created",
        /// A key was exchanged for another.
        ApiKeyRotated = "api_key.rotated" / "An API key was rotated",
        /// A key ended.
        ApiKeyRevoked = "api_key.revoked" / "An API key was revoked",
        /// Somebody became a member.
        MemberAdded = "member.added" / "A member was added",
        /// Somebody has another role.
        MemberChanged = "member.changed" / "A member’s role was changed",
        /// Somebody is no longer a member.
        MemberRemoved = "member.removed" / "A member was removed",
        /// Money came into a wallet.
        WalletRecharged = "wallet.recharged" / "A wallet was recharged",
        /// A wallet runs low.
        WalletLow = "wallet.low" / "A wallet runs low",
        /// An invoice or a credit note was issued.
        InvoiceIssued = "invoice.issued" / "An invoice was issued",
        /// The parent could not recharge a sub-account by itself; it alone learns of it.
        AutoRechargeHeldUp = "wallet.auto_recharge_held_up" / "A wallet could not be recharged by itself",
        /// A call is over, however it went.
        CallEnded = "call.ended" / "A call ended",
        /// A call was answered and is over.
        CallCompleted = "call.completed" / "A call was completed",
        /// A call could not be made.
        CallFailed = "call.failed" / "A call failed",
        /// Somebody tries an endpoint; it is sent to that endpoint alone, whatever kinds it wants.
        Test = "webhook.test" / "A test",
    }
}

impl EventKind {
    /// Whether an endpoint can choose it: all but the test.
    pub fn can_be_chosen(self) -> bool {
        self != Self::Test
    }
}
