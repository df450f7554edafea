//! A venue server of which those who use it learn the venues.

use serde_json::Value;

use crate::deployment::Deployment;

fn names(listed: &Value) -> Vec<&str> {
    let venues = listed["items"].as_array().unwrap().iter();
    venues.map(|venue| venue["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_venues_of_a_server_are_told_also_while_it_is_away() {
    let mut deployment = Deployment::start("instant").await;
    let api = deployment.process("api", &[]);
    let client = api.client().await;
    let listed = client.get("/api/venues").await.json();
    assert_eq!(names(&listed), ["Meteora", "Raydium"]);
    assert_eq!(listed["items"][1]["pools"][0]["id"], "raydium-sol-usdc-2500");
    deployment.stop_market().await;
    let answer = client.get("/api/venues").await;
    assert_eq!((answer.status, answer.json()), (200, listed));
}
