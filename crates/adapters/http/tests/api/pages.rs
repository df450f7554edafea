//! What browsers are told: who may call, and what a page may do.

use serde_json::Value;

use crate::test_server::{ORDER, TestServer};

const DESK: &str = "https://desk.example";

async fn shared() -> TestServer {
    TestServer::with_settings(|settings| settings.limits.origins = vec![DESK.into()]).await
}

fn header<'a>(reply: &'a reqwest::Response, name: &str) -> Option<&'a str> {
    reply.headers().get(name)?.to_str().ok()
}

impl TestServer {
    async fn as_page(&self, method: reqwest::Method, origin: &str) -> reqwest::Response {
        let request = self.client.request(method, self.url("/api/orders/execute"));
        let request = request
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,idempotency-key")
            .header("content-type", "application/json");
        request.body(ORDER).send().await.unwrap()
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_unless_listed() {
    for server in [TestServer::open().await, shared().await] {
        for method in [reqwest::Method::POST, reqwest::Method::OPTIONS] {
            let refused = server.as_page(method, "https://evil.example").await;
            assert_eq!(refused.status(), 403);
            assert_eq!(header(&refused, "access-control-allow-origin"), None);
            let problem: Value = refused.json().await.unwrap();
            assert_eq!(problem["code"], "origin_not_allowed");
        }
        let own = server
            .as_page(reqwest::Method::POST, &format!("http://{}", server.address))
            .await;
        assert_eq!(
            (own.status().as_u16(), header(&own, "access-control-allow-origin")),
            (202, None)
        );
    }
}

#[tokio::test]
async fn a_listed_page_may_do_what_the_api_offers() {
    let server = shared().await;
    let asked = server.as_page(reqwest::Method::OPTIONS, DESK).await;
    assert_eq!(
        (
            asked.status().as_u16(),
            header(&asked, "access-control-allow-origin")
        ),
        (200, Some(DESK))
    );
    let allowed = header(&asked, "access-control-allow-headers").unwrap();
    assert!(
        allowed.contains("idempotency-key") && allowed.contains("content-type"),
        "{allowed}"
    );
    assert_eq!(header(&asked, "access-control-allow-credentials"), None);
    let done = server.as_page(reqwest::Method::POST, DESK).await;
    assert_eq!(
        (
            done.status().as_u16(),
            header(&done, "access-control-allow-origin")
        ),
        (202, Some(DESK))
    );
    assert!(
        header(&done, "access-control-expose-headers")
            .unwrap()
            .contains("location")
    );
}

/// A browser asks first; it compares the list with what the page wants to do, and says so by name.
#[tokio::test]
async fn a_browser_that_asks_first_gets_the_list() {
    let server = shared().await;
    for (method, wanted) in [
        ("POST", "content-type,traceparent,tracestate,baggage"),
        ("POST", "traceparent"),
        ("POST", "x-of-somebody-else"),
        ("PUT", "content-type"),
        ("GET", ""),
    ] {
        let asked = server
            .client
            .request(reqwest::Method::OPTIONS, server.url("/api/orders/execute"))
            .header("origin", DESK)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", wanted);
        let told = asked.send().await.unwrap();
        assert_eq!(told.status(), 200, "{method} {wanted}");
        assert_eq!(header(&told, "access-control-allow-origin"), Some(DESK));
        let methods = header(&told, "access-control-allow-methods").unwrap();
        assert_eq!(methods, "GET, HEAD, POST, PATCH, DELETE");
        let headers = header(&told, "access-control-allow-headers").unwrap();
        for name in ["content-type", "if-match", "traceparent", "tracestate", "baggage"] {
            assert!(
                headers.split(", ").any(|listed| listed == name),
                "{name}: {headers}"
            );
        }
        assert!(header(&told, "vary").unwrap().to_lowercase().contains("origin"));
    }
}

#[tokio::test]
async fn pages_below_a_listed_domain_may_call() {
    let listed = vec!["https://*.desk.example".to_owned()];
    let server = TestServer::with_settings(|settings| settings.limits.origins = listed).await;
    for (origin, status) in [
        ("https://eu.desk.example", 202),
        ("https://desk.example", 403),
        ("https://eu.desk.example.evil", 403),
    ] {
        let answer = server.as_page(reqwest::Method::POST, origin).await;
        assert_eq!(answer.status(), status, "{origin}");
    }
}

#[tokio::test]
async fn every_answer_says_what_browsers_must_not_do_with_it() {
    let server = TestServer::open().await;
    for path in [
        "/",
        "/page/app.js",
        "/docs",
        "/openapi.json",
        "/ping",
        "/nothing",
        "/health/live",
        "/api/orders",
    ] {
        let reply = server.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(&reply, name), Some(value), "{path}");
        }
        let policy = header(&reply, "content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        // Not encrypted, so there is nothing to insist on.
        assert_eq!(header(&reply, "strict-transport-security"), None);
    }
    assert_eq!(
        header(&server.get("/api/orders").await, "cache-control"),
        Some("no-store")
    );
    assert_eq!(header(&server.get("/").await, "cache-control"), Some("no-cache"));
}
