//! API, workers and market apart.

use nix::sys::signal::Signal;
use order_tests::Client;

use crate::deployment::{Deployment, SHORT_LEASE, assert_all_confirmed, submit};

#[tokio::test]
async fn api_workers_and_market_in_processes_of_their_own() {
    let deployment = Deployment::start("instant").await;
    let mut api = deployment.process("api", &[]);
    let mut workers = [
        deployment.process("worker", &[]),
        deployment.process("worker", &[]),
    ];
    let client = api.client().await;
    let ids = submit(&client, 200).await;
    assert_all_confirmed(&client, &ids).await;
    let executions = deployment.executions().await;
    assert_eq!(executions.len(), ids.len());
    assert!(executions.values().all(|count| *count == 1), "{executions:?}");
    for worker in &mut workers {
        assert_eq!(worker.terminate().await, Some(0));
    }
    // Each brings the tables up to date, and finds those that are there already: no news.
    let repeated = |line: &String| line.contains("already exists");
    assert!(!api.lines().iter().chain(&workers[1].lines()).any(repeated));
    assert_eq!(api.terminate().await, Some(0));
}

/// The one thing that kills a worker without a word. What it had sent stands, and nothing is sent twice.
#[tokio::test]
async fn a_worker_is_killed_half_way() {
    let deployment = Deployment::start("realistic").await;
    let short = [
        &SHORT_LEASE[..],
        &[("ORDER_ENGINE__QUEUE__ANNOUNCEMENT_TIMEOUT", "2s")],
    ]
    .concat();
    let api = deployment.process("api", &short);
    let (victim, survivor) = (
        deployment.process("worker", &short),
        deployment.process("worker", &short),
    );
    let client = api.client().await;
    let ids = submit(&client, 60).await;
    let confirmed = |client: Client| async move {
        client.get("/api/orders?status=confirmed&limit=200").await.json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    while confirmed(client.clone()).await < 10 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    victim.signal(Signal::SIGKILL);
    assert_all_confirmed(&client, &ids).await;
    let executions = deployment.executions().await;
    assert_eq!(executions.len(), ids.len());
    assert!(executions.values().all(|count| *count == 1), "{executions:?}");
    drop(survivor);
}

#[tokio::test]
async fn a_worker_opens_its_endpoints_only_where_it_is_told() {
    let deployment = Deployment::start("instant").await;
    let quiet = deployment.process("worker", &[]);
    let told = deployment.process("worker", &[("ORDER_ENGINE__SERVER__WORKER_PORT", "0")]);
    let client = told.client().await;
    // Only to be asked how it is: it takes no orders.
    for path in ["/ping", "/docs", "/api/orders"] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    assert_eq!(client.execute(&crate::deployment::sale()).await.status, 404);
    let ready = client.get("/health/ready").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(ready.json()["mode"], "durable");
    let parts: Vec<_> = ready.json()["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["name"].clone())
        .collect();
    assert_eq!(parts, ["store", "queue", "meteora", "raydium"]);
    quiet.says("starting").await;
    assert!(
        !quiet.lines().iter().any(|line| line.contains("listening")),
        "{:?}",
        quiet.lines()
    );
}
