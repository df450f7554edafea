//! Processes whose machine's clock is wrong: orders go by the database's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use order_tests::{Client, EngineProcess};
use serde_json::json;

use crate::deployment::{Deployment, assert_all_confirmed, sale};

const HOUR: i64 = 3_600_000;

/// Where Debian keeps the library, by the machine's architecture.
fn faketime() -> String {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    let library = |folder: std::fs::DirEntry| folder.path().join("faketime/libfaketime.so.1");
    let library = folders
        .map(|folder| library(folder.unwrap()))
        .find(|path| path.exists());
    let library = library.expect("faketime is needed: apt-get install faketime");
    library.to_str().unwrap().to_owned()
}

/// A process of that role on a machine whose time of day is off by so much.
fn off(deployment: &Deployment, role: &str, by: &str) -> EngineProcess {
    let library = faketime();
    let more = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME", by),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("ORDER_ENGINE__SERVER__WORKER_PORT", "0"),
    ];
    deployment.process(role, &more)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

async fn good_until(api: &Client, until: i64) -> String {
    let mut order = sale();
    order["type"] = json!("limit");
    order["limitPrice"] = json!("100000");
    order["timeInForce"] = json!("gtd");
    order["expiresAt"] = json!(until);
    api.accepted(&order).await
}

async fn status(api: &Client, id: &str) -> String {
    api.order(id).await["status"].as_str().unwrap().to_owned()
}

async fn becomes(api: &Client, id: &str, wanted: &str) {
    let reached = async {
        while status(api, id).await != wanted {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(30), reached).await;
    assert!(
        reached.is_ok(),
        "{id} is {} and not {wanted}",
        status(api, id).await
    );
}

fn offset(scrape: &str) -> f64 {
    let line = scrape
        .lines()
        .find_map(|line| line.strip_prefix("order_engine_clock_offset_seconds "));
    line.unwrap_or_else(|| panic!("{scrape}")).parse().unwrap()
}

#[tokio::test]
async fn an_order_ends_at_its_time_whatever_its_worker_takes_the_time_to_be() {
    let deployment = Deployment::start("instant").await;
    let api = deployment.process("api", &[]);
    let client = api.client().await;
    for by in ["+1h", "-1h"] {
        let mut worker = off(&deployment, "worker", by);
        let scrape = worker.client().await.get("/metrics").await.text;
        assert!((3_590.0..3_610.0).contains(&offset(&scrape)), "{scrape}");
        worker.says("this machine's clock is not the database's").await;
        let until = now() + 4_000;
        let (long, short) = (
            good_until(&client, now() + HOUR / 2).await,
            good_until(&client, until).await,
        );
        becomes(&client, &long, "waiting").await;
        becomes(&client, &short, "expired").await;
        let history = client.history(&short).await;
        let ended = history.last().unwrap()["timestamp"].as_i64().unwrap();
        assert!(ended >= until && ended < until + HOUR / 4, "{until}: {history:?}");
        assert_eq!(status(&client, &long).await, "waiting", "{by}");
        assert_eq!(worker.terminate().await, Some(0));
    }
    assert!(offset(&client.get("/metrics").await.text) < 1.0);
    assert!(
        !api.lines()
            .iter()
            .any(|line| line.contains("this machine's clock"))
    );
}

#[tokio::test]
async fn what_an_api_takes_in_bears_the_databases_time() {
    let deployment = Deployment::start("instant").await;
    let worker = deployment.process("worker", &[]);
    for by in ["+1h", "-1h"] {
        let mut api = off(&deployment, "api", by);
        let client = api.client().await;
        let before = now();
        let id = client.accepted(&sale()).await;
        assert_all_confirmed(&client, std::slice::from_ref(&id)).await;
        let near = before - 60_000..now() + 60_000;
        for event in client.history(&id).await {
            assert!(
                near.contains(&event["timestamp"].as_i64().unwrap()),
                "{by}: {event}"
            );
        }
        // The first 48 bits of the id are its time.
        let digits: String = id
            .chars()
            .skip(4)
            .filter(char::is_ascii_hexdigit)
            .take(12)
            .collect();
        let minted = i64::from_str_radix(&digits, 16).unwrap();
        assert!(near.contains(&minted), "{by}: {id}");
        // What is over is refused, and what is not is taken.
        let mut late = sale();
        (late["type"], late["limitPrice"]) = (json!("limit"), json!("100000"));
        (late["timeInForce"], late["expiresAt"]) = (json!("gtd"), json!(now() - HOUR / 2));
        assert_eq!(
            client.execute(&late).await.json()["code"],
            "already_expired",
            "{by}"
        );
        good_until(&client, now() + HOUR / 2).await;
        assert_eq!(api.terminate().await, Some(0));
    }
    drop(worker);
}
