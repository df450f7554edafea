//! Which venues there are, of an engine that has them in its own process.

use order_tests::{Mode, TestEngine, in_both_modes};
use serde_json::{Value, json};

in_both_modes!(
    the_venues_are_listed_with_their_pools,
    only_listed_venues_can_be_asked_for,
);

/// The names of the listed venues.
fn names(listed: &Value) -> Vec<&Value> {
    let venues = listed["items"].as_array().unwrap().iter();
    venues.map(|venue| &venue["name"]).collect()
}

async fn the_venues_are_listed_with_their_pools(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let answer = engine.get("/api/venues").await;
    let listed = answer.json();
    assert_eq!(answer.status, 200, "{listed}");
    assert_eq!(names(&listed), ["Meteora", "Raydium"]);
    let raydium = &listed["items"][1];
    assert_eq!(raydium["curve"], "constant_product");
    assert_eq!(
        raydium["pools"][0],
        json!({"id": "raydium-sol-usdc-2500", "base": "SOL", "quote": "USDC"})
    );
    assert_eq!(listed["items"][0]["curve"], "bins");
}

async fn only_listed_venues_can_be_asked_for(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut order = crate::sell();
    order["venues"] = json!(["Orca"]);
    let refused = engine.execute(&order).await;
    assert_eq!(refused.status, 400);
    let problem = refused.json();
    assert_eq!(problem["errors"][0]["field"], "venues");
    assert_eq!(
        problem["errors"][0]["message"],
        "must be a list of one or more of Meteora, Raydium"
    );
    assert_eq!(engine.get("/api/orders?dex=Orca").await.status, 400);
}
