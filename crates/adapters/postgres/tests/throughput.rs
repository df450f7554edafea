//! How many orders a second go through their three durable commits. Measures, asserts nothing but success:
//! `cargo test --release -p order-postgres --test throughput -- --ignored --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use order_core::lifecycle::Release;
use order_ports::contract::fixtures::{Steps, Walk, acceptance, spec, worker};
use order_ports::{Claim, OrderIntake, OrderJournal, OrderLeases};
use order_postgres::PostgresStore;
use order_test_servers::PostgresOptions;
use support::Fresh;

const LEASE: Duration = Duration::from_secs(60);

/// The steps of one order's life, and how long each took.
async fn live(store: &PostgresStore, n: u32) -> [Duration; 4] {
    let began = Instant::now();
    let acceptance = acceptance(n, spec());
    let mut walk = Walk::of(&acceptance);
    store.accept(acceptance).await.unwrap();
    let accepted = Instant::now();
    let Claim::Taken(claimed) = store.claim(walk.id(), worker(1), LEASE).await.unwrap() else {
        panic!("order {n} should be free");
    };
    let lease = claimed.lease;
    let claim = Instant::now();
    let mut steps = walk.route();
    let (attempt, submitted) = walk.submit();
    steps.events.extend(submitted.events);
    let steps = Steps {
        order: submitted.order,
        ..steps
    };
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    let written = Instant::now();
    let (outcome, steps) = walk.confirm(&attempt);
    store
        .record(&lease, Some(outcome), Release::Done, steps.moved())
        .await
        .unwrap();
    [
        accepted - began,
        claim - accepted,
        written - claim,
        written.elapsed(),
    ]
}

/// Processor time of a process and its children so far, in hundredths of a second, where the system tells.
fn processor_time(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let own: u64 = [11, 12]
        .iter()
        .filter_map(|field| fields.get(*field)?.parse::<u64>().ok())
        .sum();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    own + children
        .split_whitespace()
        .map(|pid| processor_time(pid.parse().unwrap()))
        .sum::<u64>()
}

async fn run(fresh: &Fresh, first: u32, orders: u32, at_once: u32) {
    let store = &fresh.store;
    let database = || fresh.server.pid().map_or(0, processor_time);
    let own = || processor_time(std::process::id()).saturating_sub(database());
    let before = (database(), own());
    let next = Arc::new(AtomicU32::new(first));
    let began = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|_| {
            let (store, next) = (store.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut took = Vec::new();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= first + orders {
                        return took;
                    }
                    took.push(live(&store, n).await);
                }
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    let all = began.elapsed();
    let rate = u128::from(orders) * 1_000_000 / all.as_micros();
    let each = |hundredths: u64| hundredths * 10_000 / u64::from(orders);
    let (theirs, ours) = (
        each(database().saturating_sub(before.0)),
        each(own().saturating_sub(before.1)),
    );
    println!(
        "{orders} orders, {at_once} at once: {rate} orders/s; processor time of an order: database {theirs} µs, ours {ours} µs"
    );
    for (step, name) in ["accept", "claim", "write ahead", "record"]
        .into_iter()
        .enumerate()
    {
        let mut times: Vec<_> = took.iter().map(|steps| steps[step]).collect();
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!("  {name:>11}: median {:?}, 99 % within {:?}", at(50), at(99));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn lives_of_orders() {
    let fresh = support::fresh_with(PostgresOptions::default().fsync()).await;
    let orders = std::env::var("ORDERS").map_or(40_000, |text| text.parse().unwrap());
    run(&fresh, 1, 300, 1).await;
    run(&fresh, 1_000, orders / 10, 16).await;
    run(&fresh, 100_000, orders, 256).await;
    run(&fresh, 1_000_000, orders, 1_024).await;
    support::print(
        &fresh.url,
        "select relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, pg_total_relation_size(relid) / 1024 as kib
         from pg_stat_user_tables order by 1",
    )
    .await;
    support::print(
        &fresh.url,
        "select avg(pg_column_size(o))::int as row, avg(pg_column_size(spec))::int as spec,
                avg(pg_column_size(state))::int as state from orders o",
    )
    .await;
    support::print(
        &fresh.url,
        "select avg(pg_column_size(e))::int as events from order_events e",
    )
    .await;
    support::print(
        &fresh.url,
        "select indexrelname, pg_relation_size(indexrelid) / 1024 as kib from pg_stat_user_indexes",
    )
    .await;
}
