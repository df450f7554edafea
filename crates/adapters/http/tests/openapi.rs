//! The committed documents say what the code does.

use std::path::Path;

#[test]
fn the_committed_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../openapi/order-engine.json");
    let generated = order_http::openapi_json();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "openapi/order-engine.json is not what the code says; write it anew with\n\
         UPDATE_OPENAPI=1 cargo test -p order-http --test openapi"
    );
}

#[test]
fn every_websocket_endpoint_is_described_as_asyncapi_too() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../openapi/asyncapi.yaml");
    let asyncapi = std::fs::read_to_string(path).unwrap();
    let openapi: serde_json::Value = serde_json::from_str(&order_http::openapi_json()).unwrap();
    let mut endpoints = 0;
    for (path, operations) in openapi["paths"].as_object().unwrap() {
        if operations["get"]["tags"][0] == "WebSockets" {
            let address = format!("address: {}\n", path.replace("{id}", "{orderId}"));
            assert!(asyncapi.contains(&address), "{address}");
            endpoints += 1;
        }
    }
    // And the handshake on a POST, which OpenAPI knows as an answer to that POST.
    assert_eq!(asyncapi.matches("    address: ").count(), endpoints + 1);
    assert!(asyncapi.contains(&format!("version: {}\n", env!("CARGO_PKG_VERSION"))));
}
