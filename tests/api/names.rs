//! The names by which an engine is answered, as its configuration says.

use order_tests::TestEngine;
use reqwest::Method;

async fn status(engine: &TestEngine, host: &str) -> u16 {
    let request = engine.request(Method::GET, "/api/orders").header("host", host);
    engine.send(request).await.status
}

#[tokio::test]
async fn without_keys_only_names_are_answered_that_no_stranger_can_have() {
    let engine = TestEngine::memory(
        "server.allowed_hosts = \"desk.internal.example, *.Desks.example\"\n\
         server.allowed_origins = \"https://page.example:8443, https://*.pages.example\"",
    )
    .await;
    for host in [
        "localhost",
        "127.0.0.1:3000",
        "order-engine:3000",
        "desk.internal.example:3000",
        "eu.desks.example",
        "page.example",
        "eu.pages.example",
    ] {
        assert_eq!(status(&engine, host).await, 200, "{host}");
    }
    for host in ["rebound.example:3000", "eu.page.example", "pages.example"] {
        assert_eq!(status(&engine, host).await, 421, "{host}");
    }
    let request = engine.request(Method::GET, "/health/ready");
    let probed = engine
        .send(request.header("host", "order-engine.default.svc"))
        .await;
    assert_eq!(probed.status, 200);
    engine.stop().await;
}

#[tokio::test]
async fn any_name_will_do_where_keys_are_wanted_or_any_page_may_call() {
    for settings in [
        "auth.mode = \"keys\"",
        "server.allowed_origins = \"*\"",
        "server.allowed_hosts = \"*\"",
    ] {
        let engine = TestEngine::memory(settings).await;
        assert_ne!(status(&engine, "any.example").await, 421, "{settings}");
        engine.stop().await;
    }
}
