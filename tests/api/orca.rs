//! A third venue, by configuration alone: `config/examples/orca.toml`.

use order_tests::{Mode, TestEngine, in_both_modes};
use serde_json::{Value, json};

in_both_modes!(
    a_configured_venue_is_listed_and_quotes,
    an_order_is_routed_to_a_configured_venue,
);

const ORCA: &str = include_str!("../../config/examples/orca.toml");

async fn a_configured_venue_is_listed_and_quotes(mode: Mode) {
    let engine = TestEngine::start(mode, ORCA).await;
    let listed = engine.get("/api/venues").await.json();
    let venues = listed["items"].as_array().unwrap();
    let names: Vec<_> = venues.iter().map(|venue| &venue["name"]).collect();
    assert_eq!(names, ["Meteora", "Orca", "Raydium"]);
    assert_eq!(venues[1]["curve"], "constant_product");
    let pools: Vec<_> = venues[1]["pools"].as_array().unwrap().iter().collect();
    assert_eq!(
        pools,
        [
            &json!({"id": "orca-sol-usdc-300", "base": "SOL", "quote": "USDC"}),
            &json!({"id": "orca-eth-usdc-300", "base": "ETH", "quote": "USDC"}),
        ]
    );
    let report = engine.post("/api/quotes", &crate::sell()).await.json();
    let quotes = report["quotes"].as_array().unwrap().iter();
    let asked: Vec<_> = quotes.map(|quote| &quote["dex"]).collect();
    assert_eq!(asked, ["Meteora", "Orca", "Raydium"]);
    let counted = engine.get("/metrics").await.text;
    assert!(counted.contains("order_engine_venue_wins_total{venue=\"Orca\"} 0"));
}

async fn an_order_is_routed_to_a_configured_venue(mode: Mode) {
    let engine = TestEngine::start(mode, ORCA).await;
    let order = crate::sell_with(json!({"venues": ["orca"]}));
    let finished = engine.finished(&engine.accepted(&order).await).await;
    assert_eq!(
        (&finished["status"], &finished["dex"], &finished["venues"]),
        (&json!("confirmed"), &json!("Orca"), &json!(["Orca"]))
    );
    // Where it may choose, the best venue is chosen, and that is the one with the lowest fee.
    let chosen = engine.finished(&engine.accepted(&crate::sell()).await).await;
    assert_eq!(chosen["dex"], "Orca", "{chosen}");
    let of_orca = engine.get("/api/orders?dex=orca").await.json();
    let listed: Vec<&Value> = of_orca["items"].as_array().unwrap().iter().collect();
    assert_eq!(listed, [&chosen, &finished]);
}
