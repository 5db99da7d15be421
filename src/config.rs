//! Settings: flags, environment, file (`domain.md` 10).

mod payments;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    net::{SocketAddr, ToSocketAddrs},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use url::Url;

use crate::{
    admin::AdminCommand,
    domain::billing::invoices::Platform,
    object_stores::Place,
    payment_providers::PaymentSettings,
    simulate::SimulateOptions,
    start::one_line,
    values::{DatabaseUrl, PrivateTargets, Region},
};

use payments::PaymentTexts;

/// The regions there are when none are configured.
pub const DEFAULT_REGIONS: [&str; 3] = ["india", "us", "eu"];

/// The command line.
#[derive(Parser, Debug)]
#[command(
    name = "dialnexa",
    version,
    about = "DialNexa Sub-Accounts: isolated environments beneath a parent account, as a dashboard and an API",
    after_help = "A flag wins over the environment, the environment over the file, the file over the default.\n\
                  In the file the names are those of the flags in snake case: listen = \"127.0.0.1:8080\"",
    max_term_width = 110
)]
struct CommandLine {
    #[command(flatten)]
    settings: SettingTexts,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the program is asked to do.
#[derive(Subcommand, Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Serve the dashboard, with the background work (what happens when nothing is named)
    Run {
        /// Load the demo organization first, unless it is there, and print its sign-ins
        #[arg(long)]
        demo: bool,
    },
    /// Create what is missing of the databases, bring them to this version, and exit
    Migrate,
    /// Load the demo organization, unless it is there, and print its sign-ins, one NAME=value per line
    Demo,
    /// Play a telephony engine, and those who call, against a running server over HTTP
    Simulate(Box<SimulateOptions>),
    /// What the platform's operator does: organizations, features, people, proofs
    #[command(subcommand)]
    Admin(AdminCommand),
}

impl Default for Command {
    fn default() -> Self {
        Self::Run { demo: false }
    }
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Settings")]
struct SettingTexts {
    /// A TOML file with settings
    #[arg(long, global = true, env = "DIALNEXA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address and port to listen on
    #[arg(
        long,
        global = true,
        env = "DIALNEXA_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    listen: String,
    /// Where people and programs reach this server [default: http://<listen>]
    #[arg(long, global = true, env = "DIALNEXA_PUBLIC_URL", default_value = "", value_name = "URL")]
    #[arg(hide_default_value = true)]
    public_url: String,
    /// The folder for everything that is kept on this machine
    #[arg(long, global = true, env = "DIALNEXA_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    data_dir: String,
    /// The control database, as a login that may create databases and roles [default: a private PostgreSQL
    /// in the data folder]
    #[arg(long, global = true, env = "DIALNEXA_DATABASE_URL", default_value = "", value_name = "URL")]
    #[arg(hide_env_values = true, hide_default_value = true)]
    database_url: String,
    /// The data regions and their databases: india=postgres://…,us=postgres://… [default: india, us and eu,
    /// beside the control database]
    #[arg(
        long,
        global = true,
        env = "DIALNEXA_REGION_DATABASE_URLS",
        default_value = "",
        value_name = "LIST"
    )]
    #[arg(hide_env_values = true, hide_default_value = true)]
    region_database_urls: String,
    /// The object stores of regions: india=file:///…,us=s3://bucket/prefix [default: <data dir>/objects/<region>].
    /// A bucket's endpoint, region and keys stand after it (?endpoint=https://…&region=…&access_key_id=…&
    /// secret_access_key=…) or in AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, global = true, env = "DIALNEXA_OBJECT_STORE_URLS", default_value = "", value_name = "LIST")]
    #[arg(hide_env_values = true, hide_default_value = true)]
    object_store_urls: String,
    /// The mail server: smtp://user:password@host:587 [default: mail is kept in the data folder]
    #[arg(long, global = true, env = "DIALNEXA_SMTP_URL", default_value = "", value_name = "URL")]
    #[arg(hide_env_values = true, hide_default_value = true)]
    smtp_url: String,
    /// How many requests each API key may make per minute, to each process of this program
    #[arg(long, global = true, env = "DIALNEXA_API_RATE", default_value = "3000", value_name = "NUMBER")]
    api_rate: String,
    /// How many seconds a call's place is kept without a heartbeat from its telephony engine: 3 to 300
    #[arg(long, global = true, env = "DIALNEXA_LEASE_SECONDS", default_value = "30", value_name = "NUMBER")]
    lease_seconds: String,
    /// Where webhooks may be sent besides the public internet, there also by http and on any port: networks
    /// and hosts, such as 10.1.0.0/16,hooks.internal [default: nowhere]
    #[arg(
        long,
        global = true,
        env = "DIALNEXA_WEBHOOK_PRIVATE_TARGETS",
        default_value = "",
        value_name = "LIST"
    )]
    #[arg(hide_default_value = true)]
    webhook_private_targets: String,
    /// The name by law of whoever invoices organizations
    #[arg(
        long,
        global = true,
        env = "DIALNEXA_SUPPLIER_NAME",
        default_value = "DialNexa Technologies Private Limited",
        value_name = "NAME"
    )]
    supplier_name: String,
    /// Their address, in lines
    #[arg(
        long,
        global = true,
        env = "DIALNEXA_SUPPLIER_ADDRESS",
        default_value = "14 MG Road\nBengaluru 560001",
        value_name = "TEXT"
    )]
    supplier_address: String,
    /// Their registration for GST, which begins with the code of their state
    #[arg(
        long,
        global = true,
        env = "DIALNEXA_SUPPLIER_GSTIN",
        default_value = "29AAACD1234E1Z5",
        value_name = "GSTIN"
    )]
    supplier_gstin: String,
    #[command(flatten)]
    payments: PaymentTexts,
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where people and programs reach the server, without a slash at the end.
    pub public_url: String,
    /// The folder for everything kept on this machine, absolute.
    pub data_dir: PathBuf,
    /// The control database as its owner; `None` is the private cluster.
    pub database_url: Option<DatabaseUrl>,
    /// Every region, and its database as its owner; `None` is beside the control database.
    pub regions: BTreeMap<Region, Option<DatabaseUrl>>,
    /// Object stores that were given; others are in the data folder.
    pub object_stores: BTreeMap<Region, String>,
    /// The mail server (`smtp` or `smtps`).
    pub smtp_url: Option<Url>,
    /// How many requests each API key may make per minute, to each process.
    pub api_rate: NonZeroU32,
    /// How long a call's place is kept without a heartbeat.
    pub lease: Duration,
    /// Where webhooks may be sent besides the public internet.
    pub webhook_private_targets: PrivateTargets,
    /// The platform as it invoices organizations.
    pub supplier: Platform,
    /// By whom wallets can be paid into.
    pub payments: PaymentSettings,
}

impl Settings {
    /// Notes the address that was really taken: port 0 becomes a port, also in a public URL that was not
    /// given.
    pub fn listening_on(&mut self, address: SocketAddr) {
        if self.public_url == format!("http://{}", self.listen) {
            self.public_url = format!("http://{address}");
        }
        self.listen = address;
    }

    /// The object store of every region: the one given, or `file://<data dir>/objects/<region>`.
    pub fn object_store_urls(&self) -> BTreeMap<Region, String> {
        let default = |region: &Region| {
            let folder = self.data_dir.join("objects").join(region.as_str());
            Url::from_file_path(folder).map(String::from).unwrap_or_default()
        };
        let url = |region| self.object_stores.get(region).cloned().unwrap_or_else(|| default(region));
        self.regions.keys().map(|region| (region.clone(), url(region))).collect()
    }
}

/// Reads the process's arguments, environment and file.
///
/// Ends the process for `--help`, `--version` and arguments that do not exist, as clap does.
///
/// # Errors
///
/// One line naming everything that is wrong.
pub fn from_process() -> Result<(Command, Settings), String> {
    match read(CommandLine::command(), std::env::args_os()) {
        Ok(read) => Ok(read),
        Err(Refusal::Arguments(error)) => error.exit(),
        Err(Refusal::Values(line)) => Err(line),
    }
}

#[derive(Debug)]
enum Refusal {
    Arguments(clap::Error),
    Values(String),
}

fn read(
    mut command: clap::Command,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<(Command, Settings), Refusal> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(file) = config_file(&command, &arguments) {
        for (name, value) in file_values(&file).map_err(Refusal::Values)? {
            command = command.mut_arg(name, |arg| arg.default_value(value));
        }
    }
    let line = command
        .try_get_matches_from(arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches))
        .map_err(Refusal::Arguments)?;
    let settings = check(&line.settings).map_err(|wrong| Refusal::Values(wrong.join("; ")))?;
    Ok((line.command.unwrap_or_default(), settings))
}

/// The file named by `--config` or the environment: looked for before the rest is understood.
fn config_file(command: &clap::Command, arguments: &[OsString]) -> Option<PathBuf> {
    let lenient = command.clone().ignore_errors(true).disable_help_flag(true).disable_version_flag(true);
    let matches = lenient.try_get_matches_from(arguments).ok()?;
    let file = matches.get_one::<PathBuf>("config").cloned()?;
    if file.as_os_str().is_empty() { None } else { Some(file) }
}

/// The file's values by setting; lists of regions may be tables.
fn file_values(file: &Path) -> Result<Vec<(String, String)>, String> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        format!("{shown}, line {line}: {}", one_line(error.message()))
    })?;
    let command = CommandLine::command();
    let known = |name: &str| name != "config" && command.get_arguments().any(|arg| arg.get_id() == name);
    let (mut values, mut wrong) = (Vec::new(), Vec::new());
    for (name, value) in table {
        match value {
            _ if !known(&name) => wrong.push(format!("{shown}: there is no setting {name:?}")),
            toml::Value::String(text) => values.push((name, text)),
            toml::Value::Table(list) if name.ends_with("_urls") => {
                let entry =
                    |(region, url): (String, toml::Value)| Some(format!("{region}={}", url.as_str()?));
                match list.into_iter().map(entry).collect::<Option<Vec<_>>>() {
                    Some(entries) => values.push((name, entries.join(","))),
                    None => wrong.push(format!("{shown}: {name} must be a table of texts")),
                }
            }
            _ => wrong.push(format!("{shown}: {name} must be a text")),
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong.join("; ")) }
}

/// Checks every value and collects what is wrong, named as in the environment.
fn check(texts: &SettingTexts) -> Result<Settings, Vec<String>> {
    let mut wrong = Vec::new();
    let mut note = |name: &str, why: String| wrong.push(format!("DIALNEXA_{name}: {why}"));

    let listen_text = if texts.listen.is_empty() { "127.0.0.1:8080" } else { &texts.listen };
    let listen = listen_text.to_socket_addrs().ok().and_then(|mut found| found.next());
    if listen.is_none() {
        note("LISTEN", format!("{listen_text:?} is not an address such as 127.0.0.1:8080"));
    }
    let public_url = match texts.public_url.trim_end_matches('/') {
        "" => format!("http://{}", listen.map_or(listen_text.to_owned(), |address| address.to_string())),
        given => given.to_owned(),
    };
    let web =
        |url: &Url| matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.path() == "/";
    if listen.is_some() && !Url::parse(&public_url).is_ok_and(|url| web(&url)) {
        note("PUBLIC_URL", format!("{public_url:?} is not an address such as https://voice.example"));
    }
    let data_text = if texts.data_dir.is_empty() { "./data" } else { &texts.data_dir };
    let data_dir = std::path::absolute(data_text).unwrap_or_default();
    if data_dir.to_str().is_none_or(str::is_empty) {
        note("DATA_DIR", format!("{data_text:?} is not a usable folder name"));
    }
    let database_url = match texts.database_url.as_str() {
        "" => None,
        given => given.parse::<DatabaseUrl>().map_err(|error| note("DATABASE_URL", error.to_string())).ok(),
    };

    let mut regions = BTreeMap::new();
    for (name, url) in list(&texts.region_database_urls) {
        match (name.parse::<Region>(), url.parse::<DatabaseUrl>()) {
            (Err(error), _) => note("REGION_DATABASE_URLS", format!("{name:?}: {error}")),
            (_, Err(error)) => note("REGION_DATABASE_URLS", format!("{name}: {error}")),
            (Ok(region), Ok(url)) => {
                let shared = |(_, other): (&Region, &Option<DatabaseUrl>)| {
                    other.as_ref().is_some_and(|other| url.database().is_some() && other.same_database(&url))
                };
                if regions.contains_key(&region) {
                    note("REGION_DATABASE_URLS", format!("{region} is given twice"));
                } else if regions.iter().any(shared) {
                    note("REGION_DATABASE_URLS", format!("{region} shares its database with another region"));
                }
                regions.insert(region, Some(url));
            }
        }
    }
    if texts.region_database_urls.is_empty() {
        regions.extend(DEFAULT_REGIONS.iter().filter_map(|name| Some((name.parse().ok()?, None))));
    }

    let (mut object_stores, mut places) = (BTreeMap::new(), Vec::<Place>::new());
    for (name, url) in list(&texts.object_store_urls) {
        match name.parse::<Region>() {
            Ok(region) if !regions.contains_key(&region) && !regions.is_empty() => {
                note("OBJECT_STORE_URLS", format!("there is no region {region}"));
            }
            Ok(region) => match Place::parse(&url) {
                Err(why) => note("OBJECT_STORE_URLS", format!("{name}: {why}")),
                Ok(place) if places.iter().any(|known| place.is_where(known)) => {
                    note("OBJECT_STORE_URLS", format!("{name} shares its store with another region"));
                }
                Ok(place) => {
                    places.push(place);
                    object_stores.insert(region, url);
                }
            },
            Err(error) => note("OBJECT_STORE_URLS", format!("{name:?}: {error}")),
        }
    }
    let mail = |url: &Url| matches!(url.scheme(), "smtp" | "smtps") && url.has_host();
    let smtp_url = match texts.smtp_url.as_str() {
        "" => None,
        given => Url::parse(given).ok().filter(mail).or_else(|| {
            note("SMTP_URL", "not an address such as smtp://user:password@host:587".to_owned());
            None
        }),
    };
    let api_rate = texts.api_rate.parse::<NonZeroU32>().ok();
    if api_rate.is_none() {
        wrong.push(format!("DIALNEXA_API_RATE: {:?} is not a number of requests from 1", texts.api_rate));
    }
    let lease = texts.lease_seconds.parse::<u64>().ok().filter(|seconds| (3..=300).contains(seconds));
    if lease.is_none() {
        wrong
            .push(format!("DIALNEXA_LEASE_SECONDS: {:?} is not a number from 3 to 300", texts.lease_seconds));
    }
    let webhook_private_targets =
        texts.webhook_private_targets.parse::<PrivateTargets>().unwrap_or_else(|error| {
            wrong.push(format!("DIALNEXA_WEBHOOK_PRIVATE_TARGETS: {error}"));
            PrivateTargets::default()
        });
    let state = texts.supplier_gstin.trim().get(..2).unwrap_or_default();
    let supplier =
        Platform::check(&texts.supplier_name, &texts.supplier_address, state, &texts.supplier_gstin)
            .map_err(|error| wrong.push(format!("DIALNEXA_SUPPLIER_…: {error}")))
            .ok();
    let payments = texts.payments.check(&mut wrong);
    match (listen, api_rate, lease, supplier) {
        (Some(listen), Some(api_rate), Some(lease), Some(supplier)) if wrong.is_empty() => Ok(Settings {
            listen,
            public_url,
            data_dir,
            database_url,
            regions,
            object_stores,
            smtp_url,
            api_rate,
            lease: Duration::from_secs(lease),
            webhook_private_targets,
            supplier,
            payments,
        }),
        _ => Err(wrong),
    }
}

/// `a=url,b=url` as pairs. A comma inside an address (several hosts) does not end it.
fn list(text: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for piece in text.split(',') {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let begins = value.contains("://") && !name.contains(['/', ':', '?', '@']);
        match pairs.last_mut() {
            Some((_, url)) if !begins => *url = format!("{url},{piece}"),
            _ if piece.trim().is_empty() => {}
            _ => pairs.push((name.trim().to_owned(), value.trim().to_owned())),
        }
    }
    pairs
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
