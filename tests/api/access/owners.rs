//! Two owners, tried over every route and endpoint: neither learns anything of the other's orders, not even that they
//! are there.

use order_tests::{Client, Mode, Reply, in_both_modes};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Holder, operations, start, trader, wait, waiting};
use crate::{LIFE, sell, sell_with, statuses};

in_both_modes!(
    another_owners_orders_are_unknown_at_every_endpoint,
    names_of_requests_are_an_owners_own,
    quotes_and_cursors_are_an_owners_own,
);

/// An id that no order has.
const NOBODYS: &str = "ORD-01890a5d-ac96-774b-bcce-b302099a8057";

/// What ann has, which bob must not learn of.
struct Scene {
    ann: Holder,
    bob: Holder,
    /// Ann's order that waits, and its version.
    waiting: (String, u64),
    /// Ann's order that is over.
    over: String,
}

impl Scene {
    fn hers(&self) -> [&str; 2] {
        [&self.waiting.0, &self.over]
    }
}

/// Whatever bob is told about ann's order, he is told about no order at all.
async fn same<F: AsyncFn(String) -> (u16, String)>(scene: &Scene, what: &str, ask: F, unknown: u16) {
    let (status, nobodys) = ask(NOBODYS.into()).await;
    assert_eq!(status, unknown, "{what}: {nobodys}");
    for hers in scene.hers() {
        let (status, answer) = ask(hers.into()).await;
        assert_eq!(status, unknown, "{what}: {answer}");
        assert_eq!(answer.replace(hers, NOBODYS), nobodys, "{what}");
    }
}

fn told(reply: Reply) -> (u16, String) {
    (reply.status, reply.text)
}

async fn closed(client: &Client, path: String) -> (u16, String) {
    let (events, closed) = client.socket(&path).await.unwrap().to_the_end().await;
    (closed.code.unwrap(), format!("{events:?} {}", closed.reason))
}

/// Commands on an open submit socket.
async fn commanded(client: &Client, command: Value) -> (u16, String) {
    let mut socket = client.socket("/api/orders/execute").await.unwrap();
    socket.send(&command).await;
    let answer = socket.next().await.unwrap();
    let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
    (status, answer.to_string())
}

async fn ids(client: &Client) -> Vec<String> {
    let page = client.get("/api/orders?limit=200").await.json();
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|order| order["orderId"].as_str().unwrap().to_owned())
        .collect()
}

/// The socket of all orders hears this and nothing before it.
async fn hears_first(bob: &Holder, scene: &Scene, query: &str) {
    let mut socket = bob.socket(&format!("/ws/orders{query}")).await.unwrap();
    scene.ann.accepted(&sell()).await;
    let his = bob.accepted(&waiting()).await;
    loop {
        let event = socket.next().await.unwrap();
        assert!(
            !scene.hers().contains(&event["orderId"].as_str().unwrap()),
            "{event}"
        );
        assert!(
            ids(bob).await.iter().any(|id| event["orderId"] == id.as_str()),
            "{event}"
        );
        if event["orderId"] == his.as_str() {
            break;
        }
    }
    assert_eq!(bob.delete(&format!("/api/orders/{his}")).await.status, 200);
}

/// Tries one operation; a route that has no entry here fails.
async fn try_operation(scene: &Scene, name: &str, method: &str, path: &str) {
    let (ann, bob) = (&scene.ann, &scene.bob);
    let version = scene.waiting.1;
    let by_id = async |id: String| {
        told(
            bob.send(bob.request(method.parse().unwrap(), &path.replace("{id}", &id)))
                .await,
        )
    };
    match name {
        "getOrder" | "explainOrder" | "cancelOrder" => same(scene, name, by_id, 404).await,
        "getOrderByClientId" | "cancelOrderByClientId" => {
            // Hers is called so, and nobody's order is called by the other.
            let ask = async |id: &str| {
                let path = path.replace("{clientOrderId}", id);
                told(bob.send(bob.request(method.parse().unwrap(), &path)).await)
            };
            let (hers, nobodys) = (ask("hers").await, ask("none").await);
            assert_eq!((hers.0, nobodys.0), (404, 404), "{name}");
            assert_eq!(hers.1.replace("hers", "none"), nobodys.1, "{name}");
            let theirs = bob.request(
                method.parse().unwrap(),
                &path.replace("{clientOrderId}", "hers?userId=ann"),
            );
            assert_eq!(bob.send(theirs).await.status, 403, "{name}");
        }
        "getEvents" => {
            same(scene, name, by_id, 404).await;
            for query in ["?after=1", "?after=1000"] {
                let list = async |id: String| told(bob.get(&format!("/api/orders/{id}/events{query}")).await);
                same(scene, name, list, 404).await;
            }
            let stream = async |id: String| {
                let request = bob.request(Method::GET, &format!("/api/orders/{id}/events"));
                let request = request
                    .header("accept", "text/event-stream")
                    .header("last-event-id", "1");
                told(bob.send(request).await)
            };
            same(scene, name, stream, 404).await;
        }
        "replaceOrder" => {
            let replace = async |id: String| {
                let request = bob.request(Method::PATCH, &format!("/api/orders/{id}"));
                let request = request.header("if-match", format!("\"{version}\""));
                told(bob.send(request.json(&json!({"limitPrice": "200000"}))).await)
            };
            same(scene, name, replace, 404).await;
        }
        "watchOrder" | "watchOrderUpdates" => {
            let watch = async |id: String| closed(bob, path.replace("{id}", &id)).await;
            same(scene, name, watch, 4404).await;
            let watch =
                async |id: String| closed(bob, format!("{}?after=1000", path.replace("{id}", &id))).await;
            same(scene, name, watch, 4404).await;
        }
        "executeSocket" => {
            let watch = async |id: String| closed(bob, format!("{path}?orderId={id}")).await;
            same(scene, name, watch, 4404).await;
            let cancel = async |id: String| commanded(bob, json!({"action": "cancel", "orderId": id})).await;
            same(scene, name, cancel, 404).await;
            let replace = async |id: String| {
                let command =
                    json!({"action": "replace", "orderId": id, "ifMatch": version, "limitPrice": "200000"});
                commanded(bob, command).await
            };
            same(scene, name, replace, 404).await;
            // His own socket does not lend itself to it either.
            let his = wait(bob).await.0;
            let mut socket = bob.socket(&format!("/ws/orders/{his}?after=1000")).await.unwrap();
            socket
                .send(&json!({"action": "cancel", "orderId": scene.waiting.0}))
                .await;
            assert_eq!(socket.next().await.unwrap()["code"], "order_not_found");
            assert_eq!(bob.delete(&format!("/api/orders/{his}")).await.status, 200);
        }
        "listOrders" => {
            let hers = ids(ann).await;
            assert!(
                scene
                    .hers()
                    .iter()
                    .all(|id| hers.iter().any(|listed| listed == id))
            );
            let his = ids(bob).await;
            assert!(his.iter().all(|id| !hers.contains(id)), "{his:?}");
            for filter in [
                "status=waiting",
                "type=limit",
                "token=SOL",
                "dex=raydium",
                "from=0",
                "to=9999999999999",
                "clientOrderId=hers",
            ] {
                let page = bob.get(&format!("/api/orders?{filter}")).await.json();
                for order in page["items"].as_array().unwrap() {
                    assert_eq!(order["userId"], "bob", "{filter}");
                }
            }
        }
        "cancelOrders" => {
            let his = wait(bob).await.0;
            let cancelled = bob.delete("/api/orders?status=waiting").await;
            assert_eq!(
                (cancelled.status, &cancelled.json()["cancelled"]),
                (200, &json!(1))
            );
            assert_eq!(bob.order(&his).await["status"], "cancelled");
        }
        "watchOrders" => {
            hears_first(bob, scene, "").await;
            hears_first(bob, scene, "?after=0").await;
            hears_first(bob, scene, "?userId=bob").await;
        }
        "submitOrder" => {
            // By a name that ann has used it is an order of his own.
            let order = sell_with(json!({"clientOrderId": "hers"}));
            let placed = bob.accepted(&order).await;
            assert!(!ids(ann).await.contains(&placed));
            assert_eq!(statuses(&bob.history(&placed).await, 1), LIFE);
        }
        // These are about no order of anybody's; a test of their own has quotes.
        "listTokens" | "listVenues" | "quote" | "createTicket" | "ping" | "live" | "ready" => {}
        unknown => {
            panic!("{method} {path} ({unknown}) has no entry here: what may another owner learn by it?")
        }
    }
}

async fn another_owners_orders_are_unknown_at_every_endpoint(mode: Mode) {
    let engine = start(mode).await;
    let (ann, bob) = (trader(&engine, "ann").await, trader(&engine, "bob").await);
    let waiting = wait(&ann).await;
    let over = ann.accepted(&sell_with(json!({"clientOrderId": "hers"}))).await;
    assert_eq!(ann.finished(&over).await["status"], "confirmed");
    let scene = Scene {
        ann,
        bob,
        waiting,
        over,
    };
    for (method, path, operation) in operations(&engine).await {
        let name = operation["operationId"].as_str().unwrap();
        try_operation(&scene, name, &method, &path).await;
    }
    // Nothing of hers was touched, and she finds it at every endpoint.
    let (id, version) = &scene.waiting;
    let order = scene.ann.order(id).await;
    assert_eq!(
        (&order["status"], &order["version"]),
        (&json!("waiting"), &json!(version))
    );
    assert_eq!(statuses(&scene.ann.history(&scene.over).await, 1), LIFE);
    // Another key of hers is as good.
    let other = trader(&engine, "ann").await;
    assert_eq!(other.order(id).await, order);
    assert_eq!(other.delete(&format!("/api/orders/{id}")).await.status, 200);
    engine.stop().await;
}

async fn names_of_requests_are_an_owners_own(mode: Mode) {
    let engine = start(mode).await;
    let (ann, bob) = (trader(&engine, "ann").await, trader(&engine, "bob").await);
    let submit = async |holder: &Holder, order: &Value| {
        let request = holder.request(Method::POST, "/api/orders/execute");
        holder
            .send(request.header("idempotency-key", "k").json(order))
            .await
    };
    let hers = submit(&ann, &sell_with(json!({"clientOrderId": "c"}))).await;
    // The same request, and another one under the same names.
    for order in [
        sell_with(json!({"clientOrderId": "c"})),
        sell_with(json!({"amountIn": "2"})),
    ] {
        let carol = trader(&engine, &format!("carol-{}", order["amountIn"])).await;
        let theirs = submit(&carol, &order).await;
        assert_eq!(
            (theirs.status, theirs.header("idempotency-replayed")),
            (202, None),
            "{theirs:?}"
        );
        assert_ne!(theirs.order_id(), hers.order_id());
        assert_eq!(
            carol.order(&theirs.order_id()).await["orderId"],
            theirs.order_id()
        );
    }
    let his = bob.accepted(&sell_with(json!({"clientOrderId": "c"}))).await;
    assert_ne!(his, hers.order_id());
    let again = submit(&ann, &sell_with(json!({"clientOrderId": "c"}))).await;
    assert_eq!(
        (again.order_id(), again.header("idempotency-replayed")),
        (hers.order_id(), Some("true"))
    );
    engine.stop().await;
}

async fn quotes_and_cursors_are_an_owners_own(mode: Mode) {
    let engine = start(mode).await;
    let (ann, bob) = (trader(&engine, "ann").await, trader(&engine, "bob").await);
    let quote = ann.post("/api/quotes", &sell()).await.json();
    let order = sell_with(json!({"quoteId": quote["quoteId"]}));
    let made_up = bob.execute(&sell_with(json!({"quoteId": "QUO1-x"}))).await;
    let hers = bob.execute(&order).await;
    assert_eq!(
        (hers.status, &hers.json()["code"]),
        (422, &json!("unknown_quote"))
    );
    assert_eq!(hers.text, made_up.text);
    let id = ann.accepted(&order).await;
    assert_eq!(ann.finished(&id).await["status"], "confirmed");

    for client in [&ann, &bob] {
        for _ in 0..3 {
            client.accepted(&sell()).await;
        }
    }
    let page = ann.get("/api/orders?limit=2").await.json();
    let cursor = page["nextCursor"].as_str().unwrap();
    let next = ann
        .get(&format!("/api/orders?limit=2&cursor={cursor}"))
        .await
        .json();
    assert_eq!(next["items"].as_array().unwrap().len(), 2);
    let made_up = bob.get("/api/orders?limit=2&cursor=x").await;
    let hers = bob.get(&format!("/api/orders?limit=2&cursor={cursor}")).await;
    assert_eq!((hers.status, &hers.text), (400, &made_up.text));
    engine.stop().await;
}
