//! A world of its own for each test: databases cloned from migrated ones, two equal
//! organizations in them, and the real server.

use std::{
    collections::BTreeMap,
    env, fs,
    net::{SocketAddr, TcpListener},
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use actix_web::rt::System;
use dialnexa::{
    access::{Access, permission::ManageSubAccounts},
    app::Application,
    config::Settings,
    domain::{
        billing::invoices::Platform,
        identity::passwords,
        operator::{self, NewOrganization},
        sub_accounts::create::{NewSubAccount, NewSubAccountInput, create},
    },
    payment_providers::PaymentSettings,
    provision::{Ready, prepare_at},
    start::Stop,
    values::{DatabaseUrl, OrganizationId, PrivateTargets, Region, Sealer, SubAccountId, UserId},
    web::live::Tempo,
};
use diesel::{
    Connection, RunQueryDsl,
    connection::SimpleConnection,
    pg::PgConnection,
    sql_query,
    sql_types::{Integer, Text, Uuid},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::sync::oneshot;
use url::Url;

use crate::browser::Browser;

/// Everybody's password.
pub const PASSWORD: &str = "demo-password-1";

/// The advisory lock of whoever prepares or clones the templates.
const TEMPLATE_LOCK: i64 = 0x776f_726c_6473;

const TEMPLATE: &str = "it_world";

/// An organization with one sub-account, and the people of both.
#[derive(Debug, Clone, Copy)]
pub struct Tenant {
    pub organization: OrganizationId,
    pub sub_account: SubAccountId,
    pub owner: UserId,
}

/// What differs between one world and another.
#[derive(Debug, Clone, Default)]
pub struct WorldOptions {
    pub smtp_url: Option<Url>,
    pub public_url: Option<String>,
    /// How often a key may ask per minute; as often as it likes, unless said.
    pub api_rate: Option<NonZeroU32>,
    /// Where webhooks may be sent besides the public internet.
    pub webhook_private_targets: PrivateTargets,
    /// How often what pages watch is read, and who watches is asked about.
    pub live: Option<Tempo>,
    /// By whom wallets can be paid into.
    pub payments: PaymentSettings,
    /// How long a call's place is kept without a heartbeat; 30 s, unless said.
    pub lease: Option<Duration>,
    /// Where the recordings of India are, instead of a folder.
    pub object_store: Option<String>,
    /// Without the two tenants: for what makes tenants of its own.
    pub empty: bool,
}

pub struct World {
    pub base: String,
    pub data_dir: PathBuf,
    pub access: Arc<Access>,
    /// Northwind Voice (owner@, admin@, viewer@northwind.example) with Acme Corp
    /// (owner@, viewer@acme.example).
    pub northwind: Tenant,
    /// Southwind Voice with Zenith, likewise.
    pub southwind: Tenant,
    databases: Cloned,
    settings: Settings,
    server: Option<Server>,
}

struct Server {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Databases of one world.
struct Cloned {
    names: Vec<String>,
    ready: Ready,
    control_of_owner: DatabaseUrl,
}

fn owner_url() -> DatabaseUrl {
    let url = env::var("DIALNEXA_DATABASE_URL").expect("DIALNEXA_DATABASE_URL: run `make test`");
    url.parse().unwrap()
}

/// The platform as it invoices organizations.
pub fn supplier() -> Platform {
    Platform::check("DialNexa Technologies Private Limited", "14 MG Road", "29", "29AAACD1234E1Z5").unwrap()
}

pub fn regions() -> Vec<Region> {
    vec!["india".parse().unwrap(), "us".parse().unwrap()]
}

impl Cloned {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        static PREPARED: OnceLock<Ready> = OnceLock::new();
        let owner = owner_url();
        let name = format!("it_w_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut server = PgConnection::establish(&owner.with_database("postgres").to_string()).unwrap();
        server.batch_execute(&format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).unwrap();
        let template = PREPARED.get_or_init(|| prepare_at(&owner.to_string(), TEMPLATE, &regions()).unwrap());
        let mut names = Vec::new();
        let mut cloned = |suffix: &str, url: &str| {
            let clone = format!("{name}{suffix}");
            let statement = format!("CREATE DATABASE {clone} TEMPLATE {TEMPLATE}{suffix}");
            server.batch_execute(&statement).unwrap();
            names.push(clone.clone());
            url.parse::<DatabaseUrl>().unwrap().with_database(&clone).to_string()
        };
        let control_url = cloned("", &template.control_url);
        let region_urls = template
            .region_urls
            .iter()
            .map(|(region, url)| (region.clone(), cloned(&format!("_{region}"), url)))
            .collect();
        server.batch_execute(&format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).unwrap();
        let ready = Ready { control_url, region_urls, ..template.clone() };
        Self { names, ready, control_of_owner: owner.with_database(&name) }
    }
}

impl Drop for Cloned {
    fn drop(&mut self) {
        let owner = owner_url().with_database("postgres").to_string();
        let Ok(mut server) = PgConnection::establish(&owner) else { return };
        for name in &self.names {
            let _ = server.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(WorldOptions::default()).await
    }

    pub async fn with(options: WorldOptions) -> Self {
        let mut databases = Cloned::new();
        let data_dir = env::temp_dir().join(format!("dialnexa-{}", databases.names[0]));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        databases.ready.object_stores = regions()
            .into_iter()
            .map(|region| {
                let folder = data_dir.join("objects").join(region.as_str());
                (region, Url::from_file_path(folder).unwrap().into())
            })
            .collect();
        if let Some(url) = options.object_store {
            databases.ready.object_stores.insert(regions()[0].clone(), url);
        }
        let settings = Settings {
            listen: address,
            public_url: options.public_url.unwrap_or_else(|| base.clone()),
            data_dir: data_dir.clone(),
            database_url: None,
            regions: BTreeMap::new(),
            object_stores: BTreeMap::new(),
            smtp_url: options.smtp_url,
            api_rate: options.api_rate.unwrap_or(NonZeroU32::MAX),
            lease: options.lease.unwrap_or(Duration::from_secs(30)),
            webhook_private_targets: options.webhook_private_targets,
            supplier: supplier(),
            payments: options.payments,
        };
        let application = Application::open(&settings, databases.ready.clone()).unwrap();
        let application = application.with_live(options.live.unwrap_or_default());
        let access = application.access().clone();
        let tenant = |organization, owner| Tenant { organization, sub_account: SubAccountId::new(), owner };
        let mut world = Self {
            base,
            data_dir,
            access,
            northwind: tenant(OrganizationId::new(), UserId::new()),
            southwind: tenant(OrganizationId::new(), UserId::new()),
            databases,
            settings,
            server: Some(Server::start(application, listener)),
        };
        if options.empty {
            return world;
        }
        world.northwind = world.tenant("Northwind", "Acme Corp", "acme").await;
        world.southwind = world.tenant("Southwind", "Zenith", "zenith").await;
        world
    }

    /// An organization with a sub-account, and people in both.
    async fn tenant(&self, name: &str, beneath: &str, word: &str) -> Tenant {
        let organization = self.organization(&format!("{name} Voice")).await;
        let domain = format!("{}.example", name.to_lowercase());
        let owner = self.person("Asha Rao", &format!("owner@{domain}"));
        self.member(organization, organization.uuid(), owner, "owner");
        for role in ["admin", "viewer"] {
            let person = self.person(&format!("{name} {role}"), &format!("{role}@{domain}"));
            self.member(organization, organization.uuid(), person, role);
        }
        let sub_account = self.sub_account(organization, owner, beneath).await;
        for role in ["owner", "viewer"] {
            let person = self.person(&format!("{beneath} {role}"), &format!("{role}@{word}.example"));
            self.member(organization, sub_account.uuid(), person, role);
        }
        Tenant { organization, sub_account, owner }
    }

    /// A connection of the program's own role, in the part of the platform's operator.
    fn operate(
        &self,
        organization: OrganizationId,
        account: uuid::Uuid,
        work: impl FnOnce(&mut PgConnection),
    ) {
        let mut connection = PgConnection::establish(&self.databases.ready.control_url).unwrap();
        connection
            .transaction::<_, diesel::result::Error, _>(|c| {
                c.batch_execute(&format!(
                    "SELECT set_config('role', 'dialnexa_operator', true),
                            set_config('app.organization_id', '{}', true),
                            set_config('app.account_id', '{account}', true)",
                    organization.uuid()
                ))?;
                work(c);
                Ok(())
            })
            .unwrap();
    }

    /// An organization with the feature and a brand of its name.
    pub async fn organization(&self, name: &str) -> OrganizationId {
        let id = OrganizationId::new();
        let new = NewOrganization {
            name: name.to_owned(),
            region: "india".parse().unwrap(),
            currency: "INR".to_owned(),
            total_concurrency: 200,
            sub_accounts_enabled: true,
            brand: Some((name.to_owned(), None)),
        };
        self.access.operate(id, id.into(), move |tx| operator::create_organization(tx, &new)).await.unwrap();
        id
    }

    pub fn person(&self, name: &str, email: &str) -> UserId {
        static HASH: OnceLock<String> = OnceLock::new();
        let hash = HASH.get_or_init(|| passwords::hash(PASSWORD).unwrap());
        let id = UserId::new();
        let nowhere = OrganizationId::new();
        self.operate(nowhere, nowhere.uuid(), |c| {
            sql_query("INSERT INTO users (user_id, name, email, password_hash) VALUES ($1, $2, $3, $4)")
                .bind::<Uuid, _>(id.uuid())
                .bind::<Text, _>(name)
                .bind::<Text, _>(email)
                .bind::<Text, _>(hash)
                .execute(c)
                .unwrap();
        });
        id
    }

    pub fn member(&self, organization: OrganizationId, account: uuid::Uuid, user: UserId, role: &str) {
        self.operate(organization, account, |c| {
            sql_query("INSERT INTO memberships (user_id, role) VALUES ($1, $2)")
                .bind::<Uuid, _>(user.uuid())
                .bind::<Text, _>(role)
                .execute(c)
                .unwrap();
        });
    }

    /// A sub-account, made by the real operation.
    pub async fn sub_account(&self, organization: OrganizationId, owner: UserId, name: &str) -> SubAccountId {
        let scope =
            self.access.scope_of_member::<ManageSubAccounts>(owner, organization.into()).await.unwrap();
        let input = NewSubAccountInput {
            name: name.to_owned(),
            billing_mode: "isolated".to_owned(),
            region: "india".to_owned(),
            concurrency_limit: Some(10),
            ..NewSubAccountInput::default()
        };
        let new = NewSubAccount::check(&input, &regions()).unwrap();
        scope.write(move |tx| create(tx, &new)).await.unwrap().id
    }

    /// Every database of this world, with the name of its region or "control": its own
    /// address for the program's role, and the owner's.
    pub fn databases(&self) -> Vec<(String, String, String)> {
        let owner = &self.databases.control_of_owner;
        let ready = &self.databases.ready;
        let mut all = vec![("control".to_owned(), ready.control_url.clone(), owner.to_string())];
        for (region, url) in &ready.region_urls {
            let name = url.parse::<DatabaseUrl>().unwrap().database().unwrap().to_owned();
            all.push((region.to_string(), url.clone(), owner.with_database(&name).to_string()));
        }
        all
    }

    /// A look at the control database as its owner, past every policy.
    pub fn count(&self, query: &str) -> i32 {
        count_in(&self.databases.control_of_owner.to_string(), query)
    }

    /// The id of whoever signs in with this address.
    pub fn id_of(&self, email: &str) -> String {
        #[derive(diesel::QueryableByName)]
        struct Found {
            #[diesel(sql_type = Uuid)]
            user_id: uuid::Uuid,
        }
        let mut owner = PgConnection::establish(&self.databases.control_of_owner.to_string()).unwrap();
        let found = sql_query("SELECT user_id FROM users WHERE email = $1").bind::<Text, _>(email);
        UserId::from_uuid(found.get_result::<Found>(&mut owner).unwrap().user_id).to_string()
    }

    /// Changes something as the database's owner.
    pub fn force(&self, statement: &str) {
        let mut owner = PgConnection::establish(&self.databases.control_of_owner.to_string()).unwrap();
        owner.batch_execute(statement).unwrap();
    }

    /// An id that is found in the control database, as its owner.
    pub fn uuid(&self, query: &str) -> uuid::Uuid {
        #[derive(diesel::QueryableByName)]
        struct Found {
            #[diesel(sql_type = Uuid)]
            id: uuid::Uuid,
        }
        let mut owner = PgConnection::establish(&self.databases.control_of_owner.to_string()).unwrap();
        sql_query(query).get_result::<Found>(&mut owner).unwrap().id
    }

    /// Ids that are found in the control database, as its owner.
    pub fn uuids(&self, query: &str) -> Vec<uuid::Uuid> {
        #[derive(diesel::QueryableByName)]
        struct Found {
            #[diesel(sql_type = Uuid)]
            id: uuid::Uuid,
        }
        let mut owner = PgConnection::establish(&self.databases.control_of_owner.to_string()).unwrap();
        sql_query(query).load::<Found>(&mut owner).unwrap().into_iter().map(|found| found.id).collect()
    }

    /// A connection to a region's database, as its owner.
    pub fn region(&self, region: &str) -> PgConnection {
        let found = self.databases().into_iter().find(|(name, ..)| name == region);
        PgConnection::establish(&found.expect("a region of the world").2).unwrap()
    }

    /// Changes something in a region as the database's owner.
    pub fn force_region(&self, region: &str, statement: &str) {
        self.region(region).batch_execute(statement).unwrap();
    }

    /// What the server signs `parts` with, for one purpose.
    pub fn signature(&self, purpose: &str, parts: &[&str]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.databases.ready.secret).unwrap();
        for part in std::iter::once(&purpose).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        data_encoding::BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// Starts another server beside this one, on the same databases, until it is dropped;
    /// tells its address.
    pub fn beside(&self) -> (String, Beside) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let application = Application::open(&self.settings, self.databases.ready.clone()).unwrap();
        (base, Beside(Some(Server::start(application, listener))))
    }

    /// Stops the server and starts another on the same port and databases.
    pub fn restart(&mut self) {
        self.stop();
        let address: SocketAddr = self.settings.listen;
        let listener = TcpListener::bind(address).unwrap();
        let application = Application::open(&self.settings, self.databases.ready.clone()).unwrap();
        self.access = application.access().clone();
        self.server = Some(Server::start(application, listener));
    }

    /// What the server seals secrets with.
    pub fn sealer(&self) -> Sealer {
        Sealer::of(&self.databases.ready.secret)
    }

    /// Asks the server to stop and waits until it has.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            let _ = server.stop.send(());
            server.thread.join().unwrap();
        }
    }
}

impl Server {
    fn start(application: Application, listener: TcpListener) -> Self {
        let (stop, asked) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let stop = Stop::when(async move {
                let _ = asked.await;
            });
            System::new().block_on(application.serve(listener, stop)).unwrap();
        });
        Self { stop, thread }
    }
}

/// A second server of a world.
pub struct Beside(Option<Server>);

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(server) = self.0.take() {
            let _ = server.stop.send(());
            server.thread.join().unwrap();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.data_dir);
    }
}

/// A look at a database as its owner.
pub fn count_in(url: &str, query: &str) -> i32 {
    #[derive(diesel::QueryableByName)]
    struct Counted {
        #[diesel(sql_type = Integer)]
        n: i32,
    }
    let mut owner = PgConnection::establish(url).unwrap();
    sql_query(format!("SELECT ({query})::integer AS n")).get_result::<Counted>(&mut owner).unwrap().n
}

/// The letters in a folder, oldest first.
pub fn letters(data_dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(data_dir.join("mail")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}
