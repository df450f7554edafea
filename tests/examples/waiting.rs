//! What orders that wait cost: `cargo run --release -p order-tests --example waiting -- 1000 10000 100000`.
//!
//! For each number an engine in memory, whose market stands still, is given so many limit orders far from the market
//! and a hundred close to it. Then it is left alone for ten seconds, and at last one trade moves the price past the
//! hundred. Prints what the process has used, and how long the hundred took.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made is none")]

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use order_tests::{ONE_POOL, TestEngine};
use serde_json::{Value, json};

/// So many are close to the market.
const NEAR: usize = 100;
/// So many requests at once.
const AT_ONCE: usize = 32;
/// How long it is left alone.
const STILL: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|number| number.parse().unwrap())
        .collect();
    println!(
        "{:>8}  {:>12}  {:>10}  {:>14}",
        "waiting", "CPU in 10 s", "memory", "100 fired in"
    );
    for number in numbers {
        measure(number).await;
    }
}

async fn measure(number: usize) {
    let engine = TestEngine::memory(ONE_POOL).await;
    let before = memory_kib();
    let limits = (0..number).map(|far| (10_000 + far % 1_000).to_string());
    let near = std::iter::repeat_n("151".to_owned(), NEAR);
    let orders = limits.chain(near).map(|limit| sell(&limit));
    stream::iter(orders)
        .for_each_concurrent(AT_ONCE, |order| {
            let engine = &engine;
            async move { drop(engine.accepted(&order).await) }
        })
        .await;
    settled(&engine).await;
    let cpu = cpu_millis();
    tokio::time::sleep(STILL).await;
    let cpu = cpu_millis() - cpu;
    let memory = memory_kib().saturating_sub(before);
    let fired = fire(&engine).await;
    println!(
        "{:>8}  {:>9} ms  {:>6} MiB  {:>11} ms",
        number + NEAR,
        cpu,
        memory / 1024,
        fired.as_millis()
    );
    engine.stop().await;
}

fn sell(limit: &str) -> Value {
    json!({
        "type": "limit", "limitPrice": limit,
        "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1",
    })
}

async fn count(engine: &TestEngine, what: &str) -> usize {
    let page = engine.get(&format!("/api/orders?limit=200&{what}")).await.json();
    page["items"].as_array().unwrap().len()
}

/// Returns when nothing is under way and everybody who waits has been looked at once.
async fn settled(engine: &TestEngine) {
    while count(engine, "status=pending,routing,building,submitted").await > 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
}

/// Moves the price past those that are close to it, and waits for their ends.
async fn fire(engine: &TestEngine) -> Duration {
    let buy = json!({
        "tokenIn": "USDC", "tokenOut": "SOL", "amountIn": "300000", "slippageBps": 10_000,
    });
    let began = Instant::now();
    drop(engine.accepted(&buy).await);
    while count(engine, "type=limit&status=confirmed").await < NEAR {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    began.elapsed()
}

/// The processor time of this process. The kernel counts it in hundredths of a second.
fn cpu_millis() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    let fields: Vec<_> = after_name.split_whitespace().collect();
    [fields[11], fields[12]]
        .map(|ticks| ticks.parse::<u64>().unwrap() * 10)
        .iter()
        .sum()
}

/// The memory of this process.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
