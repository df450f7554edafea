//! What the venue server is told to do wrong.

use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::card::Trouble;
use crate::rng::SeededRng;

/// How long the venue server may take to hear what it is told; it may be dead just now.
const PATIENCE: Duration = Duration::from_secs(20);

/// The faults that are on, and the way to say so.
pub(super) struct VenueFaults {
    url: String,
    on: Mutex<Map<String, Value>>,
    http: reqwest::Client,
}

impl VenueFaults {
    pub(super) fn new(url: String) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .unwrap_or_default();
        Self {
            url,
            on: Mutex::default(),
            http,
        }
    }

    /// Lets the venues misbehave for so long.
    pub(super) async fn trouble(&self, trouble: Trouble, how_long: Duration, rng: &SeededRng) {
        let (name, value) = match trouble {
            Trouble::Errors => {
                let mut codes = [
                    "rate_limited",
                    "node_behind",
                    "blockhash_not_found",
                    "slippage_exceeded",
                    "timeout",
                ];
                rng.shuffle(&mut codes);
                let rates = codes
                    .iter()
                    .take(3)
                    .map(|code| ((*code).to_owned(), json!("0.15")));
                ("errorRate", Value::Object(rates.collect()))
            }
            Trouble::AcceptThenTimeout => ("acceptThenTimeout", json!(rng.one_of(&["0.3", "0.6", "1"]))),
            Trouble::LateLanding => ("lateLandingBlocks", json!(3 + rng.below(20))),
            Trouble::Down => ("down", json!(true)),
        };
        self.on.lock().insert(name.to_owned(), value);
        self.tell_again().await;
        tokio::time::sleep(how_long).await;
        self.on.lock().remove(name);
        self.tell_again().await;
    }

    pub(super) async fn heal(&self) {
        self.on.lock().clear();
        self.tell_again().await;
    }

    /// Says what is on, as a restarted server has to hear.
    pub(super) async fn tell_again(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // Read anew each time: it may have changed while the server was away.
            let faults = Value::Object(self.on.lock().clone());
            if self.post("faults", &faults).await || tokio::time::Instant::now() > deadline {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn post(&self, what: &str, body: &Value) -> bool {
        let url = format!("{}/admin/{what}", self.url);
        let answer = self.http.post(url).json(body).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}
