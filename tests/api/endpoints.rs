//! One history, many endpoints.

use futures_util::future::join_all;
use order_tests::{Mode, TestEngine, in_both_modes};
use serde_json::{Value, json};

use crate::{LIFE, sell, sell_with, statuses};

in_both_modes!(
    every_endpoint_tells_the_same_history,
    watchers_who_come_at_any_time_miss_nothing,
    orders_are_submitted_and_followed_on_one_socket,
    a_caller_follows_all_of_their_orders,
);

async fn every_endpoint_tells_the_same_history(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let id = engine.accepted(&sell()).await;
    let history = engine.history(&id).await;
    assert_eq!(statuses(&history, 1), LIFE);
    for endpoint in [
        "/ws/orders/",
        "/api/orders/updates/",
        "/api/orders/execute?orderId=",
    ] {
        for name in [id.as_str(), id.trim_start_matches("ORD-")] {
            let socket = engine.socket(&format!("{endpoint}{name}")).await.unwrap();
            let (events, closed) = socket.to_the_end().await;
            assert_eq!((events, closed.code), (history.clone(), Some(1000)), "{endpoint}");
        }
    }
    assert_eq!(engine.events(&id).await, history);
    for after in 0..=history.len() {
        let rest = &history[after..];
        let socket = engine
            .socket(&format!("/ws/orders/{id}?after={after}"))
            .await
            .unwrap();
        assert_eq!(socket.to_the_end().await.0, rest);
        let list = engine
            .get(&format!("/api/orders/{id}/events?after={after}"))
            .await
            .json();
        assert_eq!(list, json!(rest));
    }
    engine.stop().await;
}

async fn watchers_who_come_at_any_time_miss_nothing(mode: Mode) {
    let slow = r#"venues.profile = "realistic""#;
    let engine = TestEngine::start(mode, slow).await;
    let id = engine.accepted(&sell()).await;
    let watch = async |delay: u64, after: usize| {
        tokio::time::sleep(std::time::Duration::from_millis(delay)).await;
        let socket = engine
            .socket(&format!("/ws/orders/{id}?after={after}"))
            .await
            .unwrap();
        let (events, closed) = socket.to_the_end().await;
        assert_eq!(closed.code, Some(1000));
        (after, events)
    };
    let watched = join_all((0..40).map(|n| watch(n * 60, usize::try_from(n % 5).unwrap()))).await;
    let history = engine.events(&id).await;
    assert_eq!(statuses(&history, 1), LIFE);
    for (after, events) in watched {
        assert_eq!(events, history[after..]);
    }
    engine.stop().await;
}

async fn orders_are_submitted_and_followed_on_one_socket(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut socket = engine.socket("/api/orders/execute").await.unwrap();
    for number in 0..10 {
        socket
            // Wide enough for what the orders do to each other's price.
            .send(&sell_with(
                json!({"clientOrderId": format!("c-{number}"), "slippageBps": 5000}),
            ))
            .await;
    }
    socket.send(&json!({"tokenIn": "SOL"})).await;
    let (mut replies, mut ended) = (Vec::new(), 0);
    let mut histories: std::collections::HashMap<String, Vec<Value>> = std::collections::HashMap::new();
    while replies.len() < 11 || ended < 10 {
        let message = socket.next().await.expect("an open socket");
        if !message["seq"].is_u64() {
            replies.push(message);
            continue;
        }
        let id = message["orderId"].as_str().unwrap().to_owned();
        assert!(
            replies.iter().any(|reply| reply["orderId"] == id.as_str()),
            "an event before its reply"
        );
        ended += usize::from(message["status"] == "confirmed");
        histories.entry(id).or_default().push(message);
    }
    for (number, reply) in replies[..10].iter().enumerate() {
        assert_eq!(reply["success"], true);
        let id = reply["orderId"].as_str().unwrap();
        assert_eq!(engine.order(id).await["clientOrderId"], format!("c-{number}"));
        assert_eq!(statuses(&histories[id], 1), LIFE, "{:?}", histories[id]);
    }
    assert_eq!(
        (&replies[10]["status"], &replies[10]["code"]),
        (&json!(400), &json!("invalid_request"))
    );
    engine.stop().await;
}

async fn a_caller_follows_all_of_their_orders(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut socket = engine.socket("/ws/orders?userId=ann").await.unwrap();
    let mut mine = Vec::new();
    for number in 0..6 {
        let owner = if number % 2 == 0 { "ann" } else { "bob" };
        let id = engine.accepted(&sell_with(json!({"userId": owner}))).await;
        if owner == "ann" {
            mine.push(id);
        }
    }
    let mut histories: std::collections::HashMap<String, Vec<Value>> = std::collections::HashMap::new();
    let ended = |history: &Vec<Value>| history.last().is_some_and(|event| event["status"] == "confirmed");
    while histories.values().filter(|history| ended(history)).count() < mine.len() {
        let event = tokio::time::timeout(std::time::Duration::from_secs(5), socket.next()).await;
        let Ok(event) = event else {
            panic!("{mine:?} {histories:#?}")
        };
        let event = event.expect("an open socket");
        histories
            .entry(event["orderId"].as_str().unwrap().to_owned())
            .or_default()
            .push(event);
    }
    assert_eq!(histories.len(), mine.len());
    for id in &mine {
        assert_eq!(statuses(&histories[id], 1), LIFE, "{:?}", histories[id]);
    }
    engine.stop().await;
}

#[tokio::test]
async fn an_unknown_order_is_unknown_at_every_endpoint() {
    let engine = TestEngine::memory("").await;
    let id = "ORD-01890a5d-ac96-774b-bcce-b302099a8057";
    for path in [format!("/api/orders/{id}"), format!("/api/orders/{id}/events")] {
        let reply = engine.get(&path).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (404, &json!("order_not_found"))
        );
    }
    for path in [
        format!("/ws/orders/{id}"),
        format!("/api/orders/execute?orderId={id}"),
    ] {
        let (events, closed) = engine.socket(&path).await.unwrap().to_the_end().await;
        assert_eq!((events.len(), closed.code), (0, Some(4404)));
    }
}

#[tokio::test]
async fn an_engine_that_stops_closes_its_sockets_as_for_a_restart() {
    let engine = TestEngine::memory(r#"venues.profile = "seed""#).await;
    let id = engine.accepted(&sell()).await;
    let mut order = engine.socket(&format!("/ws/orders/{id}")).await.unwrap();
    assert_eq!(order.next().await.unwrap()["status"], "pending");
    let idle = engine.socket("/api/orders/execute").await.unwrap();
    let (order, idle, _) = tokio::join!(order.to_the_end(), idle.to_the_end(), engine.stop());
    assert_eq!((order.1.code, idle.1.code), (Some(1012), Some(1012)));
}
