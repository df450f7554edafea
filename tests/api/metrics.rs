//! What is counted, as Prometheus reads it.

use order_tests::{Mode, TestEngine, in_both_modes};
use serde_json::json;

use crate::sell;

in_both_modes!(what_happens_to_orders_is_counted);

/// The value of a sample, by everything before it.
fn sample(scrape: &str, name: &str) -> Option<String> {
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned);
    scrape.lines().find_map(value)
}

async fn what_happens_to_orders_is_counted(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    for _ in 0..2 {
        let id = engine.accepted(&sell()).await;
        assert_eq!(engine.finished(&id).await["status"], "confirmed");
        engine.order(&id).await;
    }
    let bad = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "-1"});
    assert_eq!(engine.execute(&bad).await.status, 400);

    let reply = engine.get("/metrics").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let scrape = reply.text;
    for (name, value) in [
        (r#"order_engine_orders_accepted_total{type="market"}"#, "2"),
        (
            r#"order_engine_orders_total{type="market",outcome="confirmed"}"#,
            "2",
        ),
        (
            r#"order_engine_order_duration_seconds_count{type="market",outcome="confirmed"}"#,
            "2",
        ),
        (
            r#"order_engine_order_state_duration_seconds_count{state="pending"}"#,
            "2",
        ),
        (
            r#"order_engine_order_state_duration_seconds_count{state="submitted"}"#,
            "2",
        ),
        ("order_engine_orders_unknown", "0"),
        ("order_engine_oldest_waiting_seconds", "0"),
        (r#"order_engine_queue_depth{priority="high"}"#, "0"),
    ] {
        assert_eq!(
            sample(&scrape, name).as_deref(),
            Some(value),
            "{name} in:\n{scrape}"
        );
    }
    let requests = |method: &str, route: &str, status: u16| {
        let labels = format!(
            r#"http_route="{route}",http_request_method="{method}",http_response_status_code="{status}""#
        );
        sample(
            &scrape,
            &format!("http_server_request_duration_seconds_count{{{labels}}}"),
        )
    };
    assert_eq!(requests("POST", "/api/orders/execute", 202).as_deref(), Some("2"));
    assert_eq!(requests("POST", "/api/orders/execute", 400).as_deref(), Some("1"));
    // By its template, whichever order it was.
    assert_eq!(requests("GET", "/api/orders/{id}", 200).as_deref(), Some("4"));
    let committed = r#"order_engine_store_batch_rows_count{step="accept"}"#;
    match mode {
        Mode::Memory => assert_eq!(sample(&scrape, committed), None),
        Mode::Durable => assert!(sample(&scrape, committed).is_some(), "{scrape}"),
    }
    every_number_is_explained(&scrape);
    engine.stop().await;
}

fn every_number_is_explained(scrape: &str) {
    for line in scrape.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap();
        assert!(scrape.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
}
