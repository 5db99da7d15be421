//! The roles of a deployment.

use std::{thread, time::Duration};

use super::{connect, databases::Owned, quoted, scram};
use crate::{start::StartError, values::DatabaseUrl};

/// What the program's role becomes in a transaction. They belong to the server, own nothing and cannot sign
/// in; the migrations grant to them what they may do.
///
/// - `dialnexa_gate`: finds out who asks, before it is known for whom.
/// - `dialnexa_tenant`: works inside one account.
/// - `dialnexa_admission`: a tenant that also admits calls and ends them.
/// - `dialnexa_overview`: reads across the accounts of an organization.
/// - `dialnexa_operator`: the platform's operator, for commands.
/// - `dialnexa_eraser`: erases what a deleted account leaves.
pub const GROUPS: [&str; 6] = [
    "dialnexa_gate",
    "dialnexa_tenant",
    "dialnexa_admission",
    "dialnexa_overview",
    "dialnexa_operator",
    "dialnexa_eraser",
];

/// How often a change of roles is tried while others change theirs on the same server.
const ATTEMPTS: u32 = 20;

/// Makes the groups and the program's role on the database's server, or checks that they are what they must be.
pub(super) fn ensure(database: &mut Owned, role: &str, password: &str) -> Result<(), StartError> {
    for group in GROUPS {
        patiently(|| ensure_role(database, group, "NOLOGIN", None))?;
    }
    patiently(|| ensure_member(database, "dialnexa_admission", "dialnexa_tenant"))?;
    patiently(|| ensure_role(database, role, "LOGIN NOINHERIT", Some(password)))?;
    for group in GROUPS {
        patiently(|| ensure_member(database, role, group))?;
    }
    // A way round every policy must not exist: neither by an attribute nor by becoming somebody else.
    let powerful = "SELECT bool_or(rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication) FROM pg_roles
                    WHERE pg_has_role($1, oid, 'MEMBER')";
    let owner =
        "SELECT pg_has_role($1, current_user, 'MEMBER') OR rolinherit FROM pg_roles WHERE rolname = $1";
    if database.holds(powerful, role)? || database.holds(owner, role)? {
        let shown = database.url().shown();
        return Err(StartError::Database(format!(
            "{shown}: the role {role} has, or can take, more rights than the program may have"
        )));
    }
    Ok(())
}

/// Signs in as the program's role once, setting its password anew if the server has another.
pub(super) fn sign_in(
    database: &mut Owned,
    app: &DatabaseUrl,
    role: &str,
    password: &str,
) -> Result<(), StartError> {
    if connect(app).is_ok() {
        return Ok(());
    }
    let verifier = verifier(password)?;
    patiently(|| database.execute(&format!("ALTER ROLE {} PASSWORD '{verifier}'", quoted(role))))?;
    connect(app).map(drop)
}

fn ensure_role(
    database: &mut Owned,
    role: &str,
    kind: &str,
    password: Option<&str>,
) -> Result<(), StartError> {
    if database.holds("SELECT true FROM pg_roles WHERE rolname = $1", role)? {
        return restrict(database, role, kind);
    }
    let secret = match password {
        Some(password) => format!(" PASSWORD '{}'", verifier(password)?),
        None => String::new(),
    };
    let safe = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION";
    database.execute(&format!("CREATE ROLE {} {kind} {safe}{secret}", quoted(role)))
}

/// Takes from a role that was there before us what it must not have.
fn restrict(database: &mut Owned, role: &str, kind: &str) -> Result<(), StartError> {
    for (column, attribute) in [
        ("rolsuper", "NOSUPERUSER"),
        ("rolbypassrls", "NOBYPASSRLS"),
        ("rolcreatedb", "NOCREATEDB"),
        ("rolcreaterole", "NOCREATEROLE"),
        ("rolreplication", "NOREPLICATION"),
    ] {
        if database.holds(&format!("SELECT {column} FROM pg_roles WHERE rolname = $1"), role)? {
            database.execute(&format!("ALTER ROLE {} {attribute}", quoted(role)))?;
        }
    }
    let (login, inherits) =
        if kind == "NOLOGIN" { ("rolcanlogin", "false") } else { ("NOT rolcanlogin", "rolinherit") };
    if database.holds(&format!("SELECT {login} OR {inherits} FROM pg_roles WHERE rolname = $1"), role)? {
        database.execute(&format!("ALTER ROLE {} {kind}", quoted(role)))?;
    }
    Ok(())
}

fn ensure_member(database: &mut Owned, role: &str, group: &str) -> Result<(), StartError> {
    let member = format!("pg_has_role($1, '{group}', 'MEMBER')");
    if database.holds(&member, role)? {
        return Ok(());
    }
    database.execute(&format!("GRANT {group} TO {}", quoted(role)))
}

fn verifier(password: &str) -> Result<String, StartError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)
        .map_err(|error| StartError::Database(format!("no random numbers: {error}")))?;
    Ok(scram::verifier(password, salt))
}

/// Tries again when another deployment on the server was changing the same role at that moment.
fn patiently(mut change: impl FnMut() -> Result<(), StartError>) -> Result<(), StartError> {
    let mut result = change();
    for attempt in 1..ATTEMPTS {
        let met_another = matches!(&result, Err(StartError::Database(why))
            if why.contains("concurrently") || why.contains("already exists") || why.contains("pg_authid"));
        if !met_another {
            break;
        }
        thread::sleep(Duration::from_millis(u64::from(10 * attempt)));
        result = change();
    }
    result
}
