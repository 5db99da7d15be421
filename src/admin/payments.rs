//! Payments that the platform's operator confirms, or gives back (`domain.md` 4.7).

use std::sync::Arc;

use clap::Subcommand;

use crate::{
    access::{
        Access, Scope,
        permission::{AddFunds, ManageSubAccounts},
    },
    domain::billing::payments::{
        self,
        held::{self, Held},
        settle::{self, Settled},
    },
    error::Error,
    values::{Money, OrganizationId, PaymentId},
};

/// What is done to payments.
#[derive(Subcommand, Debug, Clone, PartialEq, Eq)]
pub enum PaymentCommand {
    /// Confirm that the bank transfer of a payment came; said twice, it counts once
    ConfirmPayment {
        /// The payment (pay_…)
        #[arg(long)]
        payment: PaymentId,
        /// How much came, in decimal major units: 5000 or 5000.50
        #[arg(long)]
        amount: String,
        /// The bank’s reference of the transfer, such as its UTR
        #[arg(long)]
        bank_reference: String,
    },
    /// Take money of a payment out of its wallet, because it is given back; said twice, it counts once
    RefundPayment {
        /// The payment (pay_…)
        #[arg(long)]
        payment: PaymentId,
        /// How much is given back, in decimal major units: 5000 or 5000.50
        #[arg(long)]
        amount: String,
        /// The reference under which it is given back
        #[arg(long)]
        reference: String,
    },
    /// List the payments of an organization that are held back: what came is not what was asked for, or
    /// came after its account was deleted
    HeldPayments {
        /// The organization (org_…)
        #[arg(long)]
        organization: OrganizationId,
    },
    /// Put what came of a payment that is held back into its wallet; said twice, it counts once
    AcceptPayment {
        /// The payment (pay_…)
        #[arg(long)]
        payment: PaymentId,
        /// How much came, in decimal major units: 5000 or 5000.50
        #[arg(long)]
        amount: String,
        /// The reference under which it came
        #[arg(long)]
        reference: String,
    },
    /// Say that what came of a payment that is held back was given back; said twice, it counts once
    ReturnPayment {
        /// The payment (pay_…)
        #[arg(long)]
        payment: PaymentId,
        /// The reference under which it was given back
        #[arg(long)]
        reference: String,
    },
}

/// Does one of them and gives the line to print.
pub(super) async fn execute(access: &Arc<Access>, command: PaymentCommand) -> Result<String, Error> {
    match command {
        PaymentCommand::ConfirmPayment { payment, amount, bank_reference } => {
            let (scope, minor) = of_payment(access, payment, &amount).await?;
            let reference = line("bank_reference", &bank_reference)?;
            let done = scope.write(move |tx| settle::confirm(tx, payment, minor, &reference)).await?;
            Ok(told(done, "is in the wallet"))
        }
        PaymentCommand::RefundPayment { payment, amount, reference } => {
            let (scope, minor) = of_payment(access, payment, &amount).await?;
            let reference = line("reference", &reference)?;
            let done = scope.write(move |tx| settle::refund(tx, payment, minor, &reference)).await?;
            Ok(told(done, "is out of the wallet"))
        }
        PaymentCommand::HeldPayments { organization } => {
            let scope: Scope<ManageSubAccounts> =
                access.scope_anywhere("operator", organization, organization.into())?;
            let held = scope.overview(held::held).await?;
            let line = |held: Held| format!("{} {}: {}", held.id, held.account, held.problem);
            let lines: Vec<_> = held.into_iter().map(line).collect();
            Ok(if lines.is_empty() { "nothing is held back".to_owned() } else { lines.join("\n") })
        }
        PaymentCommand::AcceptPayment { payment, amount, reference } => {
            let (scope, minor) = of_payment(access, payment, &amount).await?;
            let reference = line("reference", &reference)?;
            let done = scope.write(move |tx| held::accept(tx, payment, minor, &reference)).await?;
            Ok(told(done, "is in the wallet"))
        }
        PaymentCommand::ReturnPayment { payment, reference } => {
            let scope = scope(access, payment).await?;
            let reference = line("reference", &reference)?;
            Ok(match scope.write(move |tx| held::give_back(tx, payment, &reference)).await? {
                Settled::Over => format!("{payment} is given back"),
                _ => "nothing to change".to_owned(),
            })
        }
    }
}

/// The platform's own scope in the account of a payment.
async fn scope(access: &Arc<Access>, payment: PaymentId) -> Result<Scope<AddFunds>, Error> {
    let found = access.gate_of_payment(payment, move |tx| payments::whose(tx, payment)).await?;
    let whose = found.ok_or(Error::NotFound)?;
    access.scope_anywhere("operator", whose.organization, whose.account)
}

/// The same with an amount in minor units.
async fn of_payment(
    access: &Arc<Access>,
    payment: PaymentId,
    amount: &str,
) -> Result<(Scope<AddFunds>, i64), Error> {
    let scope = scope(access, payment).await?;
    let minor = Money::minor_of(amount)
        .ok_or_else(|| Error::invalid("amount", "an amount is a number such as 5000 or 5000.50"))?;
    Ok((scope, minor))
}

/// A reference of 1 to 100 characters on one line.
fn line(field: &str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    let is_line = (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if is_line { Ok(text.to_owned()) } else { Err(Error::invalid(field, "1 to 100 characters on one line")) }
}

fn told(done: Settled, what: &str) -> String {
    match done {
        Settled::Credited(transaction) => format!("{transaction} {what}"),
        _ => "nothing to change".to_owned(),
    }
}
