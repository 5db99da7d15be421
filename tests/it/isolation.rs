//! Every route, asked by every kind of caller, with own, sibling, foreign and random
//! ids (`trust.md` S1). A route that is missing from the table fails the test.

use std::collections::BTreeMap;

use actix_web::http::Method as ActixMethod;
use dialnexa::{
    access::{
        Change,
        permission::{AddFunds, Administer as AdministerAccount, RecordCalls},
    },
    domain::{
        agents::{Agent, Pipeline},
        billing::payments,
        calls::{Call, CallStatus, Direction, record},
        identity::{
            api_keys,
            invitations::{self, NewInvitation},
        },
    },
    routes::{Answers, ROUTES},
    values::{
        AccountId, AgentId, ApiKeyId, CallId, CertificateId, EventId, InvitationId, InvoiceId, KeyMode,
        KeyText, LogoId, Money, OrganizationId, PaymentId, PaymentProvider, SubAccountId, TransactionId,
        UserId, WebhookId, WorkspaceId,
    },
};
use reqwest::Method;
use time::OffsetDateTime;

use crate::{
    browser::{Browser, Form, Page},
    invoice_logo::logo,
    invoices,
    world::{Tenant, World},
};

/// What a route takes, of whoever asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// To be in the account at all.
    View,
    /// Member or better.
    Play,
    /// Owner of the sub-account, Owner or Org Admin of the organization.
    Billing,
    /// Owner of the account.
    Pays,
    /// Admin or better.
    Administer,
    /// Owner or Org Admin of the organization that the path names.
    Parent,
    /// Owner of the organization that the path names.
    ParentOwner,
    /// Owner of the account that the path names, and nobody from above.
    Owner,
}

use Takes::{Administer, Billing, Owner, Parent, ParentOwner, Pays, Play, View};

/// The verdicts on all routes inside an account.
const VERDICTS: &[(&str, &str, Takes)] = &[
    ("GET", "/accounts/{account}", View),
    ("GET", "/accounts/{account}/live", View),
    ("GET", "/accounts/{account}/agents", View),
    ("GET", "/accounts/{account}/agents/{agent}", View),
    ("GET", "/accounts/{account}/agents/{agent}/call", Play),
    ("POST", "/accounts/{account}/agents/{agent}/call", Play),
    ("GET", "/accounts/{account}/numbers", View),
    ("GET", "/accounts/{account}/calls", View),
    ("GET", "/accounts/{account}/calls/export.csv", View),
    ("GET", "/accounts/{account}/calls/{call}", View),
    ("GET", "/accounts/{account}/calls/{call}/recording", Play),
    ("GET", "/accounts/{account}/billing", Billing),
    ("GET", "/accounts/{account}/invoices", Billing),
    ("GET", "/accounts/{account}/invoices/{invoice}", Billing),
    ("GET", "/accounts/{account}/invoices/{invoice}/pdf", Billing),
    ("GET", "/accounts/{account}/logos/{logo}", View),
    ("GET", "/accounts/{account}/billing-details", Owner),
    ("POST", "/accounts/{account}/billing-details", Owner),
    ("GET", "/accounts/{account}/payments", Billing),
    ("GET", "/accounts/{account}/payments/new", Owner),
    ("POST", "/accounts/{account}/payments/new", Owner),
    ("GET", "/accounts/{account}/payments/{payment}", Billing),
    ("POST", "/accounts/{account}/payments/{payment}/continue", Owner),
    ("GET", "/accounts/{account}/billing/export.csv", Billing),
    ("GET", "/accounts/{account}/billing/rules", Pays),
    ("POST", "/accounts/{account}/billing/rules", Pays),
    ("GET", "/accounts/{account}/members", Administer),
    ("POST", "/accounts/{account}/members", Administer),
    ("GET", "/accounts/{account}/members/{member}", Administer),
    ("POST", "/accounts/{account}/members/{member}", Administer),
    ("GET", "/accounts/{account}/members/{member}/recharge", ParentOwner),
    ("POST", "/accounts/{account}/members/{member}/recharge", ParentOwner),
    ("GET", "/accounts/{account}/members/{member}/remove", Administer),
    ("POST", "/accounts/{account}/members/{member}/remove", Administer),
    ("GET", "/accounts/{account}/invitations/{invitation}/resend", Administer),
    ("POST", "/accounts/{account}/invitations/{invitation}/resend", Administer),
    ("POST", "/accounts/{account}/invitations/{invitation}/revoke", Administer),
    ("GET", "/accounts/{account}/membership/leave", View),
    ("POST", "/accounts/{account}/membership/leave", View),
    ("GET", "/accounts/{account}/api-keys", Administer),
    ("POST", "/accounts/{account}/api-keys", Administer),
    ("GET", "/accounts/{account}/api-keys/new", Administer),
    ("GET", "/accounts/{account}/api-keys/{api_key}", Administer),
    ("POST", "/accounts/{account}/api-keys/{api_key}/rename", Administer),
    ("GET", "/accounts/{account}/api-keys/{api_key}/rotate", Administer),
    ("POST", "/accounts/{account}/api-keys/{api_key}/rotate", Administer),
    ("GET", "/accounts/{account}/api-keys/{api_key}/revoke", Administer),
    ("POST", "/accounts/{account}/api-keys/{api_key}/revoke", Administer),
    ("GET", "/accounts/{account}/audit-log", Administer),
    ("GET", "/accounts/{account}/retention", Administer),
    ("POST", "/accounts/{account}/retention", Administer),
    ("GET", "/accounts/{account}/webhooks", Administer),
    ("POST", "/accounts/{account}/webhooks", Administer),
    ("GET", "/accounts/{account}/webhooks/new", Administer),
    ("GET", "/accounts/{account}/webhooks/{webhook}", Administer),
    ("GET", "/accounts/{account}/webhooks/{webhook}/edit", Administer),
    ("POST", "/accounts/{account}/webhooks/{webhook}/edit", Administer),
    ("POST", "/accounts/{account}/webhooks/{webhook}/rotate", Administer),
    ("POST", "/accounts/{account}/webhooks/{webhook}/enable", Administer),
    ("POST", "/accounts/{account}/webhooks/{webhook}/disable", Administer),
    ("POST", "/accounts/{account}/webhooks/{webhook}/test", Administer),
    ("POST", "/accounts/{account}/webhooks/{webhook}/redeliver", Administer),
    ("GET", "/accounts/{account}/webhooks/{webhook}/delete", Administer),
    ("POST", "/accounts/{account}/webhooks/{webhook}/delete", Administer),
    ("GET", "/accounts/{account}/webhooks/{webhook}/deliveries/{event}", Administer),
    ("POST", "/accounts/{account}/webhooks/{webhook}/deliveries/{event}/redeliver", Administer),
    ("POST", "/accounts/{account}/leave", View),
    ("GET", "/accounts/{account}/sub-accounts", Parent),
    ("POST", "/accounts/{account}/sub-accounts", Parent),
    ("GET", "/accounts/{account}/sub-accounts/live", Parent),
    ("GET", "/accounts/{account}/sub-accounts/new", Parent),
    ("GET", "/accounts/{account}/sub-accounts/limits", Parent),
    ("POST", "/accounts/{account}/sub-accounts/limits", Parent),
    ("POST", "/accounts/{account}/sub-accounts/bulk", Parent),
    ("GET", "/accounts/{account}/sub-accounts/export.csv", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/live", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/access", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/limits", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/limits", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/members", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/members", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/members/{member}", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/members/{member}", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/members/{member}/remove", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/members/{member}/remove", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/invitations/{invitation}/resend", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/invitations/{invitation}/resend", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/invitations/{invitation}/revoke", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/api-keys", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/api-keys", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/api-keys/new", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}/rename", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}/rotate", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}/rotate", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}/revoke", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/api-keys/{api_key}/revoke", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/billing", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/recharge", ParentOwner),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/recharge", ParentOwner),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/recharges/{transaction}", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/billing/export.csv", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/auto-recharge", ParentOwner),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/auto-recharge", ParentOwner),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/prices", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/prices", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/audit-log", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/settings", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/rename", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/suspend", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/suspend", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/reactivate", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/reactivate", Parent),
    ("GET", "/accounts/{account}/sub-accounts/{sub_account}/delete", Parent),
    ("POST", "/accounts/{account}/sub-accounts/{sub_account}/delete", Parent),
    ("GET", "/accounts/{account}/issuer-details", ParentOwner),
    ("POST", "/accounts/{account}/issuer-details", ParentOwner),
    ("GET", "/accounts/{account}/issuer-details/logo", ParentOwner),
    ("POST", "/accounts/{account}/issuer-details/logo", ParentOwner),
    ("POST", "/accounts/{account}/issuer-details/logo/remove", ParentOwner),
    ("GET", "/accounts/{account}/issued-invoices", Parent),
    ("GET", "/accounts/{account}/issued-invoices/{issued}", Parent),
    ("GET", "/accounts/{account}/issued-invoices/{issued}/pdf", Parent),
    ("GET", "/accounts/{account}/issued-invoices/{issued}/give-back", ParentOwner),
    ("POST", "/accounts/{account}/issued-invoices/{issued}/give-back", ParentOwner),
    ("GET", "/accounts/{account}/deletions", Parent),
    ("GET", "/accounts/{account}/deletions/{certificate}", Parent),
];

/// How somebody stands in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// Nowhere near it.
    Outside,
    /// Owner or Org Admin of the organization above it, not inside it.
    Above,
    /// By this role in the organization.
    Organization(&'static str),
    /// By this role in the sub-account.
    SubAccount(&'static str),
    /// Through Access Dashboard.
    Inside,
}

/// What must come of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allowed,
    /// Told that they may not.
    Forbidden,
    /// Told that there is nothing.
    NotFound,
}

fn verdict(takes: Takes, stands: Stands) -> Verdict {
    let allowed = match (takes, stands) {
        (_, Stands::Outside) => return Verdict::NotFound,
        (_, Stands::Above) => return Verdict::Forbidden,
        // A sub-account has none beneath it.
        (Parent | ParentOwner, Stands::SubAccount(_) | Stands::Inside) => return Verdict::NotFound,
        (Parent, Stands::Organization(role)) => role != "viewer",
        (ParentOwner, Stands::Organization(role)) => role == "owner",
        (Owner, Stands::Organization(role) | Stands::SubAccount(role)) => role == "owner",
        (Owner, Stands::Inside) => false,
        (View, _) | (_, Stands::Inside) => true,
        (Play, Stands::Organization(role) | Stands::SubAccount(role)) => role != "viewer",
        (Administer, Stands::Organization(role) | Stands::SubAccount(role)) => {
            role == "owner" || role == "admin"
        }
        (Billing, Stands::Organization(role)) => role != "viewer",
        (Billing, Stands::SubAccount(role)) => role == "owner",
        (Pays, Stands::Organization(role) | Stands::SubAccount(role)) => role == "owner",
    };
    if allowed { Verdict::Allowed } else { Verdict::Forbidden }
}

/// Objects that really exist in an account, to ask for.
#[derive(Debug, Clone, Copy)]
pub struct Contents {
    pub agent: AgentId,
    pub call: CallId,
    payment: PaymentId,
    pub invoice: InvoiceId,
    /// What the account issued itself.
    issued: InvoiceId,
    logo: LogoId,
    api_key: ApiKeyId,
    webhook: WebhookId,
    event: EventId,
    member: UserId,
    invitation: InvitationId,
}

impl Contents {
    /// Ids of what is nowhere.
    fn random() -> Self {
        Self {
            agent: AgentId::new(),
            call: CallId::new(),
            payment: PaymentId::new(),
            invoice: InvoiceId::new(),
            issued: InvoiceId::new(),
            logo: LogoId::new(),
            api_key: ApiKeyId::new(),
            webhook: WebhookId::new(),
            event: EventId::new(),
            member: UserId::new(),
            invitation: InvitationId::new(),
        }
    }
}

pub async fn fill(world: &World, organization: OrganizationId, account: AccountId) -> Contents {
    let scope = world
        .access
        .scope_of_job::<RecordCalls>("test", organization, account, "india".parse().unwrap())
        .unwrap();
    let keys = world
        .access
        .scope_of_job::<AdministerAccount>("test", organization, account, "india".parse().unwrap())
        .unwrap();
    let text = KeyText::new(KeyMode::Live).unwrap();
    let key = keys.write(move |tx| api_keys::keep(tx, "Canary key", KeyMode::Live, &text)).await.unwrap();
    let (webhook, event) = world.webhook(organization, account, "https://localhost/").await;
    let member = world.person("Canary person", &format!("canary@{account}.example"));
    world.member(organization, account.uuid(), member, "viewer");
    let new = NewInvitation::check("canary@invited.example", "viewer", account).unwrap();
    let invited = keys.write(move |tx| invitations::invite(tx, &new)).await.unwrap();
    let payer = world
        .access
        .scope_of_job::<AddFunds>("test", organization, account, "india".parse().unwrap())
        .unwrap();
    let amount = Money::new(100, "INR");
    let payment = payer.write(move |tx| payments::begin(tx, PaymentProvider::Manual, &amount)).await.unwrap();
    let invoice = invoices::one(world, organization, account).await;
    let contents = Contents {
        payment,
        invoice,
        logo: logo(world, organization).await,
        api_key: key.unwrap(),
        webhook,
        event,
        member,
        invitation: invited.id,
        ..Contents::random()
    };
    let (workspace, now) = (WorkspaceId::new(), OffsetDateTime::now_utc());
    scope
        .write_region(move |tx| {
            dialnexa::domain::agents::enter(
                tx,
                &[Agent {
                    id: contents.agent,
                    workspace,
                    name: "Canary agent".into(),
                    pipeline: Pipeline::Cascaded,
                    language: "English".into(),
                    voice: "Meera".into(),
                    llm: "gpt".into(),
                    prompt: "Be kind.".into(),
                    created_at: now,
                }],
            )?;
            let call = Call {
                id: contents.call,
                workspace,
                agent: Some(contents.agent),
                agent_name: "Canary agent".into(),
                direction: Direction::Inbound,
                status: CallStatus::Completed,
                end_reason: None,
                from_e164: "+919800000001".into(),
                to_e164: "+918000000001".into(),
                created_at: now,
                answered_at: Some(now),
                ended_at: Some(now),
                duration_seconds: 12,
                cost_minor: 100,
                currency: "INR".into(),
                sentiment: None,
                summary: None,
                recording_bytes: Some(4),
                mode: KeyMode::Live,
                number: None,
                agent_version: None,
            };
            record::enter(tx, &[record::Entered { call, turns: Vec::new() }]).map(Change::none)
        })
        .await
        .unwrap();
    let folder = world.data_dir.join(format!("objects/india/{organization}/{account}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.wav", contents.call)), b"RIFF").unwrap();
    contents
}

/// A path with its names filled in.
fn filled(
    path: &str,
    account: AccountId,
    sub_account: SubAccountId,
    contents: Contents,
    certificate: CertificateId,
) -> String {
    path.replace("{account}", &account.to_string())
        .replace("{sub_account}", &sub_account.to_string())
        .replace("{agent}", &contents.agent.to_string())
        .replace("{call}", &contents.call.to_string())
        .replace("{webhook}", &contents.webhook.to_string())
        .replace("{event}", &contents.event.to_string())
        .replace("{certificate}", &certificate.to_string())
        .replace("{payment}", &contents.payment.to_string())
        .replace("{invoice}", &contents.invoice.to_string())
        .replace("{issued}", &contents.issued.to_string())
        .replace("{logo}", &contents.logo.to_string())
        .replace("{transaction}", &TransactionId::new().to_string())
        .replace("{api_key}", &contents.api_key.to_string())
        .replace("{member}", &contents.member.to_string())
        .replace("{invitation}", &contents.invitation.to_string())
}

async fn ask(browser: &Browser, method: &str, path: &str) -> Page {
    let method: Method = method.parse().unwrap();
    if method == Method::POST {
        // Without a token: whoever is let through is stopped by that alone.
        let form = Form { action: path.to_owned(), fields: BTreeMap::new() };
        browser.submit(&form).await
    } else {
        browser.get(path).await
    }
}

const UNVERIFIED: &str = "This form could not be verified";

fn check(page: &Page, expected: Verdict, what: &str) {
    let text = page.text();
    let unverified = text.contains(UNVERIFIED);
    match expected {
        Verdict::Allowed => assert!(
            unverified || page.status.is_success(),
            "{what}: must be allowed, but {}: {text}",
            page.status
        ),
        Verdict::Forbidden => {
            assert_eq!(page.status.as_u16(), 403, "{what}: {text}");
            assert!(!unverified, "{what}: was let through");
        }
        Verdict::NotFound => assert_eq!(page.status.as_u16(), 404, "{what}: {text}"),
    }
}

/// A page without what differs from request to request.
fn without_request(page: &Page, ids: &[String]) -> (u16, Vec<String>, String) {
    let mut body = page.body.clone();
    let request = page.header("x-request-id");
    if !request.is_empty() {
        body = body.replace(request, "REQUEST");
    }
    for id in ids {
        body = body.replace(id.as_str(), "ID");
    }
    let mut names: Vec<String> = page.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (page.status.as_u16(), names, body)
}

#[test]
fn every_route_in_an_account_has_a_verdict() {
    for route in ROUTES.iter().filter(|route| route.answers == Answers::Member) {
        let found =
            VERDICTS.iter().any(|(method, path, _)| *method == route.method.as_str() && *path == route.path);
        assert!(found, "{} {} is missing from the table of verdicts", route.method, route.path);
    }
    for (method, path, _) in VERDICTS {
        let method: ActixMethod = method.parse().unwrap();
        let found = ROUTES.iter().any(|route| route.method == method && route.path == *path);
        assert!(found, "{method} {path} has a verdict and no route");
    }
}

/// Somebody, and how they stand in each account of the world.
struct Actor {
    name: &'static str,
    browser: Browser,
    stands: Box<dyn Fn(AccountId) -> Stands>,
}

fn member(
    name: &'static str,
    browser: Browser,
    home: AccountId,
    stands: Stands,
    above: Option<Vec<AccountId>>,
) -> Actor {
    let stands = move |account: AccountId| match &above {
        _ if account == home => stands,
        Some(beneath) if beneath.contains(&account) => Stands::Above,
        _ => Stands::Outside,
    };
    Actor { name, browser, stands: Box::new(stands) }
}

async fn actors(world: &World, sibling: SubAccountId) -> Vec<Actor> {
    let Tenant { organization, sub_account, .. } = world.northwind;
    let (org, acme): (AccountId, AccountId) = (organization.into(), sub_account.into());
    for role in ["admin", "member"] {
        let person = world.person(&format!("Acme {role}"), &format!("{role}@acme.example"));
        world.member(organization, sub_account.uuid(), person, role);
    }
    let at = |email: &'static str| world.browser().signed_in(email);
    let beneath = Some(vec![acme, sibling.into()]);
    let inside = at("owner@northwind.example").await;
    let page = inside.get(&format!("/accounts/{org}/sub-accounts/{acme}")).await;
    let entered = inside.submit(&page.form(&format!("/accounts/{org}/sub-accounts/{acme}/access"))).await;
    assert!(entered.location().starts_with(&format!("/accounts/{acme}")));
    let delegate = move |account: AccountId| match account {
        account if account == acme => Stands::Inside,
        account if account == org => Stands::Organization("owner"),
        account if account == AccountId::from(sibling) => Stands::Above,
        _ => Stands::Outside,
    };
    let organization = |role| Stands::Organization(role);
    vec![
        member("owner", at("owner@northwind.example").await, org, organization("owner"), beneath.clone()),
        member("org admin", at("admin@northwind.example").await, org, organization("admin"), beneath),
        member("org viewer", at("viewer@northwind.example").await, org, organization("viewer"), None),
        member("acme owner", at("owner@acme.example").await, acme, Stands::SubAccount("owner"), None),
        member("acme admin", at("admin@acme.example").await, acme, Stands::SubAccount("admin"), None),
        member("acme member", at("member@acme.example").await, acme, Stands::SubAccount("member"), None),
        member("acme viewer", at("viewer@acme.example").await, acme, Stands::SubAccount("viewer"), None),
        Actor { name: "owner inside acme", browser: inside, stands: Box::new(delegate) },
    ]
}

#[tokio::test]
async fn every_route_answers_every_caller_as_it_must() {
    let world = World::new().await;
    let Tenant { organization, sub_account, owner } = world.northwind;
    let sibling = world.sub_account(organization, owner, "Sibling Ltd").await;
    let foreign = world.southwind;
    let accounts: [(&str, AccountId, OrganizationId); 5] = [
        ("own organization", organization.into(), organization),
        ("acme", sub_account.into(), organization),
        ("sibling", sibling.into(), organization),
        ("foreign organization", foreign.organization.into(), foreign.organization),
        ("foreign sub-account", foreign.sub_account.into(), foreign.organization),
    ];
    let mut contents = BTreeMap::new();
    for (_, account, organization) in accounts {
        contents.insert(account, fill(&world, organization, account).await);
    }
    for (parent, beneath) in [(organization, sub_account), (foreign.organization, foreign.sub_account)] {
        let issued = contents[&beneath.into()].invoice;
        contents.get_mut(&parent.into()).unwrap().issued = issued;
    }
    let certificate = CertificateId::new();
    let random = Contents::random();
    for actor in actors(&world, sibling).await {
        for (method, path, takes) in VERDICTS {
            for (label, account, _) in accounts {
                // The parent's pages name a sub-account of the organization beside them.
                let beneath = if account == AccountId::from(foreign.organization) {
                    foreign.sub_account
                } else {
                    sub_account
                };
                let inside = if path.contains("{sub_account}") { beneath.into() } else { account };
                let asked = filled(path, account, beneath, contents[&inside], certificate);
                let what = format!("{}: {method} {path} in {label}", actor.name);
                let mut expected = verdict(*takes, (actor.stands)(account));
                let asked = match asked.strip_suffix("/recording") {
                    // A recording is reached by the link that the call's page gives.
                    Some(call) if expected == Verdict::Allowed => {
                        let page = ask(&actor.browser, "GET", call).await;
                        page.attribute("audio", "src").unwrap_or_else(|| panic!("{what}: no player"))
                    }
                    _ => asked,
                };
                let page = ask(&actor.browser, method, &asked).await;
                // Nothing was deleted, nothing moved: there is no such certificate or entry.
                if (path.contains("{certificate}") || path.contains("{transaction}"))
                    && expected == Verdict::Allowed
                {
                    expected = Verdict::NotFound;
                }
                check(&page, expected, &what);
                for secret in ["Zenith", "Southwind"] {
                    assert!(!page.body.contains(secret), "{what} shows {secret}");
                }
                let in_acme = account == AccountId::from(sub_account);
                if in_acme && matches!((actor.stands)(account), Stands::SubAccount(_)) {
                    assert!(!page.body.contains("Sibling"), "{what} shows a sibling");
                    assert!(!page.body.contains("DialNexa"), "{what} shows the platform");
                }
            }
            // A foreign id and one that never was are told alike.
            if (actor.stands)(organization.into()) == Stands::Outside || !path.contains("{sub_account}") {
                let foreign_path =
                    filled(path, foreign.organization.into(), foreign.sub_account, random, certificate);
                let (never, never_beneath) = (OrganizationId::new(), SubAccountId::new());
                let random_path = filled(path, never.into(), never_beneath, random, certificate);
                let ids = [
                    foreign.organization.to_string(),
                    foreign.sub_account.to_string(),
                    never.to_string(),
                    never_beneath.to_string(),
                ];
                let one = without_request(&ask(&actor.browser, method, &foreign_path).await, &ids);
                let other = without_request(&ask(&actor.browser, method, &random_path).await, &ids);
                assert_eq!(one, other, "{}: {method} {path}: foreign and random differ", actor.name);
            } else {
                let own = |id: SubAccountId| filled(path, organization.into(), id, random, certificate);
                let never = SubAccountId::new();
                let ids = [foreign.sub_account.to_string(), never.to_string()];
                let one =
                    without_request(&ask(&actor.browser, method, &own(foreign.sub_account)).await, &ids);
                let other = without_request(&ask(&actor.browser, method, &own(never)).await, &ids);
                assert_eq!(one, other, "{}: {method} {path}: foreign and random differ", actor.name);
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_sent_to_sign_in_whatever_they_ask_for() {
    let world = World::new().await;
    let browser = world.browser();
    let contents = Contents::random();
    for (method, path, _) in VERDICTS {
        let organization = world.northwind.organization.into();
        let asked = filled(path, organization, world.northwind.sub_account, contents, CertificateId::new());
        let page = ask(&browser, method, &asked).await;
        assert!(page.location().starts_with("/sign-in"), "{method} {path}: {}", page.status);
    }
}
