//! The API against its own description, by schemathesis: a program reads the OpenAPI
//! document and sends what it admits and what it forbids (`trust.md` R17).

use std::{path::PathBuf, process::Stdio};

use dialnexa::{payment_providers::PaymentSettings, values::AccountId};
use reqwest::StatusCode;

use crate::{
    client::Client,
    world::{Tenant, World, WorldOptions},
};

/// The program, as `make test` installed it.
fn program() -> PathBuf {
    let folder = root().join("target/schemathesis");
    let installed = std::fs::read_dir(&folder)
        .ok()
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin/schemathesis"))
        .find(|path| path.exists());
    installed.expect("schemathesis is installed by `make test`")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs it as whoever has this key; what it reports, and whether it is content.
async fn report(world: &World, client: &Client, paths: &str) -> (bool, String) {
    let folder = root().join("tests/schemathesis");
    let output = tokio::process::Command::new(program())
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args([
            "--no-color",
            "run",
            "--include-path-regex",
            paths,
            &format!("{}/v1/openapi.json", world.base),
        ])
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("COLUMNS", "120")
        // Not on the command line, which everybody on the machine reads.
        .env("DIALNEXA_KEY", client.key())
        .current_dir(&world.data_dir)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("schemathesis runs");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    // A request may be long.
    let lines = text.lines().map(|line| line.chars().take(600).collect::<String>() + "\n");
    (output.status.success(), lines.collect())
}

/// One with a way to pay.
async fn world() -> World {
    let payments =
        PaymentSettings { bank_details: Some("IFSC HDFC0000001".to_owned()), ..PaymentSettings::default() };
    World::with(WorldOptions { payments, ..WorldOptions::default() }).await
}

/// An organization with the most room there can be and much money, so that what is asked is rarely refused for want of
/// either.
async fn rich(world: &World, tenant: &Tenant) {
    world.force("UPDATE organizations SET total_concurrency = 1000000");
    world.pay_in(tenant, AccountId::from(tenant.organization), 100_000_000_000_000).await;
}

/// The addresses that a parent's key asks; at all others it is told to name its target,
/// and those of a sub-account's key, for which nothing else exists: `api_isolation` asks
/// every address by every kind of key.
const PARENTS: &str =
    "^/v1/(me$|limits|deletions|sub-accounts|organization/|languages|llms|voices|transcribers|phone-)";
const SUB_ACCOUNTS: &str = "^/v1/(?!limits|deletions|sub-accounts|organization/)";

async fn satisfied(world: &World, client: &Client, paths: &str, own: &str) {
    std::fs::create_dir_all(&world.data_dir).unwrap();
    let (content, report) = report(world, client, paths).await;
    println!("{report}");
    assert!(content, "schemathesis found faults:\n{report}");
    // It could be content because nothing was let through.
    assert!(report.contains("✅ Stateful") && report.contains("✅ Fuzzing"), "{report}");
    assert_eq!(client.get(own).await.status, StatusCode::OK, "the key must still work at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_keeps_to_its_description_for_a_parent() {
    let world = world().await;
    let tenant = world.northwind;
    rich(&world, &tenant).await;
    let client = world.parent_client(&tenant).await;
    satisfied(&world, &client, PARENTS, "/organization/wallet").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_keeps_to_its_description_for_a_sub_account() {
    let world = world().await;
    let tenant = world.northwind;
    rich(&world, &tenant).await;
    let client = world.sub_account_client(&tenant, tenant.sub_account).await;
    satisfied(&world, &client, SUB_ACCOUNTS, "/wallet").await;
}
