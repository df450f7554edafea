//! In memory and durable, the engine tells the same histories: the same orders, one after the other, on two engines
//! with markets of the same seed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use order_test_servers::Redis;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::check::Check;
use crate::process::{Launch, Process, free_port};
use crate::rng::SeededRng;
use crate::stage::{await_answer, http_client, owned};
use crate::watchdog::Watchdog;

/// How many orders are compared.
const ORDERS: usize = 24;
/// How long one order may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(30);
/// What differs between two runs of the same: names, times, signatures, and the jitter of a delay.
const DIFFERS: [&str; 4] = ["orderId", "timestamp", "txHash", "delayMs"];

const SETTINGS: [(&str, &str); 8] = [
    ("HOST", "127.0.0.1"),
    ("RUST_LOG", "warn"),
    ("ORDER_ENGINE__QUEUE__BACKOFF", "20ms"),
    ("ORDER_ENGINE__QUEUE__SWEEP_INTERVAL", "20ms"),
    ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
    ("ORDER_ENGINE__VENUES__PRICE", "frozen"),
    // Enough of them to make some orders try again, and some fail.
    (
        "ORDER_ENGINE__VENUES__FAULTS__ERROR_RATE__SLIPPAGE_EXCEEDED",
        "0.4",
    ),
    ("ORDER_ENGINE__VENUES__FAULTS__ERROR_RATE__RATE_LIMITED", "0.1"),
];

/// Compares the two, order by order.
///
/// # Errors
/// One of the engines does not start.
pub(crate) async fn compare(
    engine: &Path,
    database: String,
    redis: &Redis,
    seed: u64,
    watchdog: &Arc<Watchdog>,
) -> Result<Check, Failure> {
    let durable = vec![
        ("DATABASE_URL".to_owned(), database),
        ("REDIS_URL".to_owned(), redis.url().to_owned()),
        (
            "ORDER_ENGINE__QUEUE__NAME".to_owned(),
            format!("{}modes", redis.prefix()),
        ),
    ];
    let in_memory = histories("in-memory", engine, Vec::new(), seed, watchdog).await?;
    let durable = histories("durable", engine, durable, seed, watchdog).await?;
    let differ = in_memory.iter().zip(&durable).filter(|(one, other)| one != other);
    Ok(Check {
        code: "I17",
        title: "memory and durable mode tell the same histories",
        checked: in_memory.len() as u64,
        violations: differ
            .map(|(one, other)| format!("{one:?} in memory, {other:?} durable"))
            .collect(),
    })
}

async fn histories(
    name: &str,
    engine: &Path,
    mode: Vec<(String, String)>,
    seed: u64,
    watchdog: &Arc<Watchdog>,
) -> Result<Vec<Vec<Value>>, Failure> {
    let rng = SeededRng::new(seed, 100);
    let port = free_port(&SeededRng::new(seed, u64::from(std::process::id())))?;
    let mut environment = owned(&SETTINGS);
    environment.push(("PORT".into(), port.to_string()));
    environment.push((
        "ORDER_ENGINE__VENUES__SEED".into(),
        (seed & u64::from(u32::MAX)).to_string(),
    ));
    environment.extend(mode);
    let launch = Launch {
        name: name.into(),
        program: engine.to_owned(),
        arguments: vec!["serve".into()],
        environment,
    };
    let mut process = Process::new(launch, Arc::clone(watchdog));
    process.start()?;
    let url = format!("http://127.0.0.1:{port}");
    await_answer(&format!("{url}/health/live"), PATIENCE).await?;
    let mut histories = Vec::new();
    for _ in 0..ORDERS {
        histories.push(history(&url, &rng).await?);
    }
    process.terminate(PATIENCE).await;
    Ok(histories)
}

/// Submits an order, and waits for its end.
async fn history(url: &str, rng: &SeededRng) -> Result<Vec<Value>, Failure> {
    let (token_in, token_out) =
        rng.one_of(&[("SOL", "USDC"), ("USDC", "ETH"), ("RAY", "SOL"), ("USDT", "USDC")]);
    let order = json!({
        "tokenIn": token_in,
        "tokenOut": token_out,
        "amountIn": (1 + rng.below(40)).to_string(),
        "slippageBps": rng.one_of(&[0, 50, 500]),
    });
    let http = http_client(PATIENCE)?;
    let answer = http
        .post(format!("{url}/api/orders/execute"))
        .json(&order)
        .send()
        .await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let id = answer["orderId"].as_str().ok_or("an answer without an id")?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let events: Value = http
            .get(format!("{url}/api/orders/{id}/events"))
            .send()
            .await?
            .json()
            .await?;
        let mut events = events.as_array().cloned().unwrap_or_default();
        let last = events
            .last()
            .and_then(|event| event["status"].as_str())
            .unwrap_or_default();
        if ["confirmed", "failed"].contains(&last) {
            events.iter_mut().for_each(forget_what_differs);
            return Ok(events);
        }
        if Instant::now() > deadline {
            return Err(format!("{id} is still {last}").into());
        }
        sleep(Duration::from_millis(10)).await;
    }
}

fn forget_what_differs(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !DIFFERS.contains(&name.as_str()));
        fields.values_mut().for_each(forget_what_differs);
    }
}
