use super::*;

fn with(arguments: &[&str]) -> Result<(Command, Settings), String> {
    let all = std::iter::once("dialnexa").chain(arguments.iter().copied()).map(OsString::from);
    let no_environment = CommandLine::command().mut_args(|arg| arg.env(None::<&str>));
    read(no_environment, all).map_err(|refusal| match refusal {
        Refusal::Arguments(error) => error.to_string(),
        Refusal::Values(line) => line,
    })
}

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dialnexa-{}-{name}.toml", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn nothing_given_runs_with_the_defaults() {
    let (command, settings) = with(&[]).unwrap();
    assert_eq!(command, Command::Run { demo: false });
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.public_url, "http://127.0.0.1:8080");
    assert_eq!(settings.database_url, None);
    assert!(settings.data_dir.is_absolute() && settings.data_dir.ends_with("data"));
    assert_eq!(settings.regions.keys().map(Region::as_str).collect::<Vec<_>>(), ["eu", "india", "us"]);
    let stores = settings.object_store_urls();
    let india = &stores[&"india".parse::<Region>().unwrap()];
    assert!(india.starts_with("file:///") && india.ends_with("/data/objects/india"), "{india}");
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let file = File::new(
        "order",
        "listen = '127.0.0.1:1'\ndata_dir = '/from/file'\n[region_database_urls]\nmars = 'postgres://h/mars'\n",
    );
    for arguments in [
        ["--config", file.path(), "--listen", "127.0.0.1:2", "migrate"],
        ["migrate", "--config", file.path(), "--listen", "127.0.0.1:2"],
        ["--listen", "127.0.0.1:2", "migrate", "--config", file.path()],
    ] {
        let (command, settings) = with(&arguments).unwrap();
        assert_eq!(command, Command::Migrate);
        assert_eq!(settings.listen.to_string(), "127.0.0.1:2");
        assert_eq!(settings.data_dir, Path::new("/from/file"));
        assert_eq!(settings.regions.len(), 1);
    }
}

#[test]
fn everything_wrong_is_said_at_once_and_in_one_line() {
    let line = with(&[
        "--listen=nowhere",
        "--database-url=mysql://root:hunter2@h/db",
        "--region-database-urls=India=postgres://h/a,us=postgres://h/b",
        "--object-store-urls=eu=file:///x",
        "--smtp-url=mail",
    ])
    .unwrap_err();
    for name in ["LISTEN", "DATABASE_URL", "REGION_DATABASE_URLS", "OBJECT_STORE_URLS", "SMTP_URL"] {
        assert!(line.contains(&format!("DIALNEXA_{name}: ")), "{name} in {line}");
    }
    assert!(!line.contains('\n') && !line.contains("hunter2"), "{line}");
}

#[test]
fn a_file_with_an_unknown_key_is_refused() {
    let file = File::new("unknown", "lisen = '127.0.0.1:1'\nport = 8080\nlisten = 5\n");
    let line = with(&["--config", file.path()]).unwrap_err();
    assert!(line.contains("no setting \"lisen\"") && line.contains("no setting \"port\""), "{line}");
    assert!(line.contains("listen must be a text"), "{line}");
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_one_line() {
    assert!(with(&["--config", "/does/not/exist"]).unwrap_err().starts_with("cannot read /does/not/exist: "));
    let file = File::new("broken", "listen = '127.0.0.1:1'\n= 5\n");
    let line = with(&["--config", file.path()]).unwrap_err();
    assert!(line.contains("line 2") && !line.contains('\n'), "{line}");
}

#[test]
fn an_address_with_several_hosts_stays_whole_in_a_list() {
    let (_, settings) =
        with(&["--region-database-urls", "india=postgres://a,b:5433/x?q=1,us=postgres://c/y"]).unwrap();
    let urls: Vec<_> = settings.regions.values().flatten().map(ToString::to_string).collect();
    assert_eq!(urls, ["postgres://a,b:5433/x?q=1", "postgres://c/y"]);
}

#[test]
fn two_regions_in_one_database_are_refused() {
    let line = with(&["--region-database-urls", "india=postgres://a/x,us=postgres://a/x"]).unwrap_err();
    assert!(line.contains("us shares its database"), "{line}");
}

#[test]
fn help_lists_every_setting_and_no_secret() {
    let help = CommandLine::command().render_long_help().to_string();
    for name in [
        "LISTEN",
        "PUBLIC_URL",
        "DATA_DIR",
        "DATABASE_URL",
        "REGION_DATABASE_URLS",
        "OBJECT_STORE_URLS",
        "SMTP_URL",
    ] {
        assert!(help.contains(&format!("DIALNEXA_{name}")), "{name} in {help}");
    }
    let file = File::new("secret", "database_url = 'postgres://owner:hunter2@h/db'\n");
    assert!(!with(&["--config", file.path(), "--help"]).unwrap_err().contains("hunter2"));
}

#[test]
fn payment_providers_are_set_up_whole_and_their_secrets_are_not_shown() {
    let (_, settings) = with(&[]).unwrap();
    assert!(settings.payments.stripe.is_none() && settings.payments.razorpay.is_none());
    let stripe = ["--stripe-secret-key", "sk_canary", "--stripe-webhook-secret", "whsec_canary"];
    let (_, settings) = with(&stripe).unwrap();
    assert_eq!(settings.payments.stripe.as_ref().unwrap().url.as_str(), "https://api.stripe.com/");
    assert!(!format!("{settings:?}").contains("canary"));
    let half = with(&stripe[..2]).unwrap_err();
    assert!(half.contains("DIALNEXA_STRIPE_SECRET_KEY") && !half.contains("canary"), "{half}");
    let nowhere = with(&["--razorpay-url", "ftp://x"]).unwrap_err();
    assert!(nowhere.contains("DIALNEXA_RAZORPAY_URL"), "{nowhere}");
}
