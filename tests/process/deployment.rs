//! A whole deployment: Postgres, Redis, a market, and processes of the engine.

use std::collections::HashMap;

use order_tests::{Backends, Client, EngineProcess};
use serde_json::{Value, json};

/// A lease that a test can wait for, and waits that fit into it.
pub const SHORT_LEASE: [(&str, &str); 3] = [
    ("ORDER_ENGINE__QUEUE__LEASE", "3s"),
    ("ORDER_ENGINE__ORDERS__SEND_TIMEOUT", "2s"),
    ("ORDER_ENGINE__ORDERS__LOOK_UP_WAIT", "1s"),
];

/// The servers that the processes share.
pub struct Deployment {
    backends: Backends,
    venue: EngineProcess,
    venue_url: String,
    _ledger: tempfile::TempDir,
}

impl Deployment {
    /// With a market of this profile.
    pub async fn start(profile: &str) -> Self {
        let ledger = tempfile::tempdir().unwrap();
        let file = ledger.path().join("market.ledger");
        let arguments = [
            "venue",
            "--port",
            "0",
            "--admin",
            "--ledger",
            file.to_str().unwrap(),
        ];
        let environment = [
            ("HOST", "127.0.0.1"),
            ("ORDER_ENGINE__VENUES__PROFILE", profile),
            ("ORDER_ENGINE__VENUES__PRICE", "frozen"),
            ("ORDER_ENGINE__VENUES__SEED", "42"),
        ];
        let venue = EngineProcess::spawn(&arguments, &environment);
        let (backends, client) = tokio::join!(Backends::start(), venue.client());
        Self {
            backends,
            venue,
            venue_url: client.url(""),
            _ledger: ledger,
        }
    }

    /// The market, to be changed.
    pub fn market(&self) -> Client {
        Client::new(&self.venue_url)
    }

    /// Ends the market's process.
    pub async fn stop_market(&mut self) {
        self.venue.terminate().await;
    }

    /// A process of that role.
    pub fn process(&self, role: &str, more: &[(&str, &str)]) -> EngineProcess {
        let name = format!("{}q", self.backends.redis.prefix());
        let mut environment = vec![
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("DATABASE_URL", self.backends.database_url()),
            ("REDIS_URL", self.backends.redis.url()),
            ("VENUE_URL", &self.venue_url),
            ("ORDER_ENGINE__QUEUE__NAME", &name),
            ("ORDER_ENGINE__QUEUE__BACKOFF", "50ms"),
        ];
        environment.extend(more);
        EngineProcess::spawn(&["serve", "--role", role], &environment)
    }

    /// Changes the database behind the engine's back.
    pub async fn tamper(&self, statement: &str) {
        let Backends { postgres, .. } = &self.backends;
        postgres
            .tamper(self.backends.database_url(), statement)
            .await
            .unwrap();
    }

    /// Makes the database read-only, as a host does whose disk is nearly full, and ends all sessions; or lets them
    /// again.
    pub async fn read_only(&self, read_only: bool) {
        let name = self.backends.database_url().rsplit('/').next().unwrap();
        let change = if read_only {
            format!("alter database {name} set default_transaction_read_only = on")
        } else {
            format!("alter database {name} reset default_transaction_read_only")
        };
        let end = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
        let statements = if read_only {
            vec![change, end]
        } else {
            vec![change]
        };
        for statement in statements {
            self.backends
                .postgres
                .tamper("postgres", &statement)
                .await
                .unwrap();
        }
    }

    /// A process that checks what the deployment holds.
    pub fn verify(&self, arguments: &[&str]) -> EngineProcess {
        let environment = [
            ("DATABASE_URL", self.backends.database_url()),
            ("VENUE_URL", &self.venue_url),
        ];
        EngineProcess::spawn(&[&["verify"], arguments].concat(), &environment)
    }

    /// How often each order was executed, by the market's own ledger.
    pub async fn executions(&self) -> HashMap<String, usize> {
        let market = self.market();
        let mut executions = HashMap::new();
        let mut after = 0;
        loop {
            let page = market.get(&format!("/transactions?after={after}")).await.json();
            let items = page["items"].as_array().unwrap();
            for item in items {
                *executions
                    .entry(item["memo"].as_str().unwrap().to_owned())
                    .or_default() += 1;
            }
            match items.last().and_then(|item| item["slot"].as_u64()) {
                Some(slot) => after = slot,
                None => return executions,
            }
        }
    }
}

/// A small sale, so that many of them do not move the price past their slippage.
pub fn sale() -> Value {
    json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "0.01"})
}

/// Submits so many orders, some at a time.
pub async fn submit(api: &Client, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let some = (count - ids.len()).min(20);
        ids.extend(
            futures_util::future::join_all((0..some).map(|_| async { api.accepted(&sale()).await })).await,
        );
    }
    ids
}

/// Follows every order to its end: each must be confirmed, its events without a gap or a duplicate.
pub async fn assert_all_confirmed(api: &Client, ids: &[String]) {
    let histories = futures_util::future::join_all(ids.iter().map(|id| api.history(id))).await;
    for (id, history) in ids.iter().zip(histories) {
        let seqs: Vec<_> = history
            .iter()
            .map(|event| event["seq"].as_u64().unwrap())
            .collect();
        assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "{id}: {seqs:?}");
        assert_eq!(
            history.last().unwrap()["status"],
            "confirmed",
            "{id}: {history:#?}"
        );
    }
}
