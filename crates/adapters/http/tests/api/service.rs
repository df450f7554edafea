//! The service's own endpoints, its pages, and its end.

use std::time::Duration;

use serde_json::Value;

use crate::stage::{LONG, ORDER, Stage, close_code, next};

#[tokio::test]
async fn it_says_that_it_runs() {
    let stage = Stage::open().await;
    assert_eq!(
        stage.get("/ping").await.json::<Value>().await.unwrap()["message"],
        "pong"
    );
    assert_eq!(
        stage.get("/health/live").await.json::<Value>().await.unwrap()["status"],
        "ok"
    );
    let ready = stage.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(
        (&ready["status"], &ready["mode"]),
        (&"ready".into(), &"memory".into())
    );
    assert_eq!(ready["note"], "forgets at exit");
}

#[tokio::test]
async fn it_says_which_part_is_down() {
    let stage = Stage::open().await;
    stage.health_is(false, true);
    let ready = stage.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["status"], "down");
    assert_eq!(
        (&ready["parts"][0]["name"], &ready["parts"][0]["status"]),
        (&"store".into(), &"down".into())
    );
    assert_eq!(ready["parts"][1]["status"], "up");
    assert_eq!(stage.get("/health/live").await.status(), 200);
}

#[tokio::test]
async fn it_is_ready_as_long_as_the_store_answers() {
    let stage = Stage::open().await;
    stage.health_is(true, false);
    let ready = stage.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["status"], "degraded");
    assert_eq!(
        (&ready["parts"][1]["name"], &ready["parts"][1]["status"]),
        (&"queue".into(), &"down".into())
    );
    stage.health_is(false, false);
    let ready = stage.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.json::<Value>().await.unwrap()["status"], "down");
}

#[tokio::test]
async fn a_worker_says_how_it_is_and_nothing_else() {
    let stage = Stage::with_settings(|settings| settings.health_only = true).await;
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(stage.get(path).await.status(), 200, "{path}");
    }
    for path in [
        "/",
        "/docs",
        "/openapi.json",
        "/ping",
        "/api/orders",
        "/ws/orders",
    ] {
        assert_eq!(stage.get(path).await.status(), 404, "{path}");
    }
    let refused = stage.post("/api/orders/execute", ORDER).await;
    assert_eq!(refused.status(), 404);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "not_found");
}

#[tokio::test]
async fn the_pages_are_there() {
    let stage = Stage::open().await;
    for (path, content) in [
        ("/", "Order Engine"),
        ("/docs", "swagger"),
        ("/openapi.json", "\"openapi\": \"3.1.0\""),
    ] {
        let reply = stage.get(path).await;
        assert_eq!(reply.status(), 200, "{path}");
        assert!(reply.text().await.unwrap().contains(content), "{path}");
    }
    let head = stage.client.head(stage.url("/ping")).send().await.unwrap();
    assert_eq!(head.status(), 200);
}

#[tokio::test]
async fn at_its_end_sockets_and_streams_are_closed_and_it_returns() {
    let stage = Stage::open().await;
    let order = stage.order().await;
    let mut socket = stage.socket(&format!("/ws/orders/{order}")).await;
    assert_eq!(next(&mut socket).await["status"], "pending");
    let mut idle = stage.socket("/api/orders/execute").await;
    let stream = stage
        .client
        .get(stage.url(&format!("/api/orders/{order}/events")));
    let stream = stream.header("accept", "text/event-stream").send().await.unwrap();

    stage.stop.cancel();
    assert_eq!(close_code(&mut socket).await, 1012);
    assert_eq!(close_code(&mut idle).await, 1012);
    assert!(stream.text().await.unwrap().starts_with("id: 1\n"));
    let served = tokio::time::timeout(LONG, stage.served).await;
    assert!(served.is_ok_and(|served| served.is_ok_and(|result| result.is_ok())));
    let refused = stage
        .client
        .post(format!("http://{}/api/orders/execute", stage.address))
        .body(ORDER)
        .send()
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_client_that_does_not_let_go_does_not_hold_up_the_end() {
    let stage = Stage::with_settings(|settings| {
        settings.drain_timeout = Duration::from_millis(200);
        settings.socket.close_timeout = Duration::from_secs(60);
    })
    .await;
    let order = stage.order().await;
    // Never reads, so never answers the close.
    let _socket = stage.socket(&format!("/ws/orders/{order}")).await;
    stage.stop.cancel();
    assert!(
        tokio::time::timeout(Duration::from_secs(5), stage.served)
            .await
            .is_ok()
    );
}
