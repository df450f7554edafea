//! By which names the endpoints are answered, and which pages may call behind a proxy.

use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::test_server::{ORDER, TestServer};

async fn without_keys() -> TestServer {
    TestServer::with_settings(|settings| {
        // Whoever asks for a socket cannot ask for the connection's end as well.
        settings.idle_timeout = Duration::from_millis(200);
        settings.limits.hosts = Some(vec!["desk.example".into(), "*.desks.example".into()]);
    })
    .await
}

/// The answer to a GET with exactly these lines for its head.
async fn ask(server: &TestServer, path: &str, lines: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\n{lines}connection: close\r\n\r\n");
    server.raw(request.as_bytes()).await
}

const HANDSHAKE: &str = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
                         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A page whose own name is turned to this machine is, for a browser, a page of this service.
#[tokio::test]
async fn a_rebound_page_reads_and_does_nothing() {
    let server = without_keys().await;
    for path in ["/", "/ping", "/api/orders", "/docs", "/nothing"] {
        let answer = ask(&server, path, "host: rebound.example:3000\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{path}: {answer}");
        assert!(answer.contains("\"code\":\"host_not_allowed\""), "{answer}");
        assert!(answer.contains("server.allowed_hosts"), "{answer}");
    }
    let lines = format!("host: rebound.example\r\norigin: http://rebound.example\r\n{HANDSHAKE}");
    let answer = server
        .raw(format!("GET /ws/orders HTTP/1.1\r\n{lines}\r\n").as_bytes())
        .await;
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    let order = server.client.post(server.url("/api/orders/execute"));
    let order = order
        .header("host", "rebound.example")
        .header("origin", "http://rebound.example")
        .header("content-type", "application/json");
    assert_eq!(order.body(ORDER).send().await.unwrap().status(), 421);
    let listed: Value = server.get("/api/orders").await.json().await.unwrap();
    assert_eq!(listed["items"], serde_json::json!([]));
}

#[tokio::test]
async fn addresses_local_names_and_listed_ones_are_answered() {
    let server = without_keys().await;
    for host in [
        "localhost:3000",
        "127.0.0.1:3000",
        "[::1]",
        "10.1.2.3:3000",
        "order-engine:3000",
        "desk.example",
        "eu.desks.example:8443",
    ] {
        let answer = ask(&server, "/ping", &format!("host: {host}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    // Whoever watches the process may know it by any name.
    let answer = ask(&server, "/health/ready", "host: order-engine.default.svc\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Where keys are wanted, such a page has none.
    let guarded = TestServer::with_settings(|settings| settings.limits.hosts = None).await;
    let answer = ask(&guarded, "/ping", "host: any.example\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_request_names_one_host_at_every_endpoint() {
    let admin = TestServer::with_settings(|settings| {
        settings.health_only = true;
        settings.idle_timeout = Duration::from_millis(200);
    })
    .await;
    for (server, paths) in [
        (without_keys().await, &["/ping", "/ws/orders", "/health/live"][..]),
        (admin, &["/health/ready", "/metrics"]),
    ] {
        for path in paths {
            for lines in [
                "",
                "host: a\r\nhost: b\r\n",
                "host: a\r\nhost: a\r\n",
                "host: a b\r\n",
                "host:\r\n",
            ] {
                for more in ["", HANDSHAKE] {
                    let answer = server
                        .raw(format!("GET {path} HTTP/1.1\r\n{lines}{more}\r\n").as_bytes())
                        .await;
                    assert!(answer.starts_with("HTTP/1.1 400"), "{path} {lines:?}: {answer}");
                    assert!(answer.contains("application/problem+json"), "{answer}");
                }
            }
        }
    }
    // HTTP/1.0 knows no such field; some health checks speak it.
    let server = without_keys().await;
    let answer = server.raw(b"GET /ping HTTP/1.0\r\n\r\n").await;
    assert!(answer.contains(" 200 OK"), "{answer}");
}

/// A browser sends no Sec-Fetch-Site with a handshake, so the name that the proxy was called by must tell.
#[tokio::test]
async fn behind_a_trusted_proxy_the_page_has_its_live_connection() {
    for (hops, allowed) in [(1, true), (0, false)] {
        let server = TestServer::with_settings(|settings| {
            settings.limits.hosts = Some(Vec::new());
            settings.limits.trusted_hops = hops;
        })
        .await;
        for (name, value) in [
            ("x-forwarded-host", "desk.example:8443"),
            (
                "forwarded",
                "for=192.0.2.1;host=\"desk.example:8443\";proto=https",
            ),
        ] {
            let open = |origin: &str| {
                let mut request = format!("ws://{}/ws/orders", server.address)
                    .into_client_request()
                    .unwrap();
                let headers = request.headers_mut();
                headers.insert(name, value.parse().unwrap());
                headers.insert("origin", origin.parse().unwrap());
                tokio_tungstenite::connect_async(request)
            };
            assert_eq!(
                open("https://desk.example:8443").await.is_ok(),
                allowed,
                "{name} {hops}"
            );
            assert!(open("https://evil.example").await.is_err(), "{name} {hops}");
            // Nor is a page its own that comes from where the proxy, and not the browser, reaches this service.
            let inside = open(&format!("http://{}", server.address)).await;
            assert_eq!(inside.is_ok(), !allowed, "{name} {hops}");
        }
    }
}
