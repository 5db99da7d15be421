//! A real Chromium, driven over WebDriver.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// What the browser is like.
#[derive(Debug, Clone, Copy)]
pub struct Looks {
    /// Viewport, in CSS pixels.
    pub width: u32,
    /// Prefers the dark theme.
    pub dark: bool,
    /// Runs scripts.
    pub javascript: bool,
}

impl Default for Looks {
    fn default() -> Self {
        Self { width: 1440, dark: false, javascript: true }
    }
}

/// A browser with an empty profile, closed when dropped.
pub struct Chromium {
    /// The WebDriver session.
    pub client: Client,
    // Ends with the browser, or with a test that fails before there is one.
    _driver: Driver,
}

/// The running chromedriver and the browser's profile.
struct Driver {
    process: Child,
    profile: Option<PathBuf>,
}

impl Driver {
    /// Starts chromedriver on a port of its choice.
    fn start() -> Option<(Self, u16)> {
        let process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed: `make install-for-tests`");
        let mut driver = Self { process, profile: None };
        let mut lines = BufReader::new(driver.process.stdout.take()?).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split("started successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok()
        })?;
        // It is never blocked by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Some((driver, port))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(profile) = &self.profile {
            let _ = std::fs::remove_dir_all(profile);
        }
    }
}

/// Asks chromedriver for the console's log.
#[derive(Debug)]
struct ConsoleLog;

impl WebDriverCompatibleCommand for ConsoleLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(15);

impl Chromium {
    /// Opens a browser.
    pub async fn open(looks: Looks) -> Self {
        // Drivers that start in the same moment may want the same port: the loser tries again.
        let (mut driver, port) =
            (0..5).find_map(|_| Driver::start()).expect("chromedriver starts: `make install-for-tests`");
        let profile = std::env::temp_dir().join(format!("dialnexa-browser-{}-{port}", std::process::id()));
        driver.profile = Some(profile.clone());
        let options = json!({
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--force-device-scale-factor=1", "--lang=en-IN",
                format!("--user-data-dir={}", profile.display()),
                format!("--window-size={},1000", looks.width.max(500)),
                format!("--blink-settings=preferredColorScheme={}", if looks.dark { 0 } else { 1 }),
            ],
            "mobileEmulation": { "deviceMetrics": {
                "width": looks.width, "height": 1000, "pixelRatio": 1.0, "touch": false, "mobile": false,
            } },
            "prefs": {
                "profile.managed_default_content_settings.javascript": if looks.javascript { 1 } else { 2 },
            },
        });
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("browserName".into(), json!("chrome"));
        capabilities.insert("goog:chromeOptions".into(), options);
        capabilities.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL" }));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser");
        Self { client, _driver: driver }
    }

    /// Opens a page.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    /// The path and query of the page that is open.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    /// The element that a CSS selector finds, once it is there.
    pub async fn find(&self, css: &str) -> Element {
        self.client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await
            .unwrap_or_else(|error| panic!("`{css}` does not appear: {error}"))
    }

    /// The link or button with exactly this text, as far as it is shown: the menu for
    /// narrow windows repeats the navigation.
    pub async fn named(&self, text: &str) -> Element {
        let xpath = format!(
            "//*[self::a or self::button][normalize-space(.)={0} or normalize-space(text())={0}]",
            quoted(text)
        );
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            for element in self.client.find_all(Locator::XPath(&xpath)).await.unwrap_or_default() {
                // A page may go while it is looked at.
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            assert!(tokio::time::Instant::now() < end, "no link or button “{text}”");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Follows the link or presses the button with this text.
    pub async fn press(&self, text: &str) {
        self.named(text)
            .await
            .click()
            .await
            .unwrap_or_else(|error| panic!("“{text}” cannot be pressed: {error}"));
    }

    /// Types into the input with this name, in place of what it holds.
    pub async fn fill(&self, name: &str, text: &str) {
        let input = self.find(&format!("[name=\"{name}\"]")).await;
        input.clear().await.expect("an input to clear");
        input.send_keys(text).await.expect("an input to type into");
    }

    /// Ticks the choice of a group of radio buttons or checkboxes.
    pub async fn choose(&self, name: &str, value: &str) {
        let choice = self.find(&format!("[name=\"{name}\"][value=\"{value}\"]")).await;
        choice.click().await.expect("a choice to tick");
    }

    /// Picks the option of a select.
    pub async fn choose_option(&self, name: &str, value: &str) {
        let select = self.find(&format!("select[name=\"{name}\"]")).await;
        select.select_by_value(value).await.expect("an option to pick");
    }

    /// All text that the page shows.
    pub async fn text(&self) -> String {
        self.find("body").await.text().await.expect("the page's text")
    }

    /// Waits until the page shows this text.
    pub async fn sees(&self, text: &str) {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            // A page may go while it is read.
            let shown = match self.client.find(Locator::Css("body")).await {
                Ok(body) => body.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if shown.contains(text) {
                return;
            }
            assert!(tokio::time::Instant::now() < end, "the page does not say “{text}”, but:\n{shown}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs a script in the page; the page's own policy does not hold it up.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("a script that runs")
    }

    /// What axe-core finds wrong with the page as it is: rule, and where.
    pub async fn axe(&self) -> Vec<String> {
        let axe = axe_source();
        self.client.execute(&axe, Vec::new()).await.expect("axe loads");
        let found = self
            .client
            .execute_async(
                "const done = arguments[arguments.length - 1];
                 axe.run(document, {
                     runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
                     rules: { 'target-size': { enabled: true } },
                 }).then((result) => done(result.violations.map((v) =>
                     v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 160) + ' [' + (n.any[0] || n.all[0] || n.none[0] || {message: ''}).message + ']').join(' | '))),
                     (error) => done(['axe failed: ' + error]));",
                Vec::new(),
            )
            .await
            .expect("axe runs");
        found.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    }

    /// What the browser's console has complained of since it was last asked: what the
    /// content security policy stopped, files that are missing, scripts that fail.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(ConsoleLog).await.expect("the console's log");
        let severe = entries.as_array().into_iter().flatten().filter(|entry| entry["level"] == "SEVERE");
        // A page that says "not found" is answered with that status; it is no fault.
        let faults = severe.filter_map(|entry| entry["message"].as_str());
        faults
            .filter(|text| !text.contains("the server responded with a status of 4"))
            .map(str::to_owned)
            .collect()
    }

    /// Whether the page scrolls sideways.
    pub async fn scrolls_sideways(&self) -> bool {
        self.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth;").await
            == true
    }

    /// Keeps a picture of the page where `DIALNEXA_SCREENSHOTS` says, if it says.
    pub async fn picture(&self, name: &str) {
        if let Ok(folder) = std::env::var("DIALNEXA_SCREENSHOTS") {
            let picture = self.client.screenshot().await.expect("a picture");
            std::fs::create_dir_all(&folder).expect("the folder for pictures");
            std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), picture).expect("the picture");
        }
    }

    /// Closes the browser.
    pub async fn close(self) {
        let _ = self.client.clone().close().await;
    }
}

/// A text as an XPath literal.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

/// axe-core, as `make test` installed it.
fn axe_source() -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/axe");
    let installed = std::fs::read_dir(&folder)
        .ok()
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("node_modules/axe-core/axe.min.js"))
        .chain([folder.join("node_modules/axe-core/axe.min.js")])
        .find(|path| path.exists());
    let path = installed.expect("axe-core is installed by `make test`");
    std::fs::read_to_string(path).expect("axe-core")
}
