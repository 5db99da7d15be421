//! What the platform's operator does from the command line (`domain.md` 10).

mod payments;

use std::{io::BufRead, sync::Arc};

use clap::{Args, Subcommand, ValueEnum};
use time::{Date, OffsetDateTime};

use crate::{
    access::{
        Access,
        permission::{Administer, IssueInvoices, ManageSubAccounts, RecordCalls},
    },
    domain::{
        audit::{self, Verdict},
        billing::{
            invoices::{
                Month, Platform, credit,
                issue::{self, Outcome},
            },
            rates::{self, Component},
            reversal,
            verify::{self, Report},
        },
        calls::rebuild,
        engines,
        identity::passwords,
        numbers::{self, NumberType},
        operator::{self, NewOrganization},
        sub_accounts::list::{self, Query},
    },
    error::Error,
    values::{
        AccountId, E164, EngineId, EngineKey, InvoiceId, OrganizationId, Region, Role, SubAccountId,
        TransactionId, start_of_indian_day,
    },
};

pub use payments::PaymentCommand;

/// The operator's commands.
#[derive(Subcommand, Debug, Clone, PartialEq, Eq)]
pub enum AdminCommand {
    /// Create an organization and print its id
    CreateOrganization(CreateOrganization),
    /// Give an organization an Enterprise feature, or take it away
    EnableFeature {
        /// The organization (org_…)
        organization: OrganizationId,
        /// The feature
        feature: Feature,
        /// Take it away
        #[arg(long)]
        off: bool,
    },
    /// Set how many calls an organization may have at the same time, with all its sub-accounts
    SetTotalConcurrency {
        /// The organization (org_…)
        organization: OrganizationId,
        /// Calls at the same time
        total: i32,
    },
    /// Create a person who signs in, make them a member, and print their id
    CreateUser(CreateUser),
    /// Put phone numbers up for sale, and print how many were new
    AddNumbers(AddNumbers),
    /// Let a telephony engine in, and print its key: it is shown once
    AddEngine {
        /// What it is called
        #[arg(long)]
        name: String,
        /// A region whose calls it serves; may be given several times
        #[arg(long = "region", required = true)]
        regions: Vec<Region>,
    },
    /// Keep a telephony engine out from now on
    RevokeEngine {
        /// The engine (eng_…)
        engine: EngineId,
    },
    /// Make the counters of an organization and its sub-accounts what their calls say
    RebuildCounters {
        /// The organization (org_…)
        organization: OrganizationId,
    },
    /// Set what the platform charges per started minute instead of its standard rate
    SetRate(SetRate),
    /// Undo an entry of a ledger by its exact opposite, and print the new entry
    ReverseEntry(ReverseEntry),
    /// Issue the invoices of an organization and its sub-accounts for a month that is over, unless that was done
    IssueInvoices {
        /// The organization (org_…)
        #[arg(long)]
        organization: OrganizationId,
        /// The month, such as 2026-10
        #[arg(long)]
        month: String,
    },
    /// Give back a part of an organization's invoice, or all that is left of it, and print the credit note
    CreditNote {
        /// The organization (org_…)
        #[arg(long)]
        organization: OrganizationId,
        /// Its invoice (inv_…)
        #[arg(long)]
        invoice: InvoiceId,
        /// How much, in paise, tax included; all that is left, unless said
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
        paise: Option<i64>,
        /// Why: it is printed
        #[arg(long)]
        reason: String,
    },
    /// Prove that the ledgers of an organization and its sub-accounts add up
    VerifyLedger {
        /// The organization (org_…)
        organization: OrganizationId,
    },
    #[command(flatten)]
    Payments(PaymentCommand),
    /// Prove that the audit logs of an organization and its sub-accounts are whole
    VerifyAudit {
        /// The organization (org_…)
        organization: OrganizationId,
    },
}

/// A rate of the platform.
#[derive(Args, Debug, Clone, PartialEq, Eq)]
pub struct SetRate {
    /// The organization (org_…)
    #[arg(long)]
    organization: OrganizationId,
    /// One of its sub-accounts (sa_…), for it alone
    #[arg(long)]
    sub_account: Option<SubAccountId>,
    /// telephony, llm, transcriber or voice
    #[arg(long)]
    component: Component,
    /// What of it, by the catalogue's id; all that have no rate of their own, unless said
    #[arg(long, default_value = "")]
    item: String,
    /// Paise per started minute
    #[arg(long)]
    paise: i64,
    /// The day in India from which on, as 2026-12-01; from now on, unless said
    #[arg(long, value_parser = parse_day)]
    from: Option<Date>,
}

/// An entry to be undone.
#[derive(Args, Debug, Clone, PartialEq, Eq)]
pub struct ReverseEntry {
    /// The organization (org_…)
    #[arg(long)]
    organization: OrganizationId,
    /// The sub-account (sa_…) in whose ledger it is; the organization's own, unless said
    #[arg(long)]
    sub_account: Option<SubAccountId>,
    /// The entry (txn_…)
    #[arg(long)]
    transaction: TransactionId,
    /// Why; both sides read it
    #[arg(long)]
    reason: String,
}

fn parse_day(text: &str) -> Result<Date, String> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(text, format).map_err(|_| "a day such as 2026-12-01".to_owned())
}

/// Phone numbers to be sold.
#[derive(Args, Debug, Clone, PartialEq, Eq)]
pub struct AddNumbers {
    /// The numbers, each with its country code: +918047190001
    #[arg(required = true)]
    pub numbers: Vec<E164>,
    /// local, mobile or tollfree
    #[arg(long, default_value = "local")]
    pub number_type: NumberType,
    /// The rent per month in paise, where it differs from the country's
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..=100_000_000))]
    pub monthly_paise: Option<i64>,
}

/// Enterprise features.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Sub-accounts
    #[value(name = "sub_accounts")]
    SubAccounts,
}

/// An organization to create.
#[derive(Args, Debug, Clone, PartialEq, Eq)]
pub struct CreateOrganization {
    /// Its name
    #[arg(long)]
    name: String,
    /// Where its own call content lives: one of the configured regions
    #[arg(long)]
    region: Region,
    /// The currency of all its money, as in ISO 4217
    #[arg(long, default_value = "INR")]
    currency: String,
    /// Calls at the same time, of it and its sub-accounts together
    #[arg(long, default_value_t = 0)]
    total_concurrency: i32,
    /// Give it the Enterprise feature sub_accounts
    #[arg(long)]
    sub_accounts: bool,
    /// What the product is called in its sub-accounts
    #[arg(long)]
    brand: Option<String>,
    /// The address of support that its sub-accounts see
    #[arg(long, requires = "brand")]
    support_email: Option<String>,
}

/// A person to create.
#[derive(Args, Debug, Clone, PartialEq, Eq)]
pub struct CreateUser {
    /// The organization (org_…)
    #[arg(long)]
    organization: OrganizationId,
    /// One of its sub-accounts (sa_…), to be a member there instead
    #[arg(long)]
    sub_account: Option<SubAccountId>,
    /// The address they sign in with
    #[arg(long)]
    email: String,
    /// Their name
    #[arg(long)]
    name: String,
    /// owner, admin, viewer; in a sub-account also member
    #[arg(long)]
    role: Role,
    /// Read their password from the first line of standard input; otherwise they set one by mail
    #[arg(long)]
    password_stdin: bool,
}

/// Does one command and gives the line to print.
///
/// # Errors
/// Those of the operation; [`Error::Conflict`] with code `audit_broken` when a log is
/// not whole.
pub async fn execute(
    access: &Arc<Access>,
    platform: &Platform,
    command: AdminCommand,
) -> Result<String, Error> {
    match command {
        AdminCommand::CreateOrganization(new) => create_organization(access, new).await,
        AdminCommand::EnableFeature { organization, feature: Feature::SubAccounts, off } => {
            let changed = access
                .operate(organization, organization.into(), move |tx| operator::enable_sub_accounts(tx, !off))
                .await?;
            Ok(match (changed, off) {
                (false, _) => "nothing to change".into(),
                (true, false) => format!("sub_accounts enabled for {organization}"),
                (true, true) => format!("sub_accounts taken from {organization}"),
            })
        }
        AdminCommand::SetTotalConcurrency { organization, total } => {
            let before = access
                .operate(organization, organization.into(), move |tx| {
                    operator::set_total_concurrency(tx, total)
                })
                .await?;
            Ok(format!("total concurrency of {organization}: {total}, before {before}"))
        }
        AdminCommand::CreateUser(new) => create_user(access, new).await,
        AdminCommand::AddNumbers(AddNumbers { numbers, number_type, monthly_paise }) => {
            // Numbers for sale belong to nobody.
            let nobody = OrganizationId::new();
            let new = access
                .operate(nobody, nobody.into(), move |tx| {
                    numbers::stock(tx, &numbers, number_type, monthly_paise)
                })
                .await?;
            Ok(format!("{new} new"))
        }
        AdminCommand::AddEngine { name, regions } => {
            regions.iter().try_for_each(|region| check_region(access, region))?;
            let key = EngineKey::new().map_err(Error::internal)?;
            let text = key.reveal().to_owned();
            let nobody = OrganizationId::new();
            let id = access
                .operate(nobody, nobody.into(), move |tx| engines::create(tx, &name, &regions, &key))
                .await?;
            Ok(format!("{id} {text}"))
        }
        AdminCommand::RevokeEngine { engine } => {
            let nobody = OrganizationId::new();
            let revoked =
                access.operate(nobody, nobody.into(), move |tx| engines::revoke(tx, engine)).await?;
            Ok(if revoked { format!("{engine} is kept out") } else { "nothing to change".into() })
        }
        AdminCommand::RebuildCounters { organization } => rebuild_counters(access, organization).await,
        AdminCommand::SetRate(rate) => set_rate(access, rate).await,
        AdminCommand::ReverseEntry(entry) => reverse_entry(access, entry).await,
        AdminCommand::IssueInvoices { organization, month } => {
            let month = Month::parse(&month).ok_or_else(|| {
                Error::invalid("month", "name a month by its year and number, such as 2026-10")
            })?;
            issue_invoices(access, organization, month, platform).await
        }
        AdminCommand::CreditNote { organization, invoice, paise, reason } => {
            let scope =
                access.scope_anywhere::<IssueInvoices>("operator", organization, organization.into())?;
            let note = scope
                .write(move |tx| credit::give_back(tx, organization.into(), invoice, paise, &reason))
                .await?;
            Ok(note.to_string())
        }
        AdminCommand::VerifyLedger { organization } => verify_ledger(access, organization).await,
        AdminCommand::Payments(command) => payments::execute(access, command).await,
        AdminCommand::VerifyAudit { organization } => verify_audit(access, organization).await,
    }
}

fn check_region(access: &Access, region: &Region) -> Result<(), Error> {
    if access.regions().any(|known| known == region) {
        return Ok(());
    }
    let known: Vec<_> = access.regions().map(Region::as_str).collect();
    Err(Error::invalid("region", format!("choose one of {}", known.join(", "))))
}

async fn create_organization(access: &Arc<Access>, new: CreateOrganization) -> Result<String, Error> {
    check_region(access, &new.region)?;
    let id = OrganizationId::new();
    let brand = new.brand.map(|name| (name, new.support_email));
    let new = NewOrganization {
        name: new.name,
        region: new.region,
        currency: new.currency,
        total_concurrency: new.total_concurrency,
        sub_accounts_enabled: new.sub_accounts,
        brand,
    };
    access.operate(id, id.into(), move |tx| operator::create_organization(tx, &new)).await?;
    Ok(id.to_string())
}

async fn create_user(access: &Arc<Access>, new: CreateUser) -> Result<String, Error> {
    let hash = if new.password_stdin {
        let mut password = String::new();
        std::io::stdin().lock().read_line(&mut password).map_err(Error::internal)?;
        let password = password.trim_end_matches(['\r', '\n']);
        passwords::check(password, &[&new.email, &new.name])?;
        Some(passwords::hash(password)?)
    } else {
        None
    };
    let account = new.sub_account.map_or(AccountId::from(new.organization), AccountId::from);
    let CreateUser { email, name, role, .. } = new;
    let id = access
        .operate(new.organization, account, move |tx| {
            let created = operator::create_person(tx, &email, &name, hash)?;
            let person = *created.value();
            let joined = operator::add_member(tx, person, role)?;
            Ok(created.and(joined))
        })
        .await?;
    Ok(id.to_string())
}

/// An organization and its sub-accounts, each with the region of its content.
async fn accounts(
    access: &Arc<Access>,
    organization: OrganizationId,
) -> Result<Vec<(AccountId, Region)>, Error> {
    let parent = access.scope_anywhere::<ManageSubAccounts>("operator", organization, organization.into())?;
    let own = parent.overview(operator::region).await?;
    let mut accounts = vec![(AccountId::from(organization), own)];
    let mut query = Query { page_size: 500, ..Query::default() };
    loop {
        let page = parent
            .overview({
                let query = query.clone();
                move |tx| list::page(tx, &query)
            })
            .await?;
        accounts.extend(page.rows.into_iter().map(|listed| (AccountId::from(listed.id), listed.region)));
        match page.next {
            Some(next) => query.from = Some(next),
            None => return Ok(accounts),
        }
    }
}

async fn issue_invoices(
    access: &Arc<Access>,
    organization: OrganizationId,
    month: Month,
    platform: &Platform,
) -> Result<String, Error> {
    let mut lines = Vec::new();
    for (account, region) in accounts(access, organization).await? {
        let scope = access.scope_of_job::<ManageSubAccounts>(
            "operator",
            organization,
            organization.into(),
            region,
        )?;
        let (platform, now) = (platform.clone(), OffsetDateTime::now_utc());
        let outcome = scope.write(move |tx| issue::issue(tx, account, month, &platform, now)).await?;
        lines.push(match outcome {
            Outcome::Issued(id) => format!("{account}: {id}"),
            Outcome::Before => format!("{account}: issued before"),
            Outcome::Nothing => format!("{account}: nothing was charged"),
            Outcome::Early => format!("{account}: not yet, charges of the month may still come"),
            Outcome::NoIssuer => format!("{account}: the organization has yet to enter its details"),
        });
    }
    Ok(lines.join("\n"))
}

async fn rebuild_counters(access: &Arc<Access>, organization: OrganizationId) -> Result<String, Error> {
    let mut lines = Vec::new();
    for (account, region) in accounts(access, organization).await? {
        let scope = access.scope_of_job::<RecordCalls>("operator", organization, account, region)?;
        let differed = scope.write_both(rebuild::rebuild).await?;
        lines.push(format!("{account}: {differed} days differed"));
    }
    Ok(lines.join("\n"))
}

async fn set_rate(access: &Arc<Access>, rate: SetRate) -> Result<String, Error> {
    let account = rate.sub_account.map_or(AccountId::from(rate.organization), AccountId::from);
    let from = rate.from.map_or_else(OffsetDateTime::now_utc, start_of_indian_day);
    let (component, line) = (rate.component, format!("{} {}: {} paise", account, rate.component, rate.paise));
    access
        .operate(rate.organization, account, move |tx| {
            rates::set_rate(tx, component, &rate.item, rate.paise, from)
        })
        .await?;
    Ok(line)
}

async fn reverse_entry(access: &Arc<Access>, entry: ReverseEntry) -> Result<String, Error> {
    let ReverseEntry { organization, sub_account, transaction, reason } = entry;
    let account = sub_account.map_or(AccountId::from(organization), AccountId::from);
    let scope = access.scope_anywhere::<RecordCalls>("operator", organization, account)?;
    let undone = scope.write(move |tx| reversal::reverse(tx, transaction, &reason)).await?;
    Ok(undone.to_string())
}

async fn verify_ledger(access: &Arc<Access>, organization: OrganizationId) -> Result<String, Error> {
    let scope = access.scope_anywhere::<ManageSubAccounts>("operator", organization, organization.into())?;
    // The feature may be off: the ledger is there all the same.
    let Report { postings, wrong } = scope.overview(verify::verify).await?;
    if wrong.is_empty() {
        return Ok(format!("{organization}: whole, {postings} postings"));
    }
    let lines: Vec<_> = wrong.iter().map(|wrong| format!("WRONG {wrong}")).collect();
    Err(Error::Conflict { code: "ledger_broken", message: lines.join("\n") })
}

async fn verify_audit(access: &Arc<Access>, organization: OrganizationId) -> Result<String, Error> {
    let (mut lines, mut broken) = (Vec::new(), false);
    for (account, region) in accounts(access, organization).await? {
        let scope = access.scope_of_job::<Administer>("operator", organization, account, region)?;
        lines.push(match scope.read(audit::verify).await? {
            Verdict::Whole { entries, head } => {
                format!("{account}: whole, {entries} entries, head {}", data_encoding::HEXLOWER.encode(&head))
            }
            Verdict::Broken { at, why } => {
                broken = true;
                format!("{account}: BROKEN at entry {at}: {why}")
            }
        });
    }
    let report = lines.join("\n");
    if broken { Err(Error::Conflict { code: "audit_broken", message: report }) } else { Ok(report) }
}
