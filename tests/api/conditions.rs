//! Requests with conditions: changes that are meant for a version, and reads of what is known already.

use order_tests::{Mode, Reply, TestEngine, in_both_modes};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{sell, sell_with};

in_both_modes!(
    a_change_is_meant_for_the_versions_that_it_names,
    a_socket_names_versions_in_the_same_ways,
    a_cancel_may_be_meant_for_a_version,
    what_a_reader_knows_is_not_sent_again,
    what_concerns_many_orders_takes_no_page,
    a_sniper_waits_for_a_pool_and_so_is_never_immediate,
    only_a_stop_may_be_allowed_to_trigger_at_once,
    the_minimum_of_what_was_filled_is_shown,
);

/// An order that waits, and is at version 2.
async fn resting(engine: &TestEngine) -> String {
    let order = sell_with(json!({"type": "limit", "limitPrice": "1000"}));
    let id = engine.accepted(&order).await;
    let mut socket = engine.socket(&format!("/ws/orders/{id}?after=1")).await.unwrap();
    assert_eq!(socket.next().await.unwrap()["status"], "waiting");
    id
}

async fn send(
    engine: &TestEngine,
    method: Method,
    id: &str,
    condition: (&str, &str),
    body: Option<&Value>,
) -> Reply {
    let request = engine
        .request(method, &format!("/api/orders/{id}"))
        .header(condition.0, condition.1);
    engine
        .send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
}

async fn a_change_is_meant_for_the_versions_that_it_names(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let id = resting(&engine).await;
    let mut version = 2;
    let body = json!({"limitPrice": "999"});
    let patch = async |tag: &str| send(&engine, Method::PATCH, &id, ("If-Match", tag), Some(&body)).await;
    // A proxy that compresses makes a strong tag weak; the version in it is as exact.
    for form in [
        "\"{}\"",
        "W/\"{}\"",
        "{}",
        "\"1\", \"{}\"",
        "W/\"1\",W/\"{}\" , \"99\"",
        "*",
    ] {
        let tag = form.replace("{}", &version.to_string());
        let reply = patch(&tag).await;
        assert_eq!(reply.status, 200, "{tag}: {reply:?}");
        version += 1;
        assert_eq!(reply.header("etag"), Some(format!("\"{version}\"").as_str()));
    }
    for stale in [
        "\"1\"",
        "W/\"2\"",
        "\"1\", W/\"3\"",
        "\"desk\"",
        "\"\"",
        "\"99999999999\"",
    ] {
        let reply = patch(stale).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (412, &json!("version_mismatch")),
            "{stale}"
        );
    }
    for malformed in ["seven", "W/8", "w/\"8\"", "\"8", "\"8\" \"9\"", "*, \"8\"", ","] {
        let reply = patch(malformed).await;
        assert_eq!(
            (reply.status, &reply.json()["errors"][0]["field"]),
            (400, &json!("If-Match")),
            "{malformed}"
        );
    }
    // Whatever its version is, there must be an order, and it must wait.
    let unknown = "ORD-01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(
        send(&engine, Method::PATCH, unknown, ("If-Match", "*"), Some(&body))
            .await
            .status,
        404
    );
    assert_eq!(engine.delete(&format!("/api/orders/{id}")).await.status, 200);
    assert_eq!(patch("*").await.json()["code"], "not_waiting");
    engine.stop().await;
}

async fn a_socket_names_versions_in_the_same_ways(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let id = resting(&engine).await;
    let mut socket = engine.socket("/api/orders/execute").await.unwrap();
    let mut version = 2;
    let forms = [
        json!(2),
        json!("3"),
        json!("\"4\""),
        json!("W/\"5\""),
        json!("\"1\", \"6\""),
        json!("*"),
    ];
    for form in forms {
        socket
            .send(&json!({"action": "replace", "orderId": id, "ifMatch": form, "limitPrice": "999"}))
            .await;
        version += 1;
        let reply = socket.next().await.unwrap();
        assert_eq!(reply["version"], version, "{form}: {reply}");
    }
    for (form, code) in [
        (json!(2), "version_mismatch"),
        (json!("\"2\", W/\"3\""), "version_mismatch"),
        (json!("eight"), "invalid_request"),
        (json!(true), "invalid_request"),
    ] {
        for action in ["replace", "cancel"] {
            let mut command = json!({"action": action, "orderId": id, "ifMatch": form});
            if action == "replace" {
                command["limitPrice"] = json!("999");
            }
            socket.send(&command).await;
            assert_eq!(socket.next().await.unwrap()["code"], code, "{command}");
        }
    }
    socket
        .send(&json!({"action": "cancel", "orderId": id, "ifMatch": version}))
        .await;
    assert_eq!(socket.next().await.unwrap()["status"], "cancelled");
    engine.stop().await;
}

async fn a_cancel_may_be_meant_for_a_version(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let id = resting(&engine).await;
    let cancel = async |tag: &str| send(&engine, Method::DELETE, &id, ("If-Match", tag), None).await;
    let stale = cancel("\"1\"").await;
    assert_eq!(
        (stale.status, &stale.json()["code"]),
        (412, &json!("version_mismatch"))
    );
    assert_eq!(cancel("one").await.status, 400);
    assert_eq!(engine.order(&id).await["status"], "waiting");
    assert_eq!(cancel("W/\"2\"").await.json()["status"], "cancelled");
    assert_eq!(cancel("\"2\"").await.status, 200, "what is asked for is so");
    engine.stop().await;
}

async fn what_a_reader_knows_is_not_sent_again(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let order = sell_with(json!({"type": "limit", "limitPrice": "1000", "clientOrderId": "desk-1"}));
    let id = engine.accepted(&order).await;
    let mut socket = engine.socket(&format!("/ws/orders/{id}?after=1")).await.unwrap();
    assert_eq!(socket.next().await.unwrap()["status"], "waiting");
    for name in [id.as_str(), "by-client-id/desk-1"] {
        let read = async |tag: &str| send(&engine, Method::GET, name, ("If-None-Match", tag), None).await;
        for known in ["\"2\"", "W/\"2\"", "\"1\", W/\"2\"", "*"] {
            let reply = read(known).await;
            assert_eq!((reply.status, reply.text.as_str()), (304, ""), "{known}");
            assert_eq!(reply.header("etag"), Some("\"2\""));
        }
        // A condition that is none is no condition.
        for other in ["\"1\"", "\"desk\"", "two"] {
            let reply = read(other).await;
            assert_eq!((reply.status, reply.order_id()), (200, id.clone()), "{other}");
        }
    }
    let unknown = "ORD-01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(
        send(&engine, Method::GET, unknown, ("If-None-Match", "*"), None)
            .await
            .status,
        404
    );
    engine.stop().await;
}

async fn what_concerns_many_orders_takes_no_page(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let ids = [resting(&engine).await, resting(&engine).await];
    for (query, field) in [("status=waiting&limit=1", "limit"), ("cursor=0123", "cursor")] {
        let reply = engine.delete(&format!("/api/orders?{query}")).await;
        assert_eq!(
            (reply.status, &reply.json()["errors"][0]["field"]),
            (400, &json!(field)),
            "{reply:?}"
        );
    }
    for id in &ids {
        assert_eq!(engine.order(id).await["status"], "waiting");
    }
    assert_eq!(engine.delete("/api/orders").await.json()["cancelled"], 2);
    engine.stop().await;
}

async fn a_sniper_waits_for_a_pool_and_so_is_never_immediate(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut socket = engine.socket("/api/orders/execute").await.unwrap();
    for force in ["ioc", "fok", "IOC"] {
        let order = sell_with(json!({"type": "sniper", "timeInForce": force}));
        let reply = engine.execute(&order).await;
        let problem = reply.json();
        assert_eq!((reply.status, &problem["code"]), (422, &json!("not_applicable")));
        assert_eq!(problem["errors"][0]["field"], "timeInForce", "{problem}");
        socket.send(&order).await;
        assert_eq!(socket.next().await.unwrap()["errors"], problem["errors"]);
    }
    let patient = engine
        .execute(&sell_with(json!({"type": "sniper", "timeInForce": "gtc"})))
        .await;
    assert_eq!(patient.status, 202);
    engine.stop().await;
}

async fn only_a_stop_may_be_allowed_to_trigger_at_once(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut socket = engine.socket("/api/orders/execute").await.unwrap();
    for order in [
        sell_with(json!({"allowImmediate": true})),
        sell_with(json!({"type": "limit", "limitPrice": "1000", "allowImmediate": false})),
        sell_with(json!({"type": "sniper", "allowImmediate": true})),
        sell_with(
            json!({"type": "stop_limit", "stopPrice": "100", "limitPrice": "90", "allowImmediate": "yes"}),
        ),
    ] {
        let reply = engine.execute(&order).await;
        let problem = reply.json();
        assert_eq!(
            (reply.status, &problem["errors"][0]["field"]),
            (400, &json!("allowImmediate")),
            "{order}"
        );
        socket.send(&order).await;
        assert_eq!(socket.next().await.unwrap()["errors"], problem["errors"]);
    }
    let quote = engine
        .post("/api/quotes", &sell_with(json!({"allowImmediate": true})))
        .await;
    assert_eq!(quote.json()["errors"][0]["code"], "unknown_field");
    for allowed in [json!(true), json!(false), json!(null)] {
        let stop = sell_with(
            json!({"type": "stop_limit", "stopPrice": "100", "limitPrice": "90", "allowImmediate": allowed}),
        );
        assert_eq!(engine.execute(&stop).await.status, 202, "{stop}");
    }
    // It is about this submission, and no part of the order.
    let stop = |allowed: bool| {
        sell_with(json!({
            "type": "stop_limit", "stopPrice": "100", "limitPrice": "90", "allowImmediate": allowed, "clientOrderId": "c",
        }))
    };
    let first = engine.accepted(&stop(true)).await;
    assert_eq!(engine.accepted(&stop(false)).await, first);
    engine.stop().await;
}

async fn the_minimum_of_what_was_filled_is_shown(mode: Mode) {
    let engine = TestEngine::start(mode, order_tests::ONE_POOL).await;
    let plain = engine.accepted(&sell()).await;
    let order = engine.finished(&plain).await;
    assert_eq!(
        (&order["minAmountOut"], &order["minAmountOutFilled"]),
        (&Value::Null, &Value::Null)
    );

    let id = engine.accepted(&sell_with(json!({"minAmountOut": "200"}))).await;
    let order = engine.finished(&id).await;
    assert_eq!(
        (&order["minAmountOut"], &order["minAmountOutFilled"]),
        (&json!("200"), &json!("200"))
    );
    let told = engine.get(&format!("/api/orders/{id}/execution")).await.json();
    assert_eq!(
        (&told["minAmountOut"], &told["result"]["minAmountOutFilled"]),
        (&json!("200"), &json!("200"))
    );

    // Only a part is to be had at 149: at least that part of the minimum must come out.
    let part = json!({
        "type": "limit", "timeInForce": "ioc", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1000",
        "limitPrice": "149", "minAmountOut": "149000",
    });
    let id = engine.accepted(&part).await;
    let order = engine.finished(&id).await;
    assert_eq!(order["status"], "confirmed", "{order}");
    let filled = units(&order["amountInFilled"], 9);
    let least = units(&order["minAmountOutFilled"], 6);
    assert!(filled < units(&json!("1000"), 9), "{order}");
    let part = units(&json!("149000"), 6) * filled;
    assert_eq!(least, part.div_ceil(units(&json!("1000"), 9)), "{order}");
    assert!(units(&order["amountOut"], 6) >= least, "{order}");
    let told = engine.get(&format!("/api/orders/{id}/execution")).await.json();
    assert_eq!(
        (&told["minAmountOut"], &told["result"]["minAmountOutFilled"]),
        (&json!("149000"), &order["minAmountOutFilled"])
    );
    engine.stop().await;
}

/// A decimal of a reply in units of so many digits.
fn units(value: &Value, digits: usize) -> u128 {
    let text = value.as_str().unwrap();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<digits$}").parse().unwrap()
}
