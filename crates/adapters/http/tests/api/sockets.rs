//! WebSockets that are opened as RFC 6455 says.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use order_core::order::Event;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::test_server::{LIFE, LONG, ORDER, TestServer, close_code, id, next, say, statuses};

#[tokio::test]
async fn every_endpoint_tells_the_whole_history_then_live_then_closes() {
    let server = TestServer::open().await;
    for endpoint in [
        "/ws/orders/",
        "/api/orders/updates/",
        "/api/orders/execute?orderId=",
    ] {
        let order = server.order().await;
        let [routing, rest @ ..] = crate::test_server::life();
        server.happens(order, routing);
        let mut socket = server.socket(&format!("{endpoint}{order}")).await;
        assert_eq!(statuses(&mut socket, 1, 2).await, LIFE[..2]);
        rest.into_iter().for_each(|event| server.happens(order, event));
        assert_eq!(statuses(&mut socket, 3, 4).await, LIFE[2..]);
        assert_eq!(close_code(&mut socket).await, 1000);
    }
}

#[tokio::test]
async fn a_socket_is_resumed_after_a_number() {
    let server = TestServer::open().await;
    let order = server.order().await;
    server.confirm(order);
    let mut socket = server
        .socket(&format!("/ws/orders/{}?after=4", order.uuid()))
        .await;
    assert_eq!(statuses(&mut socket, 5, 2).await, LIFE[4..]);
    assert_eq!(close_code(&mut socket).await, 1000);
    let mut nothing = server.socket(&format!("/ws/orders/{order}?after=6")).await;
    assert_eq!(close_code(&mut nothing).await, 1000);
}

#[tokio::test]
async fn the_same_event_is_the_same_text_at_every_endpoint() {
    let server = TestServer::open().await;
    let order = server.order().await;
    server.confirm(order);
    let mut socket = server.socket(&format!("/ws/orders/{order}")).await;
    let listed: Value = server
        .get(&format!("/api/orders/{order}/events"))
        .await
        .json()
        .await
        .unwrap();
    for event in listed.as_array().unwrap() {
        assert_eq!(next(&mut socket).await, *event);
    }
}

#[tokio::test]
async fn an_unknown_order_is_told_by_its_close_code() {
    let server = TestServer::open().await;
    for path in [
        "/ws/orders/ORD-01890a5d-ac96-774b-bcce-b302099a8057",
        "/api/orders/updates/nonsense",
    ] {
        let mut socket = server.socket(path).await;
        assert_eq!(close_code(&mut socket).await, 4404, "{path}");
    }
}

#[tokio::test]
async fn a_bad_parameter_refuses_the_handshake() {
    let server = TestServer::open().await;
    let order = server.order().await;
    for path in [
        format!("/ws/orders/{order}?after=x"),
        "/ws/orders?userId=%0a".to_owned(),
    ] {
        let refused = tokio_tungstenite::connect_async(format!("ws://{}{path}", server.address)).await;
        let Err(Error::Http(reply)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(reply.status(), 400);
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_told_by_its_close_code() {
    let server = TestServer::open().await;
    let order = server.order().await;
    server.store_is(false);
    let mut socket = server.socket(&format!("/ws/orders/{order}")).await;
    assert_eq!(close_code(&mut socket).await, 1013);
}

#[tokio::test]
async fn a_watcher_that_reads_too_slowly_is_closed_and_resumes() {
    let server = TestServer::with_watch_buffer(4).await;
    let order = server.order().await;
    let mut socket = server.socket(&format!("/ws/orders/{order}")).await;
    assert_eq!(next(&mut socket).await["seq"], 1);
    // All at once, more than the buffer holds.
    for _ in 0..50 {
        server.happens(
            order,
            Event::Routing {
                attempt: 1,
                quotes: Vec::new(),
                arrival: None,
            },
        );
    }
    let mut last = 1;
    let code = loop {
        match tokio::time::timeout(LONG, socket.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => {
                let event: Value = serde_json::from_str(&text).unwrap();
                last += 1;
                assert_eq!(event["seq"], last);
            }
            Some(Ok(Message::Close(Some(frame)))) => break u16::from(frame.code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 4408);
    let mut resumed = server.socket(&format!("/ws/orders/{order}?after={last}")).await;
    let missing = usize::try_from(51 - last).unwrap();
    assert_eq!(statuses(&mut resumed, last + 1, missing).await.len(), missing);
}

#[tokio::test]
async fn orders_are_submitted_over_a_socket_and_followed_on_it() {
    let server = TestServer::open().await;
    let mut socket = server.socket("/api/orders/execute").await;
    say(&mut socket, ORDER).await;
    let reply = next(&mut socket).await;
    assert_eq!(
        (&reply["success"], &reply["status"]),
        (&json!(true), &json!("pending"))
    );
    assert_eq!(reply["links"]["ws"], format!("/ws/orders/{}", id(&reply)));
    assert_eq!(statuses(&mut socket, 1, 1).await, LIFE[..1]);
    server.confirm(id(&reply));
    assert_eq!(statuses(&mut socket, 2, 5).await, LIFE[1..]);

    // The socket stays open, also for what is wrong.
    for (bad, status, code) in [
        ("not json", 400, "malformed_json"),
        (r#"{"tokenIn":"SOL"}"#, 400, "invalid_request"),
        (
            r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"5000"}"#,
            422,
            "amount_exceeds_liquidity",
        ),
    ] {
        say(&mut socket, bad).await;
        let problem = next(&mut socket).await;
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(status), &json!(code))
        );
    }
    say(&mut socket, ORDER).await;
    let second = next(&mut socket).await;
    assert_ne!(id(&second), id(&reply));
    server.confirm(id(&second));
    assert_eq!(statuses(&mut socket, 1, 6).await, LIFE);
    socket
        .send(Message::Close(Some(CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        })))
        .await
        .unwrap();
    assert_eq!(close_code(&mut socket).await, 1000);
}

#[tokio::test]
async fn replies_come_in_the_order_of_the_messages_and_before_their_events() {
    let server = TestServer::open().await;
    let mut socket = server.socket("/api/orders/execute").await;
    for amount in 1..=100 {
        let order = if amount % 10 == 0 {
            "{}".to_owned()
        } else {
            ORDER.replace("1.5", &amount.to_string())
        };
        say(&mut socket, order).await;
    }
    let (mut replies, mut known, mut pending) = (0, std::collections::HashSet::new(), 0);
    while replies < 100 || pending < 90 {
        let message = next(&mut socket).await;
        if message["seq"].is_u64() {
            assert!(known.contains(&id(&message)), "an event before its reply");
            pending += 1;
            continue;
        }
        replies += 1;
        if replies % 10 == 0 {
            assert_eq!(message["code"], "invalid_request");
            continue;
        }
        known.insert(id(&message));
        let order: Value = server
            .get(message["links"]["self"].as_str().unwrap())
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(order["amountIn"], replies.to_string());
    }
}

#[tokio::test]
async fn the_key_of_the_handshake_belongs_to_the_first_message() {
    let server = TestServer::open().await;
    let mut orders = Vec::new();
    for _ in 0..2 {
        let mut request = format!("ws://{}/api/orders/execute", server.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("idempotency-key", "k".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        for _ in 0..2 {
            say(&mut socket, ORDER).await;
            let reply = loop {
                let message = next(&mut socket).await;
                if message["success"] == true {
                    break message;
                }
            };
            orders.push(id(&reply));
        }
    }
    assert_eq!(orders[0], orders[2]);
    assert_ne!(orders[1], orders[3]);
    assert_ne!(orders[0], orders[1]);
}

#[tokio::test]
async fn a_socket_follows_so_many_orders_and_no_more() {
    let server = TestServer::with_settings(|settings| settings.socket.max_orders = 2).await;
    let mut socket = server.socket("/api/orders/execute").await;
    let mut last = Value::Null;
    for _ in 0..3 {
        say(&mut socket, ORDER).await;
        last = next(&mut socket).await;
        if last["success"] == true {
            assert_eq!(next(&mut socket).await["status"], "pending");
        }
    }
    assert_eq!(
        (&last["status"], &last["code"]),
        (&json!(429), &json!("too_many_orders"))
    );
}

#[tokio::test]
async fn a_caller_sees_all_of_their_orders_and_no_others() {
    let server = TestServer::open().await;
    let submit = async |owner: &str| {
        let order = format!(r#"{{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1","userId":"{owner}"}}"#);
        id(&server
            .post("/api/orders/execute", order)
            .await
            .json()
            .await
            .unwrap())
    };
    let before = submit("ann").await;
    let _other = submit("bob").await;
    let mut socket = server.socket("/ws/orders?userId=ann").await;
    let first = next(&mut socket).await;
    assert_eq!((id(&first), &first["status"]), (before, &json!("pending")));
    let _another = submit("bob").await;
    let after = submit("ann").await;
    let second = next(&mut socket).await;
    assert_eq!((id(&second), &second["seq"]), (after, &json!(1)));
    server.confirm(before);
    for status in &LIFE[1..] {
        let event = next(&mut socket).await;
        assert_eq!((id(&event), event["status"].as_str()), (before, Some(*status)));
    }
    let anonymous = server.order().await;
    let mut default = server.socket("/ws/orders").await;
    assert_eq!(id(&next(&mut default).await), anonymous);
}

#[tokio::test]
async fn a_caller_who_comes_back_is_told_what_ended_meanwhile() {
    let server = TestServer::open().await;
    let (ended, running) = (server.order().await, server.order().await);
    server.confirm(ended);
    server.happens(running, crate::test_server::life()[0].clone());
    let mut socket = server.socket("/ws/orders?after=4").await;
    assert_eq!(statuses(&mut socket, 5, 2).await, LIFE[4..]);
    // New orders are told whole, and of known ones all that is news to everybody.
    let fresh = server.order().await;
    let first = next(&mut socket).await;
    assert_eq!((id(&first), &first["seq"]), (fresh, &json!(1)));
    server.happens(running, crate::test_server::life()[1].clone());
    let news = next(&mut socket).await;
    assert_eq!((id(&news), &news["seq"]), (running, &json!(3)));

    let mut whole = server.socket("/ws/orders?after=0").await;
    assert_eq!(statuses(&mut whole, 1, 6).await, LIFE);
    assert_eq!(statuses(&mut whole, 1, 3).await, LIFE[..3]);
    assert_eq!(id(&next(&mut whole).await), fresh);
    // Without the parameter, only what is open.
    let mut open = server.socket("/ws/orders").await;
    assert_eq!(id(&next(&mut open).await), running);
}

#[tokio::test]
async fn a_caller_who_comes_back_is_told_of_so_many_ended_orders() {
    let server = TestServer::open().await;
    let oldest = server.order().await;
    server.confirm(oldest);
    for _ in 0..500 {
        server.confirm(server.order().await);
    }
    let mut socket = server.socket("/ws/orders?after=5").await;
    let mut told = std::collections::HashSet::new();
    for _ in 0..500 {
        let event = next(&mut socket).await;
        assert_eq!(event["seq"], 6);
        assert!(told.insert(id(&event)), "{event}");
    }
    assert!(!told.contains(&oldest));
    let fresh = server.order().await;
    assert_eq!(id(&next(&mut socket).await), fresh);
}

#[tokio::test]
async fn a_caller_who_comes_back_without_the_store_is_told_to_try_again() {
    let server = TestServer::open().await;
    server.store_is(false);
    let mut socket = server.socket("/ws/orders?after=2").await;
    assert_eq!(close_code(&mut socket).await, 1013);
}

#[tokio::test]
async fn a_callers_orders_are_watched_from_the_moment_of_the_handshake() {
    let server = TestServer::open().await;
    let _socket = server.socket("/ws/orders").await;
    assert_eq!(server.engine.watchers(), 1);
}

#[tokio::test]
async fn what_is_no_text_message_closes_the_socket() {
    let server = TestServer::open().await;
    let mut binary = server.socket("/api/orders/execute").await;
    binary.send(Message::Binary(vec![1, 2, 3].into())).await.unwrap();
    assert_eq!(close_code(&mut binary).await, 1003);
    for size in [17 * 1024, 2_000_000] {
        let mut large = server.socket("/api/orders/execute").await;
        large.send(Message::Text("x".repeat(size).into())).await.unwrap();
        assert_eq!(close_code(&mut large).await, 1009, "{size}");
    }
}

#[tokio::test]
async fn a_socket_is_pinged_and_a_silent_client_is_let_go() {
    let server = TestServer::with_settings(|settings| {
        settings.socket.ping_interval = Duration::from_millis(30);
        settings.socket.silence = Duration::from_millis(200);
    })
    .await;
    let order = server.order().await;
    let mut answering = server.socket(&format!("/ws/orders/{order}")).await;
    let silent = server.socket(&format!("/ws/orders/{order}")).await;
    let (mut pings, mut watchers) = (0, 2);
    for _ in 0..100 {
        if let Ok(Some(Ok(Message::Ping(_)))) =
            tokio::time::timeout(Duration::from_millis(50), answering.next()).await
        {
            pings += 1;
        }
        watchers = server.engine.watchers();
        if watchers == 1 && pings > 10 {
            break;
        }
    }
    assert_eq!(watchers, 1, "only the silent one is gone");
    server.confirm(order);
    assert_eq!(close_code(&mut answering).await, 1000);
    drop(silent);
}

#[tokio::test]
async fn a_client_that_leaves_is_not_watched_for() {
    let server = TestServer::open().await;
    let order = server.order().await;
    let mut socket = server.socket(&format!("/ws/orders/{order}")).await;
    assert_eq!(next(&mut socket).await["seq"], 1);
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}
    for _ in 0..200 {
        if server.engine.watchers() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the watcher is still there");
}
