//! The server, built once for the program and for its tests.

use std::{io, net::TcpListener, num::NonZeroU32, sync::Arc, thread, time::Duration};

use actix_session::{SessionMiddleware, config::BrowserSession};
use actix_web::{
    App, HttpServer,
    cookie::{Key, SameSite},
    middleware::from_fn,
    web,
};
use sha2::{Digest, Sha512};

use crate::{
    access::{Access, AccessSettings, session_store::Sessions},
    config::Settings,
    domain::{
        billing::invoices::Platform,
        demo::{self, DemoSignIns},
        limits::together::Together,
    },
    engine,
    error::Error,
    json, object_stores,
    paying::Paying,
    payment_providers::Providers,
    provision::Ready,
    routes,
    start::{StartError, Stop},
    v1::{self, rate::Rates},
    values::{PrivateTargets, Region, Sealer},
    web::{
        api_docs::reference::Reference,
        forms::{self, FormKey},
        guesses::Guesses,
        hashing::Hashing,
        health::Readiness,
        live::{Live, Tempo},
        security,
        sign_in::Gate,
        site::{SESSION_COOKIE, Site},
    },
    work::{
        self,
        mail::Mailer,
        webhooks::{Webhooks, sender::Sender},
    },
};

/// Connections to each database.
const CONNECTIONS: u32 = 16;
/// How long a connection without a request is kept: longer than proxies keep theirs, which then never send into
/// one that is about to be closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a browser may take to send a request's head.
const REQUEST_HEAD: Duration = Duration::from_secs(10);
/// How long requests at work may go on once the server is asked to stop, in seconds.
const STOPPING: u64 = 20;

/// The application: what it stands on, opened, and not yet serving.
pub struct Application {
    access: Arc<Access>,
    site: Site,
    secret: [u8; 32],
    session_key: Key,
    mailer: Mailer,
    sender: Sender,
    private_targets: PrivateTargets,
    /// The platform as it invoices organizations.
    supplier: Arc<Platform>,
    providers: Providers,
    public_url: String,
    /// How often each key of the API may ask, per minute.
    api_rate: NonZeroU32,
    live: Tempo,
    workers: usize,
}

impl Application {
    /// Opens the databases and stores.
    ///
    /// # Errors
    ///
    /// One line for the person who starts the program.
    pub fn open(settings: &Settings, ready: Ready) -> Result<Self, StartError> {
        let access = Access::open(AccessSettings {
            control_url: ready.control_url,
            region_urls: ready.region_urls,
            object_stores: object_stores::open(&ready.object_stores)?,
            connections: CONNECTIONS,
            lease: settings.lease,
        })
        .map_err(|error| StartError::Database(error.to_string()))?;
        let folder = settings.data_dir.join("mail");
        let mailer = Mailer::new(settings.smtp_url.as_ref(), folder, &settings.public_url)
            .map_err(|error| StartError::DataFolder(format!("DIALNEXA_SMTP_URL: {error}")))?;
        let session_key =
            Sha512::new().chain_update(b"key of session cookies").chain_update(ready.secret).finalize();
        Ok(Self {
            access,
            site: Site::new(&settings.public_url, ready.secret),
            secret: ready.secret,
            session_key: Key::from(&session_key),
            mailer,
            sender: Sender::new(settings.webhook_private_targets.clone())
                .map_err(|error| StartError::Refused(error.to_string()))?,
            private_targets: settings.webhook_private_targets.clone(),
            supplier: Arc::new(settings.supplier.clone()),
            providers: Providers::new(&settings.payments)
                .map_err(|error| StartError::Refused(error.to_string()))?,
            public_url: settings.public_url.clone(),
            api_rate: settings.api_rate,
            live: Tempo::default(),
            workers: thread::available_parallelism().map_or(2, usize::from).max(2),
        })
    }

    /// The access to its data.
    pub fn access(&self) -> &Arc<Access> {
        &self.access
    }

    /// The platform as it invoices organizations.
    pub fn supplier(&self) -> &Platform {
        &self.supplier
    }

    /// With another tempo of the numbers that change while one looks: for tests.
    pub fn with_live(self, live: Tempo) -> Self {
        Self { live, ..self }
    }

    /// Loads the demo organization, unless it is there.
    ///
    /// # Errors
    ///
    /// Those of the databases and object stores; the next loading completes what was begun.
    pub async fn load_demo(&self) -> Result<DemoSignIns, Error> {
        demo::load(&self.access, &self.secret).await
    }

    /// Serves on `listener`, with the background work, until `stop` is asked for and what is at work has
    /// finished.
    ///
    /// # Errors
    ///
    /// When the listener cannot be used.
    pub async fn serve(self, listener: TcpListener, stop: Stop) -> io::Result<()> {
        let Self {
            access,
            site,
            secret,
            session_key,
            mailer,
            sender,
            private_targets,
            supplier,
            providers,
            public_url,
            api_rate,
            live,
            workers,
        } = self;
        let sealer = Sealer::of(&secret);
        let webhooks = Webhooks::new(&access, sender, sealer.clone(), mailer.clone(), public_url.clone());
        let providers = Arc::new(providers);
        let work = work::begin(
            &access,
            mailer,
            public_url.clone(),
            webhooks,
            supplier,
            providers.clone(),
            &stop.wait(),
        );
        let paying = web::Data::new(Paying::new(providers.clone(), site.origin()));
        let providers = web::Data::from(providers);
        let live = web::Data::new(Live::new(access.clone(), live, stop.wait()));
        let private_targets = web::Data::new(private_targets);
        let stopping = stop.clone();
        let together = web::Data::new(Together::new(access.clone()));
        let access = web::Data::from(access);
        let form_key = web::Data::new(FormKey::of(&site));
        let site = web::Data::new(site);
        let guesses = web::Data::new(Guesses::default());
        let hashing = web::Data::new(Hashing::default());
        let readiness = web::Data::new(Readiness::new(move || stopping.requested()));
        let sealer = web::Data::new(sealer);
        let rights = routes::rights();
        let regions: Vec<Region> = access.regions().cloned().collect();
        let document = v1::document::document(&rights, &regions, &public_url);
        let reference = web::Data::new(Reference::read(&serde_json::to_value(&document)?));
        let document = web::Data::new(v1::document::Written::of(&document)?);
        let for_engines = engine::document::document(&public_url);
        let for_engines = web::Data::new(engine::document::Written::of(&for_engines)?);
        let rights = web::Data::new(rights);
        let rates = web::Data::new(Rates::new(api_rate));
        let gate = web::Data::new(Gate::new(access.clone(), site.clone(), guesses.clone(), hashing.clone()));
        let server = HttpServer::new(move || {
            let sessions = Sessions(access.clone().into_inner());
            let session = SessionMiddleware::builder(sessions, session_key.clone())
                .cookie_name(site.cookie_name(SESSION_COOKIE))
                .cookie_secure(site.is_https())
                .cookie_http_only(true)
                .cookie_same_site(SameSite::Lax)
                .cookie_path("/".to_owned())
                .session_lifecycle(BrowserSession::default())
                .build();
            App::new()
                .app_data(access.clone())
                .app_data(site.clone())
                .app_data(form_key.clone())
                .app_data(guesses.clone())
                .app_data(hashing.clone())
                .app_data(readiness.clone())
                .app_data(gate.clone())
                .app_data(live.clone())
                .app_data(together.clone())
                .app_data(reference.clone())
                .app_data(sealer.clone())
                .app_data(private_targets.clone())
                .app_data(providers.clone())
                .app_data(paying.clone())
                .app_data(rights.clone())
                .app_data(rates.clone())
                .app_data(document.clone())
                .app_data(for_engines.clone())
                .app_data(web::PayloadConfig::new(forms::LARGEST))
                .wrap(from_fn(security::surround))
                .configure(routes::without_session)
                .service(
                    web::scope("/v1")
                        .app_data(web::PayloadConfig::new(json::request::LARGEST))
                        .wrap(from_fn(v1::front::surround))
                        .configure(routes::api),
                )
                .service(
                    web::scope("/engine/v1")
                        .app_data(web::PayloadConfig::new(engine::uploads::LARGEST_JSON))
                        .wrap(from_fn(engine::front::surround))
                        .configure(routes::engines),
                )
                .service(
                    web::scope("")
                        .wrap(session)
                        // Outside of it: a session that ends while a form comes in is over.
                        .wrap(from_fn(forms::arrive))
                        .configure(routes::with_session),
                )
        });
        let served = server
            .workers(workers)
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_HEAD)
            .shutdown_timeout(STOPPING)
            .shutdown_signal(stop.wait())
            .listen(listener)?
            .run()
            .await;
        work.finish(Duration::from_secs(STOPPING)).await;
        served
    }
}
