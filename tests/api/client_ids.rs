//! Orders by what their owners call them: in every event and every reply, and found by it.

use order_tests::{Client, Mode, TestEngine, in_both_modes};
use reqwest::Method;
use serde_json::{Value, json};

use crate::sell_with;

in_both_modes!(
    every_event_and_every_reply_has_it,
    an_order_is_read_and_cancelled_by_it,
    any_printable_name_is_found,
    it_means_something_to_its_owner_alone,
);

fn resting(id: &str) -> Value {
    sell_with(json!({"type": "limit", "limitPrice": "1000", "clientOrderId": id}))
}

/// A path's part for that text.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn path(id: &str) -> String {
    format!("/api/orders/by-client-id/{}", escaped(id))
}

/// The events of a text of server-sent events.
fn sent(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[track_caller]
fn all_named(events: &[Value], at_least: usize, id: &str) {
    assert!(events.len() >= at_least, "{events:?}");
    for event in events {
        assert_eq!(event["clientOrderId"], id, "{event}");
    }
}

async fn every_event_and_every_reply_has_it(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut all = engine.socket("/ws/orders").await.unwrap();
    let named = sell_with(json!({"clientOrderId": "desk-1"}));
    let reply = engine.execute(&named).await;
    assert_eq!(reply.json()["clientOrderId"], "desk-1");
    let id = reply.order_id();
    assert_eq!(engine.finished(&id).await["clientOrderId"], "desk-1");

    // Live, on the socket of all orders, and from the store, at every endpoint to one.
    let mut heard = Vec::new();
    while heard
        .last()
        .is_none_or(|event: &Value| event["status"] != "confirmed")
    {
        heard.push(all.next().await.unwrap());
    }
    all_named(&heard, 6, "desk-1");
    let mut resumed = engine.socket("/ws/orders?after=0").await.unwrap();
    all_named(&[resumed.next().await.unwrap()], 1, "desk-1");
    let list = engine.get(&format!("/api/orders/{id}/events")).await.json();
    all_named(list.as_array().unwrap(), 6, "desk-1");
    let stream = engine
        .request(Method::GET, &format!("/api/orders/{id}/events"))
        .header("accept", "text/event-stream");
    all_named(&sent(&engine.send(stream).await.text), 6, "desk-1");
    for endpoint in [
        format!("/ws/orders/{id}"),
        format!("/api/orders/updates/{id}"),
        format!("/api/orders/execute?orderId={id}"),
    ] {
        let (events, _) = engine.socket(&endpoint).await.unwrap().to_the_end().await;
        all_named(&events, 6, "desk-1");
    }

    // Replies on a socket, events after them, and the answers to commands.
    let mut socket = engine.socket("/api/orders/execute").await.unwrap();
    socket.send(&resting("desk-2")).await;
    let reply = socket.next().await.unwrap();
    assert_eq!(
        (&reply["success"], &reply["clientOrderId"]),
        (&json!(true), &json!("desk-2"))
    );
    for _ in 0..2 {
        all_named(&[socket.next().await.unwrap()], 1, "desk-2");
    }
    for command in [
        json!({"action": "replace", "orderId": reply["orderId"], "ifMatch": 2, "limitPrice": "1001"}),
        json!({"action": "cancel", "orderId": reply["orderId"]}),
    ] {
        socket.send(&command).await;
        // The answer and the event, in whatever order they come.
        let said = [socket.next().await.unwrap(), socket.next().await.unwrap()];
        all_named(&said, 2, "desk-2");
    }

    // An order without a name has none anywhere.
    let plain = engine.execute(&sell_with(json!({}))).await;
    assert!(plain.json().get("clientOrderId").is_none(), "{plain:?}");
    let history = engine.history(&plain.order_id()).await;
    assert!(history.iter().all(|event| event.get("clientOrderId").is_none()));
    engine.stop().await;
}

async fn an_order_is_read_and_cancelled_by_it(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let id = engine.accepted(&resting("desk-1")).await;
    engine.accepted(&resting("desk-2")).await;
    let read = engine.get(&path("desk-1")).await;
    assert_eq!((read.status, read.order_id()), (200, id.clone()));
    assert!(read.header("etag").is_some());
    let listed = engine.get("/api/orders?clientOrderId=desk-1").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed["items"][0]["orderId"], &listed["nextCursor"]),
        (&json!(id), &Value::Null)
    );
    // Both names of it lead to the same order.
    let cancelled = engine.delete(&path("desk-1")).await;
    assert_eq!((cancelled.status, cancelled.order_id()), (200, id.clone()));
    assert_eq!(engine.order(&id).await["status"], "cancelled");
    assert_eq!(
        engine.delete(&path("desk-1")).await.status,
        200,
        "once more is no harm"
    );

    let over = engine
        .accepted(&sell_with(json!({"clientOrderId": "desk-3"})))
        .await;
    engine.finished(&over).await;
    let late = engine.delete(&path("desk-3")).await;
    assert_eq!(
        (late.status, &late.json()["code"]),
        (409, &json!("not_cancellable"))
    );

    let many = engine.delete("/api/orders?clientOrderId=desk-2").await;
    assert_eq!(many.json(), json!({"cancelled": 1, "tooLate": 0}));
    for unknown in ["desk-4", "DESK-1", "\u{e9}", "\n", &"x".repeat(129)] {
        for reply in [
            engine.get(&path(unknown)).await,
            engine.delete(&path(unknown)).await,
        ] {
            assert_eq!(
                (reply.status, &reply.json()["code"]),
                (404, &json!("order_not_found")),
                "{unknown}"
            );
        }
    }
    let none = engine.get("/api/orders?clientOrderId=desk-4").await.json();
    assert_eq!(none, json!({"items": [], "nextCursor": null}));
    let bad = engine.get("/api/orders?clientOrderId=%0A").await;
    assert_eq!(
        (bad.status, &bad.json()["errors"][0]["field"]),
        (400, &json!("clientOrderId"))
    );
    engine.stop().await;
}

async fn any_printable_name_is_found(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let every: String = (b' '..=b'~').map(char::from).collect();
    for name in [
        &every,
        "a/b",
        "a%2Fb",
        "a+b c",
        " ",
        "?",
        "#",
        "events",
        "execution",
        "execute",
        "updates",
        "100%",
        "..a",
        "a\\b",
        "\"",
        "{clientOrderId}",
        ":id",
        "*",
    ] {
        let id = engine.accepted(&resting(name)).await;
        let read = engine.get(&path(name)).await;
        assert_eq!(
            (read.status, read.json()["clientOrderId"].as_str()),
            (200, Some(name))
        );
        assert_eq!(read.order_id(), id, "{name}");
        let listed = engine
            .get(&format!("/api/orders?clientOrderId={}", escaped(name)))
            .await
            .json();
        assert_eq!(listed["items"][0]["orderId"], id, "{name}");
        assert_eq!(engine.delete(&path(name)).await.order_id(), id, "{name}");
    }
    // A client's library takes these for steps in the path, whether or not they are escaped.
    for name in [".", ".."] {
        let id = engine.accepted(&resting(name)).await;
        let listed = engine
            .get(&format!("/api/orders?clientOrderId={name}"))
            .await
            .json();
        assert_eq!(listed["items"][0]["orderId"], id, "{name}");
    }
    engine.stop().await;
}

async fn it_means_something_to_its_owner_alone(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut orders = Vec::new();
    for owner in [None, Some("ann"), Some("bob")] {
        let mut order = resting("desk-1");
        order["userId"] = json!(owner);
        orders.push((owner, engine.accepted(&order).await));
    }
    let client: &Client = &engine;
    for (owner, id) in &orders {
        let query = owner.map_or(String::new(), |owner| format!("?userId={owner}"));
        assert_eq!(
            client.get(&format!("{}{query}", path("desk-1"))).await.order_id(),
            *id
        );
        let owner = owner.map_or(String::new(), |owner| format!("&userId={owner}"));
        let listed = client
            .get(&format!("/api/orders?clientOrderId=desk-1{owner}"))
            .await
            .json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        assert_eq!(listed["items"][0]["orderId"], *id);
    }
    let carol = client.get(&format!("{}?userId=carol", path("desk-1"))).await;
    assert_eq!(carol.status, 404);
    let bad = client.delete(&format!("{}?userId=%0A", path("desk-1"))).await;
    assert_eq!(
        (bad.status, &bad.json()["errors"][0]["field"]),
        (400, &json!("userId"))
    );
    let cancelled = client.delete(&format!("{}?userId=bob", path("desk-1"))).await;
    assert_eq!(cancelled.json()["userId"], "bob");
    for (owner, id) in &orders {
        let status = if *owner == Some("bob") {
            "cancelled"
        } else {
            "waiting"
        };
        let order = engine.order(id).await;
        assert!(
            order["status"] == status || order["status"] == "pending",
            "{order}"
        );
    }
    engine.stop().await;
}
