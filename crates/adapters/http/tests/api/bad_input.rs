//! Requests that no endpoint takes. What is wrong with an order's fields is tested beside their reader.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::test_server::{ORDER, TestServer};

async fn problem(reply: reqwest::Response) -> (u16, Value) {
    let status = reply.status().as_u16();
    assert_eq!(reply.headers()["content-type"], "application/problem+json");
    let problem: Value = reply.json().await.unwrap();
    assert_eq!(problem["status"], status);
    assert!(problem["title"].is_string() && problem["detail"].is_string() && problem["type"].is_string());
    (status, problem)
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let server = TestServer::open().await;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some(""),
    ] {
        let mut request = server.client.post(server.url("/api/orders/execute")).body(ORDER);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let (status, problem) = problem(request.send().await.unwrap()).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (415, Some("unsupported_media_type")),
            "{content_type:?}"
        );
    }
    let charset = server.client.post(server.url("/api/orders/execute")).body(ORDER);
    let reply = charset
        .header("content-type", "Application/JSON ; charset=UTF-8")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 202);
}

#[tokio::test]
async fn a_compressed_body_is_refused_at_every_endpoint_that_takes_one() {
    let server = TestServer::open().await;
    let order = format!("/api/orders/{}", server.order().await);
    for (method, path) in [
        ("POST", "/api/orders/execute"),
        ("POST", "/api/quotes"),
        ("PATCH", order.as_str()),
    ] {
        let send = |coding: &'static str, body: Vec<u8>| {
            let request = server.client.request(method.parse().unwrap(), server.url(path));
            let request = request
                .header("content-type", "application/json")
                .header("content-encoding", coding)
                .header("if-match", "1");
            request.body(body).send()
        };
        // Also more than is read of a body that is refused.
        for (coding, body) in [
            ("gzip", vec![0x1f, 0x8b, 8]),
            ("GZIP", vec![0; 200_000]),
            ("identity, br", vec![1]),
        ] {
            let reply = send(coding, body).await.unwrap();
            assert_eq!(reply.headers()["accept-encoding"], "identity", "{path} {coding}");
            let (status, problem) = problem(reply).await;
            assert_eq!(
                (status, problem["code"].as_str()),
                (415, Some("unsupported_media_type")),
                "{path} {coding}"
            );
        }
        for plain in ["identity", "Identity", ""] {
            let reply = send(plain, ORDER.into()).await.unwrap();
            assert_ne!(reply.status(), 415, "{path} {plain:?}");
        }
    }
}

#[tokio::test]
async fn broken_json_is_told_where_it_breaks() {
    let server = TestServer::open().await;
    for (body, field) in [
        (r#"{"tokenIn":"SOL""#, None),
        (r#"{"amountIn":NaN}"#, Some("amountIn")),
        ("[]", None),
        ("", None),
    ] {
        let (status, problem) = problem(server.post("/api/orders/execute", body).await).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (400, Some("malformed_json")),
            "{body}"
        );
        assert_eq!(problem["errors"][0]["field"].as_str(), field, "{body}");
    }
}

#[tokio::test]
async fn a_wrong_order_is_refused_by_name() {
    let server = TestServer::open().await;
    let body = r#"{"tokenIn":"SOL","tokenOut":"SOL","amountIn":"-1","colour":"red"}"#;
    let (status, problem) = problem(server.post("/api/orders/execute", body).await).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("invalid_request")));
    let named: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["field"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["amountIn", "tokenOut", "colour"]);
}

#[tokio::test]
async fn a_body_has_sixteen_kib_at_most_however_it_is_sent() {
    let server = TestServer::open().await;
    let padded = |size: usize| format!("{ORDER}{}", " ".repeat(size - ORDER.len()));
    assert_eq!(
        server
            .post("/api/orders/execute", padded(16 * 1024))
            .await
            .status(),
        202
    );
    for size in [16 * 1024 + 1, 300 * 1024] {
        let (status, problem) = problem(server.post("/api/orders/execute", padded(size)).await).await;
        assert_eq!((status, problem["code"].as_str()), (413, Some("body_too_large")));
        let pieces = padded(size)
            .into_bytes()
            .chunks(1_000)
            .map(<[u8]>::to_vec)
            .map(Ok::<_, std::io::Error>)
            .collect::<Vec<_>>();
        let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let request = server
            .client
            .post(server.url("/api/orders/execute"))
            .header("content-type", "application/json");
        let (status, _) = self::problem(request.body(chunked).send().await.unwrap()).await;
        assert_eq!(status, 413);
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let server = TestServer::open().await;
    let mut connection = TcpStream::connect(&server.address).await.unwrap();
    let head = "POST /api/orders/execute HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 20000\r\nexpect: 100-continue\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut reply = vec![0; 12];
    tokio::time::timeout(crate::test_server::LONG, connection.read_exact(&mut reply))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(reply, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server =
        TestServer::with_settings(|settings| settings.body_timeout = std::time::Duration::from_millis(50))
            .await;
    let mut connection = TcpStream::connect(&server.address).await.unwrap();
    let head = "POST /api/orders/execute HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 50\r\n\r\n{";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut reply = vec![0; 12];
    tokio::time::timeout(crate::test_server::LONG, connection.read_exact(&mut reply))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(reply, b"HTTP/1.1 408");
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_allowed() {
    let server = TestServer::open().await;
    for (method, path, allowed) in [
        ("DELETE", "/api/orders/execute", "GET, HEAD, POST"),
        ("PUT", "/api/orders", "DELETE, GET, HEAD"),
        (
            "POST",
            "/api/orders/01890a5d-ac96-774b-bcce-b302099a8057/events",
            "GET, HEAD",
        ),
        ("GET", "/api/quotes", "POST"),
        ("POST", "/ping", "GET, HEAD"),
        ("POST", "/ws/orders", "GET, HEAD"),
        ("OPTIONS", "/docs", "GET, HEAD"),
    ] {
        let method = method.parse().unwrap();
        let reply = server
            .client
            .request(method, server.url(path))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.headers()["allow"], allowed, "{path}");
        let (status, problem) = problem(reply).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (405, Some("method_not_allowed"))
        );
    }
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let server = TestServer::open().await;
    for path in [
        "/api",
        "/api/order",
        "/api/orders/",
        "/nothing/here",
        "/docs/../etc",
    ] {
        let (status, problem) = problem(server.get(path).await).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (404, Some("not_found")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_plain_get_on_a_websocket_endpoint_is_told_to_upgrade() {
    let server = TestServer::open().await;
    let order = server.order().await;
    for path in [
        "/api/orders/execute".to_owned(),
        format!("/api/orders/execute?orderId={order}"),
        format!("/api/orders/updates/{order}"),
        format!("/ws/orders/{order}"),
        "/ws/orders".to_owned(),
    ] {
        let reply = server.get(&path).await;
        assert_eq!(reply.headers()["upgrade"], "websocket");
        assert_eq!(reply.headers()["sec-websocket-version"], "13");
        let (status, problem) = problem(reply).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (426, Some("upgrade_required")),
            "{path}"
        );
    }
}

/// What is not UTF-8 once it is unescaped.
const NO_TEXT: [&str; 3] = ["%ff", "%FE%80", "ORD-%c3%28"];

#[tokio::test]
async fn an_id_that_is_no_text_is_the_id_of_no_order() {
    let server = TestServer::open().await;
    for id in NO_TEXT {
        for path in [format!("/api/orders/{id}"), format!("/api/orders/{id}/events")] {
            let (status, problem) = problem(server.get(&path).await).await;
            assert_eq!(
                (status, problem["code"].as_str()),
                (404, Some("order_not_found")),
                "{path}"
            );
        }
        for path in [format!("/ws/orders/{id}"), format!("/api/orders/updates/{id}")] {
            let (status, _) = problem(server.get(&path).await).await;
            assert_eq!(status, 426, "{path}");
            let mut socket = server.socket(&path).await;
            assert_eq!(crate::test_server::close_code(&mut socket).await, 4404, "{path}");
        }
    }
}
