//! Databases, made ready: created, migrated, and safe by the roles that use them.
//!
//! The owner of the databases does this and then signs off. The program serves as a login role that owns
//! nothing, inherits nothing and can bypass no row policy; in each transaction it becomes one of the
//! [`roles::GROUPS`], to which the migrations grant what it needs.

mod databases;
mod migrations;
pub mod roles;
mod scram;

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use diesel::pg::PgConnection;

use crate::{
    config::Settings,
    private_postgres::Cluster,
    start::{StartError, Stop},
    values::{DatabaseUrl, Region},
};
use databases::{Owned, Purpose};

/// The name of the control database when none is given.
pub const DEFAULT_DATABASE: &str = "dialnexa";

/// The longest name PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;

/// Databases that are ready to serve.
#[derive(Clone)]
pub struct Ready {
    /// The control database, as the program's own role.
    pub control_url: String,
    /// The database of every region, as the program's own role.
    pub region_urls: BTreeMap<Region, String>,
    /// The object store of every region.
    pub object_stores: BTreeMap<Region, String>,
    /// The deployment's secret, the same at every start: cookies and tokens are signed with keys made of it.
    pub secret: [u8; 32],
    /// The program's own role.
    pub role: String,
}

/// Databases that are ready, and the private cluster they are on, if it is ours.
pub struct Databases {
    /// Where they are, and how the program signs in to them.
    pub ready: Ready,
    /// The private cluster; it is left, and stopped when nobody else uses it, when this is dropped.
    pub cluster: Option<Cluster>,
}

/// Brings the databases of `settings` up: starts the private cluster unless a database is given, creates
/// what is missing, migrates, and signs in as a role that can bypass nothing.
///
/// # Errors
///
/// Whatever stands in the way; a cluster that was started for it is stopped again.
pub fn open(settings: &Settings, stop: &Stop) -> Result<Databases, StartError> {
    let cluster = match settings.database_url {
        Some(_) => None,
        None => Some(Cluster::enter(&settings.data_dir, stop)?),
    };
    let private = cluster.as_ref().map(|cluster| cluster.owner_url(DEFAULT_DATABASE));
    let owner = settings.database_url.clone().or(private).ok_or(StartError::Interrupted)?;
    let ready = prepare(settings, &owner, stop)?;
    Ok(Databases { ready, cluster })
}

/// Makes the databases of `settings` ready, as their owner.
///
/// Does nothing to databases that are ready already, so that every start and every command may call it.
///
/// # Errors
///
/// One line for the person who starts the program.
pub fn prepare(settings: &Settings, owner: &DatabaseUrl, stop: &Stop) -> Result<Ready, StartError> {
    let mut ready = prepare_all(owner, &settings.regions, stop)?;
    ready.object_stores = settings.object_store_urls();
    Ok(ready)
}

/// Makes a control database of this name and a database per region ready on the server of `owner_url`: for
/// tests, which clone them. The object stores are left out.
///
/// # Errors
///
/// As [`prepare`].
pub fn prepare_at(owner_url: &str, control_name: &str, regions: &[Region]) -> Result<Ready, StartError> {
    let owner = owner_url
        .parse::<DatabaseUrl>()
        .map_err(|error| StartError::Connect(format!("DIALNEXA_DATABASE_URL: {error}")))?;
    let regions = regions.iter().map(|region| (region.clone(), None)).collect();
    prepare_all(&owner.with_database(control_name), &regions, &Stop::never())
}

fn prepare_all(
    owner: &DatabaseUrl,
    regions: &BTreeMap<Region, Option<DatabaseUrl>>,
    stop: &Stop,
) -> Result<Ready, StartError> {
    let name = owner.database().unwrap_or(DEFAULT_DATABASE).to_owned();
    let control_url = owner.with_database(&name);
    let mut control = Owned::open(&control_url, stop)?;
    control.lock(stop)?;
    let kept = control.secrets()?;
    let role = shortened(&format!("{name}_app"));

    let app =
        |url: &DatabaseUrl| url.with_login(&role, &kept.app_password).with_default("connect_timeout", "10");
    let make_ready = |database: &mut Owned, purpose: Purpose| -> Result<String, StartError> {
        stop.check()?;
        database.claim(&kept.deployment, &purpose)?;
        roles::ensure(database, &role, &kept.app_password)?;
        migrations::run(database, &purpose, stop)?;
        database.restrict_to(&role, &roles::GROUPS)?;
        let url = app(database.url());
        roles::sign_in(database, &url, &role, &kept.app_password)?;
        Ok(url.to_string())
    };
    let mut region_urls = BTreeMap::new();
    let control_app = make_ready(&mut control, Purpose::Control)?;
    for (region, given) in regions {
        let beside = shortened(&format!("{name}_{}", region.as_str().replace('-', "_")));
        let url = match given {
            Some(url) if url.database().is_some() => url.clone(),
            Some(url) => url.with_database(&beside),
            None => owner.with_database(&beside),
        };
        if url.same_database(&control_url) {
            return Err(StartError::Database(format!("the region {region} needs a database of its own")));
        }
        let mut database = Owned::open(&url, stop)?;
        region_urls.insert(region.clone(), make_ready(&mut database, Purpose::Region(region.clone()))?);
    }
    Ok(Ready {
        control_url: control_app,
        region_urls,
        object_stores: BTreeMap::new(),
        secret: kept.secret,
        role,
    })
}

/// The name, if PostgreSQL would keep it whole; else its beginning, a digest and its end.
fn shortened(name: &str) -> String {
    use sha2::{Digest, Sha256};
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let digest = HEXLOWER.encode(&Sha256::digest(name)[..5]);
    let end = name.rfind('_').map_or("", |at| &name[at..]);
    let mut kept = LONGEST_NAME.saturating_sub(digest.len() + 1 + end.len());
    while !name.is_char_boundary(kept) {
        kept -= 1;
    }
    format!("{}_{digest}{end}", &name[..kept])
}

/// The name as SQL writes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Opens a connection, or says in one line why not.
fn connect(url: &DatabaseUrl) -> Result<PgConnection, StartError> {
    use diesel::Connection;
    let address = url.with_default("connect_timeout", "10").with_default("application_name", "dialnexa");
    PgConnection::establish(&address.to_string()).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim();
        StartError::Connect(format!("cannot sign in to {}: {first}", url.shown()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_and_stay_apart() {
        assert_eq!(shortened("dialnexa_app"), "dialnexa_app");
        let (one, two) =
            (shortened(&format!("{}1_app", "é".repeat(40))), shortened(&format!("{}2_app", "é".repeat(40))));
        assert!(one.len() <= LONGEST_NAME && one.ends_with("_app") && one != two, "{one} {two}");
    }

    #[test]
    fn names_are_quoted_whole() {
        assert_eq!(quoted("a\"; DROP"), "\"a\"\"; DROP\"");
    }
}
