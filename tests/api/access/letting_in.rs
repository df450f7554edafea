//! Which callers are authenticated.

use std::collections::BTreeSet;

use order_core::access::Scope;
use order_tests::{Client, Mode, in_both_modes};
use reqwest::Method;
use serde_json::{Value, json};

use super::{holder, is_open, is_socket, operations, start, trader, wait, waiting};
use crate::{sell, sell_with};

in_both_modes!(
    whoever_shows_no_good_key_is_told_the_same_everywhere,
    a_key_is_shown_in_either_header,
    a_key_is_good_for_its_scopes_alone,
);

/// Of a refusal everything that a client can see, but for the time.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

async fn refusal(client: &Client, method: &str, path: &str, headers: &[(&str, String)]) -> Refusal {
    let mut request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let reply = client.send(request).await;
    let headers = reply.headers.iter().filter(|(name, _)| *name != "date");
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort_unstable();
    Refusal {
        status: reply.status,
        headers,
        body: reply.text,
    }
}

async fn whoever_shows_no_good_key_is_told_the_same_everywhere(mode: Mode) {
    let engine = start(mode).await;
    let good = trader(&engine, "ann").await;
    let revoked = trader(&engine, "ann").await;
    assert!(engine.app().keys().revoke(&revoked.id).await.unwrap());
    let id = good.accepted(&sell()).await;
    let secret = good.key.split_once('.').unwrap().1;
    let key = |key: String| vec![("x-api-key", key)];
    let bearer = |key: String| vec![("authorization", format!("Bearer {key}"))];
    let causes = [
        vec![],
        key(String::new()),
        key("nonsense".into()),
        key(".".into()),
        key(format!("{}.", good.id)),
        key(format!(".{secret}")),
        key(secret.into()),
        key(format!("k0000000000000000.{secret}")),
        key(format!("{}.{}", good.id, secret.to_uppercase())),
        key(format!("{}.{secret}0", good.id)),
        key(format!("{}.{}", good.id, revoked.key.split_once('.').unwrap().1)),
        key("x".repeat(4_000)),
        key(revoked.key.clone()),
        bearer(revoked.key.clone()),
        vec![("authorization", format!("Basic {}", good.key))],
        vec![("authorization", good.key.clone())],
        [key(good.key.clone()), bearer(revoked.key.clone())].concat(),
    ];
    let mut seen: Option<Refusal> = None;
    for (method, path, operation) in operations(&engine).await {
        let path = path.replace("{id}", &id);
        if is_open(&operation) {
            let open = ["/ping", "/health/live", "/health/ready"];
            assert!(open.contains(&path.as_str()), "{path} is open");
            continue;
        }
        for cause in &causes {
            let refused = refusal(&engine, &method, &path, cause).await;
            assert_eq!(refused.status, 401, "{method} {path} {cause:?}");
            match &seen {
                Some(seen) => assert_eq!(&refused, seen, "{method} {path} {cause:?}"),
                None => seen = Some(refused),
            }
        }
    }
    let seen = seen.unwrap();
    let problem: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(
        (&problem["code"], &problem["status"]),
        (&json!("unauthorized"), &json!(401))
    );
    let told = |name: &str| {
        seen.headers
            .iter()
            .find(|(told, _)| told == name)
            .unwrap()
            .1
            .as_str()
    };
    assert_eq!(
        (told("content-type"), told("www-authenticate")),
        ("application/problem+json", "Bearer")
    );
    // By a real handshake it is the same, without a key, with a bad one, and with a ticket that is none.
    let revoked = engine.with_key(&revoked.key);
    for (_, path, _) in operations(&engine)
        .await
        .into_iter()
        .filter(|(.., it)| is_socket(it))
    {
        let path = path.replace("{id}", &id);
        for (client, query) in [(&*engine, ""), (&revoked, ""), (&*engine, "?ticket=nonsense")] {
            let refused = client.socket(&format!("{path}{query}")).await.err().unwrap();
            assert_eq!(
                (refused.status, refused.body.as_str()),
                (401, seen.body.as_str()),
                "{path}{query}"
            );
        }
    }
    let stream = vec![("accept", "text/event-stream".to_owned())];
    let refused = refusal(
        &engine,
        "GET",
        &format!("/api/orders/{id}/events?ticket=nonsense"),
        &stream,
    )
    .await;
    assert_eq!(refused, seen);
    for path in [
        "/",
        "/docs",
        "/openapi.json",
        "/page/app.js",
        "/ping",
        "/health/ready",
    ] {
        assert_eq!(engine.get(path).await.status, 200, "{path}");
    }
    engine.stop().await;
}

async fn a_key_is_shown_in_either_header(mode: Mode) {
    let engine = start(mode).await;
    let ann = trader(&engine, "ann").await;
    for (name, value) in [
        ("X-API-Key", ann.key.clone()),
        ("Authorization", format!("Bearer {}", ann.key)),
        ("Authorization", format!("bearer {}", ann.key)),
    ] {
        let request = engine
            .request(Method::POST, "/api/orders/execute")
            .header(name, value);
        let reply = engine.send(request.json(&sell())).await;
        assert_eq!(reply.status, 202, "{name} {reply:?}");
        assert_eq!(ann.order(&reply.order_id()).await["userId"], "ann");
    }
    engine.stop().await;
}

async fn a_key_is_good_for_its_scopes_alone(mode: Mode) {
    let engine = start(mode).await;
    let both = trader(&engine, "ann").await;
    let (id, version) = wait(&both).await;
    // What each scope is good for, by operation.
    let needs = |operation: &str| match operation {
        "submitOrder"
        | "cancelOrder"
        | "cancelOrderByClientId"
        | "replaceOrder"
        | "cancelOrders"
        | "executeSocket" => Some(Scope::Trade),
        "listOrders" | "getOrder" | "getOrderByClientId" | "getEvents" | "explainOrder" | "listTokens"
        | "listVenues" | "quote" | "watchOrder" | "watchOrderUpdates" | "watchOrders" => Some(Scope::Read),
        "createTicket" | "ping" | "live" | "ready" => None,
        unknown => panic!("{unknown} has no entry here"),
    };
    let mut entries = BTreeSet::new();
    for scope in Scope::ALL {
        let client = holder(&engine, "ann", &[scope]).await;
        for (method, path, operation) in operations(&engine).await {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            let path = path.replace("{id}", &id);
            let status = if is_socket(&operation) {
                client
                    .socket(&path)
                    .await
                    .err()
                    .map_or(101, |refused| refused.status)
            } else if scope == Scope::Trade && method == "DELETE" {
                // It would do it.
                continue;
            } else {
                let request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
                client.send(request).await.status
            };
            let allowed = needs(&name).is_none_or(|needed| needed == scope);
            assert_eq!(status == 403, !allowed, "{name} with {scope}: {status}");
            assert_ne!(status, 401, "{name} with {scope}");
            entries.insert(name);
        }
        let metrics = client.get("/metrics").await;
        assert_eq!(
            metrics.status,
            if scope == Scope::Admin { 200 } else { 403 },
            "{scope}"
        );
        let following = client.socket(&format!("/api/orders/execute?orderId={id}")).await;
        assert_eq!(following.is_ok(), scope == Scope::Read, "{scope}");
    }
    assert!(entries.len() >= 20);

    // A key that may only watch gives no commands.
    let reader = holder(&engine, "ann", &[Scope::Read]).await;
    let mut socket = reader
        .socket(&format!("/ws/orders/{id}?after={version}"))
        .await
        .unwrap();
    for command in [
        json!({"action": "cancel"}),
        json!({"action": "replace", "ifMatch": version, "limitPrice": "99999"}),
    ] {
        socket.send(&command).await;
        let answer = socket.next().await.unwrap();
        assert_eq!(
            (&answer["code"], &answer["status"]),
            (&json!("forbidden"), &json!(403)),
            "{answer}"
        );
    }
    let order = both.order(&id).await;
    assert_eq!(
        (&order["status"], &order["version"]),
        (&json!("waiting"), &json!(version))
    );
    engine.stop().await;
}

#[tokio::test]
async fn an_order_belongs_to_the_owner_of_the_key() {
    let engine = start(Mode::Memory).await;
    let ann = trader(&engine, "ann").await;
    let id = ann.accepted(&sell_with(json!({"userId": "ann"}))).await;
    assert_eq!(ann.order(&id).await["userId"], "ann");
    let refused = ann
        .execute(&sell_with(json!({"userId": "bob", "amountIn": "-1"})))
        .await;
    let problem = refused.json();
    assert_eq!(
        (refused.status, &problem["code"]),
        (403, &json!("forbidden")),
        "{problem}"
    );
    let mut socket = ann.socket("/api/orders/execute").await.unwrap();
    socket.send(&sell_with(json!({"userId": "bob"}))).await;
    assert_eq!(socket.next().await.unwrap()["code"], "forbidden");
    socket.send(&waiting()).await;
    let placed = socket.next().await.unwrap();
    assert_eq!(
        ann.order(placed["orderId"].as_str().unwrap()).await["userId"],
        "ann"
    );
    for path in ["/api/orders?userId=bob", "/api/orders?status=waiting&userId=bob"] {
        let refused = ann.get(path).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (403, &json!("forbidden"))
        );
        let refused = ann.delete(path).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (403, &json!("forbidden"))
        );
    }
    assert_eq!(
        ann.socket("/ws/orders?userId=bob").await.err().unwrap().status,
        403
    );
    assert_eq!(ann.get("/api/orders?userId=ann").await.status, 200);
    engine.stop().await;
}

#[tokio::test]
async fn without_a_database_the_configuration_lists_the_keys() {
    // printf %s secret-of-the-desk | sha256sum
    let hash = "b83c697b835c8080352e0eb80f5272354587201c1656037d0e5a89960375754a";
    let keys = format!(
        "auth.mode = \"keys\"\nauth.keys = [{{ id = \"desk\", owner = \"ann\", hash = \"{hash}\" }}, \
         {{ id = \"watch\", owner = \"ann\", scopes = [\"admin\"], hash = \"{hash}\" }}]"
    );
    let engine = order_tests::TestEngine::memory(&keys).await;
    let desk = engine.with_key("desk.secret-of-the-desk");
    let id = desk.accepted(&sell()).await;
    assert_eq!(desk.order(&id).await["userId"], "ann");
    let watch = engine.with_key("watch.secret-of-the-desk");
    assert_eq!(
        (
            watch.get("/metrics").await.status,
            watch.get("/api/orders").await.status
        ),
        (200, 403)
    );
    assert_eq!(
        engine.with_key("desk.another").get("/api/orders").await.status,
        401
    );
    engine.stop().await;
}
