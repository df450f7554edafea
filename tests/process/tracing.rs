//! One trace an order, across the processes that have to do with it.

use std::collections::HashSet;

use order_tests::Client;
use reqwest::Method;
use serde_json::json;

use crate::collector::{Collected, Collector};
use crate::deployment::{Deployment, sale};

/// A caller's trace and span, as the header names them.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// Submits an order as a part of the caller's trace; its id.
async fn accepted_within(client: &Client, flags: &str) -> String {
    let request = client
        .request(Method::POST, "/api/orders/execute")
        .header("traceparent", format!("00-{TRACE}-{SPAN}-{flags}"))
        .json(&sale());
    let reply = client.send(request).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    reply.order_id()
}

/// The trace that is named after an order.
fn named_after(id: &str) -> String {
    id.trim_start_matches("ORD-").replace('-', "")
}

fn of_trace(spans: &[Collected], trace: &str) -> Vec<Collected> {
    spans.iter().filter(|span| span.trace == trace).cloned().collect()
}

/// The spans of this name, in the order in which they began.
fn named<'a>(spans: &'a [Collected], name: &str) -> Vec<&'a Collected> {
    let mut found: Vec<_> = spans.iter().filter(|span| span.name() == name).collect();
    found.sort_by_key(|span| span.time());
    found
}

/// The only span of this name.
#[track_caller]
fn only<'a>(spans: &'a [Collected], name: &str) -> &'a Collected {
    match named(spans, name)[..] {
        [span] => span,
        _ => panic!("not one {name}: {spans:#?}"),
    }
}

#[tokio::test]
async fn an_order_is_one_trace_from_its_acceptance_to_its_end() {
    let collector = Collector::start().await;
    let to = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())];
    let deployment = Deployment::start("instant").await;
    let mut api = deployment.process("api", &to);
    let mut worker = deployment.process("worker", &to);
    let client = api.client().await;
    let id = client.accepted(&sale()).await;
    let order = client.finished(&id).await;
    assert_eq!(order["status"], "confirmed", "{order}");
    let left_out = accepted_within(&client, "00").await;
    client.finished(&left_out).await;
    // What is not sent yet is sent at the end.
    assert_eq!(api.terminate().await, Some(0));
    assert_eq!(worker.terminate().await, Some(0));

    let all = collector.spans();
    let spans = of_trace(&all, &named_after(&id));
    assert_eq!(spans.len(), all.len(), "nothing else is collected: {all:#?}");
    let root = only(&spans, "order");
    assert_eq!(root.parent, "", "{root:#?}");
    let ids: HashSet<_> = spans.iter().map(|span| span.id.clone()).collect();
    assert_eq!(ids.len(), spans.len(), "{spans:#?}");
    for span in spans.iter().filter(|span| span.id != root.id) {
        assert!(ids.contains(&span.parent), "lost its parent: {span:#?}");
    }
    let (accept, attempt) = (only(&spans, "accept"), only(&spans, "attempt"));
    assert_eq!((accept.role.as_str(), attempt.role.as_str()), ("api", "worker"));
    for below in [accept, attempt] {
        assert_eq!(below.parent, root.id, "{below:#?}");
        assert_eq!(below.attribute("order_id").as_deref(), Some(id.as_str()));
    }
    let ((began, ended), (taken_up, _)) = (root.time(), attempt.time());
    assert!(began <= taken_up && taken_up < ended, "{root:#?} {attempt:#?}");
    let venue = order["dex"].as_str();
    for told in [root, attempt] {
        assert_eq!(told.attribute("attempt").as_deref(), Some("1"), "{told:#?}");
        assert_eq!(told.attribute("venue").as_deref(), venue, "{told:#?}");
        assert_eq!(
            told.attribute("tx_id").as_deref(),
            order["txHash"].as_str(),
            "{told:#?}"
        );
        assert!(!told.failed(), "{told:#?}");
    }
    assert_eq!(root.attribute("status").as_deref(), Some("confirmed"));
    for step in ["quotes", "build", "write_ahead", "send", "record"] {
        assert_eq!(only(&spans, step).parent, attempt.id, "{spans:#?}");
    }
    let quotes = named(&spans, "quote");
    assert_eq!(quotes.len(), 2, "{quotes:#?}");
    assert!(
        quotes
            .iter()
            .all(|quote| quote.parent == only(&spans, "quotes").id)
    );
}

/// The second attempt comes to a worker by the sweep, without a work item from the process that accepted the order.
#[tokio::test]
async fn a_caller_s_trace_goes_on_over_all_attempts() {
    let collector = Collector::start().await;
    let more = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()),
        ("ORDER_ENGINE__QUEUE__BACKOFF", "1s"),
        ("ORDER_ENGINE__LOG__FORMAT", "json"),
    ];
    let deployment = Deployment::start("instant").await;
    let market = deployment.market();
    let faults = |rate: &'static str| {
        let market = market.clone();
        async move {
            let faults = json!({"errorRate": {"blockhash_not_found": rate}});
            let reply = market.post("/admin/faults", &faults).await;
            assert_eq!(reply.status, 200, "{reply:?}");
        }
    };
    faults("1").await;
    let api = deployment.process("api", &more);
    let worker = deployment.process("worker", &more);
    let client = api.client().await;
    let id = accepted_within(&client, "01").await;
    let mut watching = client.socket(&format!("/ws/orders/{id}")).await.unwrap();
    while watching.next().await.unwrap()["status"] != "retrying" {}
    faults("0").await;
    let order = client.finished(&id).await;
    assert_eq!(
        (&order["status"], &order["attempts"]),
        (&json!("confirmed"), &json!(2)),
        "{order}"
    );
    for (name, count) in [("accept", 1), ("attempt", 2), ("order", 1)] {
        collector.receives(TRACE, name, count).await;
    }

    let spans = of_trace(&collector.spans(), TRACE);
    assert_eq!(of_trace(&collector.spans(), &named_after(&id)).len(), 0);
    let root = only(&spans, "order");
    assert_eq!(root.parent, SPAN, "{root:#?}");
    assert_eq!(only(&spans, "accept").parent, root.id);
    let attempts = named(&spans, "attempt");
    let told: Vec<_> = attempts
        .iter()
        .map(|span| {
            (
                span.attribute("attempt").unwrap(),
                span.failed(),
                span.parent.clone(),
            )
        })
        .collect();
    let expected = [
        ("1".into(), true, root.id.clone()),
        ("2".into(), false, root.id.clone()),
    ];
    assert_eq!(told, expected, "{attempts:#?}");

    // The log tells of the same order by the same names.
    let line = worker.says("order ended").await;
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["span"]["order_id"], id, "{line}");
    assert_eq!(
        (&line["attempt"], &line["venue"]),
        (&json!(2), &order["dex"]),
        "{line}"
    );
}
