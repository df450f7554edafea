//! An engine that wants keys: which callers are authenticated, what they may do, and that no owner knows of another's
//! orders.

mod letting_in;
mod owners;
mod revoking;
mod tickets;

use std::ops::Deref;
use std::sync::Arc;

use order_core::access::{KeyId, Scope, Scopes};
use order_tests::{Backends, Client, Mode, TestEngine};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const KEYS: &str = "auth.mode = \"keys\"\n";

/// An engine that wants keys.
async fn start(mode: Mode) -> TestEngine {
    TestEngine::start(mode, KEYS).await
}

/// Another one beside it.
async fn beside(backends: Arc<Backends>) -> TestEngine {
    TestEngine::on(backends, KEYS).await
}

/// A client with a key.
struct Holder {
    client: Client,
    id: KeyId,
    key: String,
}

impl Deref for Holder {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A new key of this owner.
async fn holder(engine: &TestEngine, owner: &str, scopes: &[Scope]) -> Holder {
    let scopes: Scopes = scopes.iter().copied().collect();
    let keys = engine.app().keys();
    let new = keys.create(owner.parse().unwrap(), scopes).await.unwrap();
    let key = new.shown.expose_secret().to_owned();
    Holder {
        client: engine.with_key(&key),
        id: new.key.id,
        key,
    }
}

async fn trader(engine: &TestEngine, owner: &str) -> Holder {
    holder(engine, owner, &[Scope::Trade, Scope::Read]).await
}

/// An order that waits for a price that never comes.
fn waiting() -> Value {
    json!({"type": "limit", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "limitPrice": "100000"})
}

/// Places such an order and waits until it waits.
async fn wait(client: &Client) -> (String, u64) {
    let id = client.accepted(&waiting()).await;
    let mut socket = client.socket(&format!("/ws/orders/{id}")).await.unwrap();
    loop {
        let event = socket.next().await.expect("an open socket");
        if event["status"] == "waiting" {
            return (id, event["seq"].as_u64().unwrap());
        }
    }
}

/// Everything that the document says there is: method, path, operation.
async fn operations(client: &Client) -> Vec<(String, String, Value)> {
    let document = client.get("/openapi.json").await.json();
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            all.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    assert!(all.len() >= 18, "{all:?}");
    all
}

/// Whether an operation is a WebSocket endpoint.
fn is_socket(operation: &Value) -> bool {
    operation["tags"][0] == "WebSockets"
}

/// Whether the document says that an operation is open to every caller.
fn is_open(operation: &Value) -> bool {
    operation["security"].as_array().is_none_or(Vec::is_empty)
}
