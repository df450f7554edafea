//! A real Prometheus that watches an engine, with the rules of `deploy`.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use order_tests::Client;
use serde_json::Value;
use tempfile::TempDir;
use url::form_urlencoded::byte_serialize;

const MISSING: &str = "needs Prometheus: apt-get install prometheus";
/// How long it may take until it answers, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);
/// It cannot be told to take any free port, so that one that was free may be taken by then.
const TRIES: usize = 5;

/// It ends with this.
pub struct Prometheus {
    process: Child,
    client: Client,
    _data: TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Prometheus {
    /// It scrapes that engine every second, and evaluates these rules as often.
    pub async fn watching(engine: &str, rules: &Path) -> Self {
        for _ in 0..TRIES {
            if let Some(prometheus) = Self::start(engine, rules).await {
                return prometheus;
            }
        }
        panic!("{MISSING}, or it does not start")
    }

    async fn start(engine: &str, rules: &Path) -> Option<Self> {
        let data = tempfile::tempdir().unwrap();
        let config = data.path().join("prometheus.yml");
        let rules = rules.canonicalize().unwrap();
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{rules:?}]\n\
             scrape_configs:\n  - job_name: order-engine\n    static_configs: [{{ targets: [{engine:?}] }}]\n"
        );
        std::fs::write(&config, text).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                data.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{MISSING} ({error})"));
        let mut started = Self {
            process,
            client: Client::new(&format!("http://{address}")),
            _data: data,
        };
        tokio::time::timeout(PATIENCE, started.is_ready())
            .await
            .ok()?
            .then_some(started)
    }

    /// Returns once it answers, or has ended.
    async fn is_ready(&mut self) -> bool {
        let ready = reqwest::Client::new();
        let url = self.client.url("/-/ready");
        while self.process.try_wait().unwrap().is_none() {
            let answer = ready.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    /// The series that an expression gives now.
    pub async fn query(&self, expression: &str) -> Vec<Value> {
        let query: String = byte_serialize(expression.as_bytes()).collect();
        let answer = self
            .client
            .get(&format!("/api/v1/query?query={query}"))
            .await
            .json();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        answer["data"]["result"].as_array().cloned().unwrap()
    }
}
