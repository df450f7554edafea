//! SIGTERM in the middle of things.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use order_tests::{Backends, EngineProcess};
use serde_json::json;
use tokio::net::TcpStream;

use crate::deployment::{Deployment, SHORT_LEASE, assert_all_confirmed, sale, submit};

const MEMORY: [(&str, &str); 3] = [
    ("HOST", "127.0.0.1"),
    ("PORT", "0"),
    ("ORDER_ENGINE__VENUES__PROFILE", "realistic"),
];

#[tokio::test]
async fn a_stop_refuses_new_orders_finishes_running_ones_and_disconnects_watchers() {
    let mut engine = EngineProcess::spawn(&[], &MEMORY);
    let client = engine.client().await;
    let running = client.accepted(&sale()).await;
    let mut watcher = client.socket(&format!("/ws/orders/{running}")).await.unwrap();
    while watcher.next().await.unwrap()["status"] != "submitted" {}
    let idle = client.socket("/ws/orders").await.unwrap();
    engine.signal(Signal::SIGTERM);
    engine.says("finishing running orders").await;
    let refused = client.execute(&sale()).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(client.get("/health/ready").await.status, 503);
    let ended = engine.says("order ended").await;
    assert!(
        ended.contains(&running) && ended.contains("status=\"confirmed\" attempt=1"),
        "{ended}"
    );
    let (rest, closed) = watcher.to_the_end().await;
    assert_eq!(rest.last().unwrap()["status"], "confirmed");
    assert_eq!(closed.code, Some(1000));
    let (_, closed) = idle.to_the_end().await;
    assert_eq!(closed.code, Some(1012));
    assert_eq!(engine.exit().await.code(), Some(0));
}

/// What is not finished in time goes back, and another process goes on with it, without sending twice.
#[tokio::test]
async fn what_cannot_be_finished_is_handed_back() {
    let deployment = Deployment::start("seed").await;
    let mut first = deployment.process("all", &[("ORDER_ENGINE__PROCESS__DRAIN_TIMEOUT", "100ms")]);
    let client = first.client().await;
    let ids = submit(&client, 10).await;
    let mut watcher = client.socket(&format!("/ws/orders/{}", ids[0])).await.unwrap();
    while watcher.next().await.unwrap()["status"] != "submitted" {}
    first.signal(Signal::SIGTERM);
    let (_, closed) = watcher.to_the_end().await;
    assert_eq!(closed.code, Some(1012));
    assert_eq!(first.exit().await.code(), Some(0));
    first.says("handing the rest back").await;
    // Well within the lease of 30 s, so it was given back rather than waited for.
    let second = deployment.process("all", &[]);
    let client = second.client().await;
    tokio::time::timeout(Duration::from_secs(20), assert_all_confirmed(&client, &ids))
        .await
        .unwrap();
    let executions = deployment.executions().await;
    assert_eq!(executions.len(), ids.len());
    assert!(executions.values().all(|count| *count == 1), "{executions:?}");
}

/// A database alone makes orders last; the queue is filled from it.
#[tokio::test]
async fn orders_outlive_the_process() {
    let backends = Backends::start().await;
    let environment = [
        &MEMORY[..2],
        &SHORT_LEASE,
        &[("DATABASE_URL", backends.database_url())],
    ]
    .concat();
    let slow = ("ORDER_ENGINE__VENUES__PROFILE", "seed");
    let mut first = EngineProcess::spawn(&[], &[&environment[..], &[slow]].concat());
    let client = first.client().await;
    let id = client.accepted(&sale()).await;
    first.signal(Signal::SIGKILL);
    first.exit().await;
    let quick = ("ORDER_ENGINE__QUEUE__ANNOUNCEMENT_TIMEOUT", "100ms");
    let second = EngineProcess::spawn(&[], &[&environment[..], &[quick]].concat());
    let client = second.client().await;
    let ready = client.get("/health/ready").await.json();
    assert_eq!(
        (ready["mode"].as_str(), ready["note"].as_str()),
        (Some("durable"), None),
        "{ready}"
    );
    assert_eq!(client.order(&id).await["orderId"], id);
    assert_all_confirmed(&client, &[id]).await;
    second
        .says("the venues in this process keep what they execute")
        .await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut engine = EngineProcess::spawn(
        &[],
        &[MEMORY[0], MEMORY[1], ("ORDER_ENGINE__VENUES__PROFILE", "seed")],
    );
    let client = engine.client().await;
    client.accepted(&sale()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    engine.signal(Signal::SIGTERM);
    engine.says("asked to stop").await;
    engine.signal(Signal::SIGTERM);
    assert_eq!(engine.exit().await.code(), Some(130));
}

/// Balancers take a process out of service seconds after it was told to stop.
#[tokio::test]
async fn while_balancers_have_not_noticed_it_serves_on() {
    let delay = ("ORDER_ENGINE__PROCESS__SHUTDOWN_DELAY", "3s");
    let mut engine = EngineProcess::spawn(&[], &[MEMORY[0], MEMORY[1], delay]);
    let client = engine.client().await;
    engine.signal(Signal::SIGTERM);
    engine.says("serving until balancers have noticed").await;
    let ready = client.get("/health/ready").await;
    assert_eq!((ready.status, &ready.json()["status"]), (503, &"draining".into()));
    let accepted = client.execute(&sale()).await;
    assert_eq!(
        (accepted.status, accepted.header("connection")),
        (202, Some("close"))
    );
    let mut watcher = client
        .socket(&format!("/ws/orders/{}", accepted.order_id()))
        .await
        .unwrap();
    while watcher.next().await.unwrap()["status"] != "confirmed" {}
    assert_eq!(engine.exit().await.code(), Some(0));
    assert!(TcpStream::connect(client.authority()).await.is_err());
}

#[tokio::test]
async fn a_second_signal_ends_the_delay() {
    let delay = ("ORDER_ENGINE__PROCESS__SHUTDOWN_DELAY", "1h");
    let mut engine = EngineProcess::spawn(&[], &[MEMORY[0], MEMORY[1], delay]);
    engine.client().await;
    engine.signal(Signal::SIGTERM);
    engine.says("serving until balancers have noticed").await;
    engine.signal(Signal::SIGTERM);
    assert_eq!(engine.exit().await.code(), Some(130));
}

/// Orders that no venue can quote keep a watcher busy, wherever the venues are; it obeys all the same, and rests meanwhile.
#[tokio::test]
async fn a_crowd_that_cannot_be_quoted_holds_no_process_up() {
    let deployment = Deployment::start("instant").await;
    let frozen = [
        ("HOST", "127.0.0.1"),
        ("PORT", "0"),
        ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
        ("ORDER_ENGINE__VENUES__PRICE", "frozen"),
    ];
    let in_memory = EngineProcess::spawn(&[], &frozen);
    let at_a_server = deployment.process("all", &[]);
    for mut engine in [in_memory, at_a_server] {
        let client = engine.client().await;
        // More than any pool takes alone, less than all take together.
        let stuck = json!({
            "type": "limit", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "80000", "limitPrice": "1", "maxLegs": 1,
        });
        for _ in 0..21 {
            join_all((0..50).map(|_| client.accepted(&stuck))).await;
        }
        becomes_calm(&engine).await;
        assert_eq!(client.get("/metrics").await.status, 200);
        assert_eq!(engine.terminate().await, Some(0));
    }
}

/// Waits until it takes a small part of a processor; what looks again and again without a pause never does.
async fn becomes_calm(engine: &EngineProcess) {
    for _ in 0..20 {
        let (begun, before) = (Instant::now(), engine.processor_time());
        tokio::time::sleep(Duration::from_secs(1)).await;
        if (engine.processor_time() - before) * 10 < begun.elapsed() {
            return;
        }
    }
    panic!("it is busy with what cannot be done: {:#?}", engine.lines());
}
