//! What the catalogs of the databases must say: every tenant table is locked, and there
//! is no way round the locks (`trust.md` S2, S3, S4, S18).

use dialnexa::{
    domain::demo::{self, Size},
    provision::roles::GROUPS,
};
use diesel::{
    Connection, PgConnection, RunQueryDsl,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};

use crate::world::{World, WorldOptions};

/// Tables without tenants: people's sessions and requests for a password, which only the
/// gate reaches, and what migrations have run.
const WITHOUT_TENANT: &[&str] =
    &["sessions", "session_keys", "password_resets", "__diesel_schema_migrations"];

/// What may be read without a tenant: by whoever signs people in, and by the operator who
/// looks for a person by their address.
const BY_NATURE: &[(&str, &str)] = &[
    ("dialnexa_gate", "users"),
    ("dialnexa_gate", "sessions"),
    ("dialnexa_gate", "session_keys"),
    ("dialnexa_gate", "password_resets"),
    ("dialnexa_operator", "users"),
    ("dialnexa_operator", "engines"),
];

/// Functions with their owner's rights, each with no argument that could widen what it does.
const DEFINERS: &[&str] = &["function keep_months", "function calls_saying"];

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn names(connection: &mut PgConnection, query: &str) -> Vec<String> {
    let rows = sql_query(query).load::<Name>(connection).unwrap_or_else(|error| panic!("{query}: {error}"));
    rows.into_iter().map(|row| row.name).collect()
}

const OURS: &str =
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_'";

#[actix_web::test]
async fn every_tenant_table_is_locked_by_force() {
    let world = World::with(WorldOptions { empty: true, ..WorldOptions::default() }).await;
    for (database, app, owner) in world.databases() {
        let mut owner = PgConnection::establish(&owner).unwrap();
        let open = names(
            &mut owner,
            &format!(
                "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                 WHERE relkind IN ('r', 'p') AND n.nspname = 'public' AND {OURS}
                   AND NOT (relrowsecurity AND relforcerowsecurity)"
            ),
        );
        let unexpected: Vec<_> =
            open.iter().filter(|name| !WITHOUT_TENANT.contains(&name.as_str())).collect();
        assert!(unexpected.is_empty(), "{database}: {unexpected:?} are not locked");

        // Only the gate reaches what has no tenant.
        for role in GROUPS.iter().filter(|role| **role != "dialnexa_gate") {
            let reached = names(
                &mut owner,
                &format!(
                    "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                     WHERE relkind IN ('r', 'p') AND n.nspname = 'public' AND NOT relrowsecurity
                       AND has_table_privilege('{role}', c.oid, 'SELECT, INSERT, UPDATE, DELETE')"
                ),
            );
            assert!(reached.is_empty(), "{database}: {role} reaches {reached:?}");
        }

        // A policy that lets rows be written says which.
        let unchecked = names(
            &mut owner,
            "SELECT tablename || '.' || policyname AS name FROM pg_policies
             WHERE schemaname = 'public' AND cmd IN ('ALL', 'UPDATE', 'INSERT') AND with_check IS NULL",
        );
        assert!(unchecked.is_empty(), "{database}: {unchecked:?} check nothing that is written");

        let doors = names(
            &mut owner,
            &format!(
                "SELECT 'view ' || relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                 WHERE relkind IN ('v', 'm', 'f') AND {OURS}
                 UNION ALL
                 SELECT 'function ' || proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
                 WHERE prosecdef AND {OURS}"
            ),
        );
        let doors: Vec<_> = doors.iter().filter(|door| !DEFINERS.contains(&door.as_str())).collect();
        assert!(doors.is_empty(), "{database}: {doors:?} are side doors");

        // Keys between tenants' tables carry the tenant.
        let loose = names(
            &mut owner,
            "SELECT conrelid::regclass || '.' || conname AS name FROM pg_constraint k
             WHERE contype = 'f' AND conparentid = 0
               AND (SELECT count(*) FROM pg_attribute a WHERE a.attrelid IN (conrelid, confrelid)
                    AND attname = 'organization_id' AND NOT attisdropped) = 2
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = conrelid
                    AND attname = 'organization_id' AND attnum = ANY (conkey))",
        );
        assert!(loose.is_empty(), "{database}: {loose:?} do not carry the tenant");

        let mut app = PgConnection::establish(&app).unwrap();
        let powers = names(
            &mut app,
            "SELECT rolname::text AS name FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
               AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
        );
        assert!(powers.is_empty(), "{database}: the program can become {powers:?}");
        let owned = names(
            &mut app,
            "SELECT relname::text AS name FROM pg_class WHERE pg_has_role(current_user, relowner, 'MEMBER')
             UNION ALL
             SELECT proname::text FROM pg_proc WHERE pg_has_role(current_user, proowner, 'MEMBER')",
        );
        assert!(owned.is_empty(), "{database}: the program owns {owned:?}");
    }
}

#[actix_web::test]
async fn what_was_recorded_cannot_be_changed_by_the_program() {
    let world = World::with(WorldOptions { empty: true, ..WorldOptions::default() }).await;
    let (_, app, _) = world.databases().remove(0);
    let mut app = PgConnection::establish(&app).unwrap();
    for table in ["audit_entries", "ledger_postings"] {
        for role in GROUPS {
            // An erased sub-account's log goes with it; its ledger stays.
            let privileges = if role == "dialnexa_eraser" && table == "audit_entries" {
                "UPDATE, TRUNCATE"
            } else {
                "UPDATE, DELETE, TRUNCATE"
            };
            let may = format!(
                "SELECT count(*) AS n FROM (SELECT 1 WHERE has_table_privilege('{role}', '{table}', '{privileges}')
                    OR has_any_column_privilege('{role}', '{table}', 'UPDATE')) AS may"
            );
            let may = sql_query(&may).get_result::<Count>(&mut app).unwrap().n;
            assert_eq!(may, 0, "{role} may change {table}");
        }
    }
}

#[actix_web::test]
async fn without_a_tenant_there_are_no_rows_and_no_errors() {
    let mut world = World::with(WorldOptions { empty: true, ..WorldOptions::default() }).await;
    // Nobody is at work meanwhile.
    world.stop();
    let size = Size { calls_percent: 3, recordings: 0, all_recent_recordings: false };
    demo::load_sized(&world.access, &[1; 32], size).await.unwrap();
    // What is due is seen by whoever does it, and by its row alone.
    world.force("UPDATE accounts SET invoices_due_at = now() + interval '1 day'");
    for (database, app, _) in world.databases() {
        let mut app = PgConnection::establish(&app).unwrap();
        let mut looked = 0;
        for role in GROUPS {
            let readable = names(
                &mut app,
                &format!(
                    "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                     WHERE relkind IN ('r', 'p') AND n.nspname = 'public'
                       AND has_table_privilege('{role}', c.oid, 'SELECT')"
                ),
            );
            for table in readable {
                if BY_NATURE.contains(&(role, table.as_str())) {
                    continue;
                }
                for settings in [
                    "",
                    "SELECT set_config('app.organization_id', '', true),
                    set_config('app.account_id', '', true), set_config('app.user_id', '', true);",
                ] {
                    let seen = app
                        .transaction(|c| {
                            c.batch_execute(&format!("SET LOCAL ROLE {role}; {settings}"))?;
                            sql_query(format!("SELECT count(*) AS n FROM {table}")).get_result::<Count>(c)
                        })
                        .unwrap_or_else(|error| panic!("{database}: {role} on {table}: {error}"));
                    assert_eq!(seen.n, 0, "{database}: {role} sees rows of {table}");
                    looked += 1;
                }
            }
        }
        assert!(looked >= 10, "{database}: nothing could be read at all");
        // And as the login role itself, nothing can even be asked for.
        assert!(sql_query("SELECT count(*) AS n FROM workspaces").get_result::<Count>(&mut app).is_err());
    }
}

#[actix_web::test]
async fn a_row_cannot_be_written_into_another_tenant() {
    let world = World::new().await;
    let (ours, theirs) = (world.northwind, world.southwind);
    let (_, app, _) = world.databases().remove(0);
    let mut app = PgConnection::establish(&app).unwrap();
    let mut as_ours = |statement: String| {
        app.transaction::<(), diesel::result::Error, _>(|c| {
            c.batch_execute(&format!(
                "SET LOCAL ROLE dialnexa_tenant;
                 SELECT set_config('app.organization_id', '{}', true), set_config('app.account_id', '{}', true);",
                ours.organization.uuid(),
                ours.sub_account.uuid(),
            ))?;
            c.batch_execute(&statement)
        })
    };
    let insert = |organization: uuid::Uuid, account: uuid::Uuid| {
        format!(
            "INSERT INTO workspaces (organization_id, account_id, workspace_id, name, region)
             VALUES ('{organization}', '{account}', gen_random_uuid(), 'Mine', 'india')"
        )
    };
    assert!(as_ours(insert(ours.organization.uuid(), ours.sub_account.uuid())).is_ok());
    for (organization, account) in [
        (theirs.organization.uuid(), theirs.sub_account.uuid()),
        (ours.organization.uuid(), theirs.sub_account.uuid()),
        (ours.organization.uuid(), ours.organization.uuid()),
    ] {
        assert!(as_ours(insert(organization, account)).is_err(), "{organization} {account}");
    }
    let moved = format!("UPDATE workspaces SET account_id = '{}'", theirs.sub_account.uuid());
    assert!(as_ours(moved).is_err());
    assert!(as_ours("SELECT FROM sub_accounts FOR NO KEY UPDATE".into()).is_ok());
    assert!(as_ours("UPDATE sub_accounts SET concurrency_limit = 100".into()).is_err());
    let raised = "SELECT count(*) FROM sub_accounts WHERE concurrency_limit = 100";
    assert_eq!(world.count(raised), 0);
}
