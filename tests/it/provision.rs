//! Databases made ready, on the server of `DIALNEXA_DATABASE_URL`.

use std::{env, thread};

use dialnexa::{
    provision::{Ready, prepare_at, roles::GROUPS},
    start::StartError,
    values::{DatabaseUrl, Region},
};
use diesel::{
    Connection, RunQueryDsl, connection::SimpleConnection, pg::PgConnection, sql_query, sql_types::Bool,
};

#[derive(diesel::QueryableByName)]
struct Is {
    #[diesel(sql_type = Bool)]
    so: bool,
}

/// Databases of this name, which are dropped with their role.
struct Deployment {
    owner: DatabaseUrl,
    name: String,
}

impl Deployment {
    fn new(name: &str) -> Self {
        let owner = env::var("DIALNEXA_DATABASE_URL").expect("DIALNEXA_DATABASE_URL: run `make test`");
        let deployment =
            Self { owner: owner.parse().unwrap(), name: format!("it_{}_{name}", std::process::id()) };
        deployment.drop_all();
        deployment
    }

    fn prepare(&self) -> Result<Ready, StartError> {
        prepare_at(&self.owner.to_string(), &self.name, &regions())
    }

    fn owner_of(&self, database: &str) -> PgConnection {
        PgConnection::establish(&self.owner.with_database(database).to_string()).unwrap()
    }

    fn drop_all(&self) {
        let mut server = self.owner_of("postgres");
        for name in [self.name.clone(), format!("{}_india", self.name), format!("{}_us", self.name)] {
            server.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).unwrap();
        }
        server.batch_execute(&format!("DROP ROLE IF EXISTS {}_app", self.name)).unwrap();
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        self.drop_all();
    }
}

fn regions() -> Vec<Region> {
    vec!["india".parse().unwrap(), "us".parse().unwrap()]
}

fn holds(connection: &mut PgConnection, condition: &str) -> bool {
    sql_query(format!("SELECT {condition} AS so")).get_result::<Is>(connection).unwrap().so
}

fn sign_in(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap()
}

#[test]
fn preparing_twice_gives_the_same_and_changes_nothing() {
    let deployment = Deployment::new("twice");
    let (first, second) = (deployment.prepare().unwrap(), deployment.prepare().unwrap());
    assert_eq!((first.secret, &first.control_url), (second.secret, &second.control_url));
    assert_eq!(first.region_urls, second.region_urls);
    assert_eq!(first.region_urls.keys().cloned().collect::<Vec<_>>(), regions());
    assert_ne!(first.secret, [0; 32]);
}

#[test]
fn many_at_once_on_one_server_all_succeed() {
    let deployments: Vec<_> = (0..4).map(|number| Deployment::new(&format!("many{}", number / 2))).collect();
    let secrets: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> =
            deployments.iter().map(|one| scope.spawn(|| one.prepare().unwrap().secret)).collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(secrets[0], secrets[1]);
    assert_ne!(secrets[0], secrets[2]);
}

#[test]
fn the_programs_role_can_bypass_nothing_and_has_nothing_of_its_own() {
    let deployment = Deployment::new("role");
    let ready = deployment.prepare().unwrap();
    for url in ready.region_urls.values().chain([&ready.control_url]) {
        let mut app = sign_in(url);
        assert!(holds(
            &mut app,
            "(SELECT NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolinherit OR rolreplication)
              FROM pg_roles WHERE rolname = session_user)"
        ));
        assert!(holds(&mut app, "NOT has_database_privilege(current_database(), 'CREATE, TEMPORARY')"));
        assert!(holds(&mut app, "NOT has_schema_privilege('public', 'CREATE')"));
        assert!(holds(&mut app, "NOT has_schema_privilege('deployment', 'USAGE')"));
        let owned = "EXISTS (SELECT FROM pg_class WHERE relowner = (session_user::regrole)::oid)";
        assert!(!holds(&mut app, owned));
        assert!(app.batch_execute("TABLE deployment.facts").is_err());
        let tables = "EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                      AND has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'))";
        assert!(!holds(&mut app, tables), "it reads and writes only as one of its groups");
        for group in GROUPS {
            app.batch_execute(&format!("BEGIN; SET LOCAL ROLE {group}; ROLLBACK")).unwrap();
            let plain = format!(
                "(SELECT NOT (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreatedb OR rolcreaterole)
                  FROM pg_roles WHERE rolname = '{group}') AND has_schema_privilege('{group}', 'public', 'USAGE')
                 AND NOT has_schema_privilege('{group}', 'public', 'CREATE')
                 AND NOT has_schema_privilege('{group}', 'deployment', 'USAGE')"
            );
            assert!(holds(&mut app, &plain), "{group}");
        }
        assert!(app.batch_execute("SET ROLE pg_read_all_data").is_err());
    }
}

#[test]
fn nobody_else_may_connect() {
    let deployment = Deployment::new("connect");
    deployment.prepare().unwrap();
    let mut owner = deployment.owner_of(&deployment.name);
    assert!(holds(
        &mut owner,
        "NOT EXISTS (SELECT FROM pg_database, aclexplode(datacl) AS granted
                     WHERE datname = current_database() AND granted.grantee = 0)"
    ));
}

#[test]
fn a_role_that_was_given_more_is_put_right_or_refused() {
    let deployment = Deployment::new("more");
    deployment.prepare().unwrap();
    let (role, mut owner) = (format!("{}_app", deployment.name), deployment.owner_of(&deployment.name));
    owner.batch_execute(&format!("ALTER ROLE {role} SUPERUSER BYPASSRLS INHERIT PASSWORD 'other'")).unwrap();
    let ready = deployment.prepare().unwrap();
    let attributes =
        "(SELECT NOT (rolsuper OR rolbypassrls OR rolinherit) FROM pg_roles WHERE rolname = current_user)";
    assert!(holds(&mut sign_in(&ready.control_url), attributes));

    owner.batch_execute(&format!("CREATE ROLE {role}_boss SUPERUSER; GRANT {role}_boss TO {role}")).unwrap();
    let error = deployment.prepare().map(drop).unwrap_err();
    owner.batch_execute(&format!("DROP ROLE {role}_boss")).unwrap();
    assert!(error.to_string().contains("more rights"), "{error}");
}

#[test]
fn swapped_databases_are_refused() {
    let deployment = Deployment::new("swap");
    deployment.prepare().unwrap();
    let name = &deployment.name;
    let swap = format!(
        "ALTER DATABASE {name}_india RENAME TO {name}_x; ALTER DATABASE {name}_us RENAME TO {name}_india;
         ALTER DATABASE {name}_x RENAME TO {name}_us;"
    );
    let mut server = deployment.owner_of("postgres");
    for statement in swap.split_inclusive(';').filter(|statement| !statement.trim().is_empty()) {
        server.batch_execute(statement).unwrap();
    }
    let error = deployment.prepare().map(drop).unwrap_err().to_string();
    assert!(error.contains("holds the data of region us and cannot become region india"), "{error}");
}

#[test]
fn a_newer_database_is_used_beside_a_newer_program_unless_that_forbids_it() {
    let deployment = Deployment::new("newer");
    deployment.prepare().unwrap();
    let mut owner = deployment.owner_of(&deployment.name);
    owner
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')")
        .unwrap();
    deployment.prepare().unwrap();
    owner
        .batch_execute("UPDATE deployment.facts SET value = '99990101000000' WHERE name = 'works_from'")
        .unwrap();
    let error = deployment.prepare().map(drop).unwrap_err();
    assert!(matches!(error, StartError::TooNew(_)), "{error}");
    assert!(error.to_string().contains("start the newer one"), "{error}");
}

#[test]
fn a_login_without_the_rights_is_told_so_in_one_line() {
    let deployment = Deployment::new("weak");
    let weak = format!("it_{}_weak_login", std::process::id());
    let mut server = deployment.owner_of("postgres");
    server.batch_execute(&format!("CREATE ROLE {weak} LOGIN PASSWORD 'right'")).unwrap();
    let said = |password: &str| {
        let url = deployment.owner.with_login(&weak, password).to_string();
        prepare_at(&url, &deployment.name, &regions()).map(drop).unwrap_err().to_string()
    };
    let (wrong, powerless) = (said("wrong-password"), said("right"));
    server.batch_execute(&format!("DROP ROLE {weak}")).unwrap();
    assert!(wrong.contains("password authentication failed") && !wrong.contains("wrong-password"), "{wrong}");
    assert!(powerless.contains("cannot be created: permission denied"), "{powerless}");
    assert!(!wrong.contains('\n') && !powerless.contains('\n'));
}

#[test]
fn an_owner_without_superuser_rights_can_do_all_of_it() {
    let deployment = Deployment::new("plain");
    let plain = format!("it_{}_plain_login", std::process::id());
    let mut server = deployment.owner_of("postgres");
    // The groups exist, made by somebody else: such an owner needs the right to grant them.
    let groups = GROUPS.join(", ");
    Deployment::new("before").prepare().unwrap();
    server
        .batch_execute(&format!(
            "CREATE ROLE {plain} LOGIN CREATEDB CREATEROLE PASSWORD 'p'; GRANT {groups} TO {plain} WITH ADMIN OPTION"
        ))
        .unwrap();
    let url = deployment.owner.with_login(&plain, "p").to_string();
    let ready = prepare_at(&url, &deployment.name, &regions())
        .and_then(|_| prepare_at(&url, &deployment.name, &regions()));
    deployment.drop_all();
    server.batch_execute(&format!("DROP OWNED BY {plain}; DROP ROLE {plain}")).unwrap();
    ready.unwrap();
}
