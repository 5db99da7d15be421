//! What is said of payments between the product and those who take the money
//! (`domain.md` 4.7, `trust.md` R10).

use super::{PaymentId, words};

words! {
    /// How money comes into a wallet from outside.
    PaymentProvider {
        /// By bank transfer, which the platform's operator confirms.
        Manual = "manual" / "Bank transfer",
        /// On the pages of Stripe.
        Stripe = "stripe" / "Card",
        /// On the pages of Razorpay.
        Razorpay = "razorpay" / "UPI, netbanking or card",
    }
}

/// How a payment stands with its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentOutcome {
    /// It may still come.
    Open,
    /// The money came.
    Paid,
    /// It was refused or called off for good.
    Failed,
    /// Its time is over.
    Expired,
}

/// A payment as it was read back from its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenPayment {
    /// How it stands.
    pub outcome: PaymentOutcome,
    /// What was paid, or is asked for, in minor units.
    pub amount_minor: i64,
    /// By ISO 4217, in capital letters.
    pub currency: String,
    /// What the provider calls the money that came.
    pub paid_by: Option<String>,
}

/// Something a provider told: of which payment, and by which id it is told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentEvent {
    /// The provider's id of the event.
    pub id: String,
    /// The provider's word for what happened.
    pub kind: String,
    /// The payment.
    pub payment: PaymentId,
}
