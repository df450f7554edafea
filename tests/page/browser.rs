//! A Chromium without a window, driven by its own driver. Neither is ever skipped: without them the tests fail
//! and say what to install.

use std::ops::Deref;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use url::{ParseError, Url};

const MISSING: &str = "needs a browser: apt-get install chromium chromium-driver";

/// Nothing on the page takes longer than this, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(40);

/// How often a browser is started before a test fails for want of one, and how long one start may take.
const STARTS: usize = 3;
const START_PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);

/// A browser with one window. It ends with this.
pub struct Browser {
    client: Client,
    _driver: Driver,
    _profile: TempDir,
}

/// Chromium's driver, and with it every process of the browser: they are one group, and end with this.
struct Driver(Child);

impl Driver {
    fn spawn() -> std::io::Result<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self(driver))
    }

    /// The port that it listens on, once it does.
    async fn port(&mut self) -> Result<u16, String> {
        let stdout = self.0.stdout.take().ok_or("the driver has been read before")?;
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, rest)) = line.split_once("started successfully on port ") {
                // What it says later must not fill the pipe.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return rest
                    .trim_end_matches('.')
                    .parse()
                    .map_err(|_| format!("no port: {line}"));
            }
        }
        Err("the driver says no port".into())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(pid) = self.0.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

impl Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Browser {
    /// A browser whose window has this size. On a machine that does much else a driver may end before it listens, or
    /// Chromium before it answers: that says nothing of the page, so it is tried again.
    pub async fn open(width: u32, height: u32) -> Self {
        let mut troubles = Vec::new();
        while troubles.len() < STARTS {
            match Self::start(width, height).await {
                Ok(browser) => return browser,
                Err(trouble) => troubles.push(trouble),
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{MISSING} ({troubles:?})")
    }

    /// One try. A driver that came to nothing is ended before this returns.
    async fn start(width: u32, height: u32) -> Result<Self, String> {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Driver::spawn().map_err(|error| error.to_string())?;
        let starting = async {
            let port = driver.port().await?;
            ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities(&profile, width, height))
                .connect(&format!("http://127.0.0.1:{port}"))
                .await
                .map_err(|error| error.to_string())
        };
        let started = tokio::time::timeout(START_PATIENCE, starting).await;
        let client = started.map_err(|_| format!("it has not started within {START_PATIENCE:?}"))??;
        Ok(Self {
            client,
            _driver: driver,
            _profile: profile,
        })
    }

    /// Waits until the page has an element.
    pub async fn sees(&self, css: &str) -> fantoccini::elements::Element {
        let wait = self.wait().at_most(PATIENCE).every(Duration::from_millis(50));
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("the page never has {css} ({error}):\n{}", self.text().await),
        }
    }

    /// Waits until a script says yes.
    pub async fn until(&self, script: &str) {
        let asked = async {
            while self.ask(script).await != json!(true) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, asked).await.is_err() {
            panic!("never: {script}\n{}", self.text().await);
        }
    }

    /// What a script returns.
    pub async fn ask(&self, script: &str) -> Value {
        self.execute(script, Vec::new()).await.unwrap()
    }

    /// Empties a field and types into it.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.sees(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Prefers light or dark colours from now on.
    pub async fn colours(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let command = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.issue_cmd(Devtools(command)).await.unwrap();
    }

    /// Runs a script before anything of any page that is opened from now on.
    pub async fn before_each_page(&self, script: &str) {
        let command = json!({"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": script}});
        self.issue_cmd(Devtools(command)).await.unwrap();
    }

    /// All text of the page.
    pub async fn text(&self) -> String {
        let text = self.ask("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }
}

/// A command of Chromium's own protocol, which WebDriver does not have.
#[derive(Debug)]
struct Devtools(Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}

fn capabilities(profile: &TempDir, width: u32, height: u32) -> Capabilities {
    let arguments = [
        // Tests run as root in containers, where Chromium's own sandbox cannot be.
        "--no-sandbox",
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ];
    let mut arguments: Vec<_> = arguments.map(str::to_owned).to_vec();
    arguments.push(format!("--window-size={width},{height}"));
    arguments.push(format!("--user-data-dir={}", profile.path().display()));
    let options = json!({"goog:chromeOptions": {"args": arguments}});
    options.as_object().unwrap().clone()
}
