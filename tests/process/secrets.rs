//! No secret is ever shown: not in the most talkative log, not in an error, not at any endpoint.

use order_tests::EngineProcess;

use crate::deployment::{assert_all_confirmed, submit};
use crate::guarded::{Guarded, PASSWORD, venue};

/// What quotes are sealed with: another secret.
const KEY: &str = "canary-7c41e2-quotes-are-sealed-with-this";

fn assert_silent(what: &str, text: &str) {
    for secret in [PASSWORD, KEY] {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

#[tokio::test]
async fn no_log_no_error_and_no_endpoint_shows_a_secret() {
    let guarded = Guarded::start().await;
    let folder = tempfile::tempdir().unwrap();
    let venue = venue(&folder);
    let market = venue.client().await.url("");
    let talkative = [
        ("RUST_LOG", "trace"),
        ("ORDER_ENGINE__QUOTES__KEY", KEY),
        ("ORDER_ENGINE__SERVER__WORKER_PORT", "0"),
    ];
    let mut api = guarded.process("api", &market, &talkative);
    let mut worker = guarded.process("worker", &market, &talkative);
    let client = api.client().await;
    let ids = submit(&client, 5).await;
    assert_all_confirmed(&client, &ids).await;
    for client in [client, worker.client().await] {
        for path in [
            "/health/live",
            "/health/ready",
            "/metrics",
            "/openapi.json",
            "/api/orders?cursor=x",
        ] {
            let reply = client.get(path).await;
            assert_silent(path, &format!("{reply:?}"));
        }
    }
    assert_eq!(
        (api.terminate().await, worker.terminate().await),
        (Some(0), Some(0))
    );
    for process in [&api, &worker] {
        assert!(
            process.lines().iter().any(|line| line.contains("TRACE")),
            "it says too little"
        );
        assert_silent("the log", &process.lines().join("\n"));
    }
    errors_are_silent(&guarded).await;
}

async fn errors_are_silent(guarded: &Guarded) {
    let database = guarded.database_of("api");
    let elsewhere = database.replace("order_api", "nobody");
    let refused = guarded.redis_of("nobody");
    for (name, environment) in [
        (
            "a user that there is not",
            vec![("DATABASE_URL", elsewhere.as_str())],
        ),
        (
            "a Redis that refuses",
            vec![("DATABASE_URL", &database), ("REDIS_URL", &refused)],
        ),
        (
            "a password in the wrong place",
            vec![("ORDER_ENGINE__DATABASE__POOL_SIZE", PASSWORD)],
        ),
        (
            "an address that is none",
            vec![("DATABASE_URL", PASSWORD), ("REDIS_URL", PASSWORD)],
        ),
    ] {
        let more = [
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("RUST_LOG", "trace"),
            ("ORDER_ENGINE__DATABASE__MIGRATE", "false"),
            ("ORDER_ENGINE__PROCESS__START_TIMEOUT", "1s"),
        ];
        let mut process = EngineProcess::spawn(&["serve"], &[&environment[..], &more].concat());
        assert!(!process.exit().await.success(), "{name}");
        assert_silent(name, &process.lines().join("\n"));
    }
}
