//! An order looks the same live, after a reload and in its sheet, and one that is gone is gone.

use order_tests::TestEngine;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::cable::Cable;
use crate::trading::{live, place};
use crate::waiting::says;

/// What the newest row and its track look like; "now" and "2 s ago" are the same.
const ROW: &str = "const row = document.querySelector('#rows tr'); \
                   const cells = [...row.querySelectorAll('td:not(.when)')].map((cell) => cell.innerText); \
                   return [cells, row.querySelector('.track').className, [...row.querySelectorAll('.stop')].map((stop) => stop.className)]";

async fn reloaded(browser: &Browser, css: &str) -> Value {
    browser.refresh().await.unwrap();
    live(browser).await;
    browser.sees(css).await;
    browser.ask(ROW).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_looks_after_a_reload_as_it_did_live() {
    // The chain refuses everything, after it was sent; slowly enough for each event to be heard.
    let engine = TestEngine::memory(
        "venues.profile = \"realistic\"\nqueue.max_attempts = 1\nvenues.faults.error_rate = { slippage_exceeded = \"1\" }",
    )
    .await;
    let browser = Browser::open(1440, 900).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    place(&browser).await;
    browser.sees("#rows .track.failed").await;
    let order = engine.get("/api/orders").await.json()["items"][0].clone();
    let path = format!("/api/orders/{}/events", order["orderId"].as_str().unwrap());
    let history = engine.get(&path).await.json();
    let sent = history
        .as_array()
        .unwrap()
        .iter()
        .any(|event| event["status"] == "submitted");
    assert!(sent, "it failed after it was sent: {history:#}");
    let seen = browser.ask(ROW).await;
    assert_eq!(reloaded(&browser, "#rows .track.failed").await, seen);
    engine.stop().await;

    let engine = TestEngine::memory("venues.profile = \"realistic\"").await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    place(&browser).await;
    browser.sees("#rows .track.confirmed").await;
    let seen = browser.ask(ROW).await;
    assert_eq!(reloaded(&browser, "#rows .track.confirmed").await, seen);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_order_shows_the_minimum_that_it_fell_below() {
    let engine = TestEngine::memory("").await;
    let greedy = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5", "minAmountOut": "100000"});
    engine.finished(&engine.accepted(&greedy).await).await;
    let browser = Browser::open(1440, 900).await;
    browser.goto(&engine.url("/")).await.unwrap();
    browser.sees("#rows .open").await.click().await.unwrap();
    browser.sees("#detail[open] .history .failed").await;
    says(&browser, "#detail .facts", "At least").await;
    says(&browser, "#detail .facts", "100\u{2009}000 USDC").await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_divided_order_shows_its_venues_its_swaps_and_what_they_gained() {
    let engine = TestEngine::memory("").await;
    let large = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "10000", "slippage": "20"});
    let id = engine.accepted(&large).await;
    engine.finished(&id).await;
    let execution = engine.get(&format!("/api/orders/{id}/execution")).await.json();
    let route = &execution["attempts"][0]["route"];
    let legs = route["legs"].as_array().unwrap();
    assert!(legs.len() > 1, "{execution:#}");

    let browser = Browser::open(1440, 900).await;
    browser.goto(&engine.url("/")).await.unwrap();
    browser.sees("#rows .open").await.click().await.unwrap();
    browser.sees("#detail[open] .history .confirmed").await;
    browser.sees("#detail .gain").await;
    let venues = browser
        .ask("return [...document.querySelectorAll('#detail .facts .venue-name')].map((name) => name.textContent)")
        .await;
    let of_legs: std::collections::BTreeSet<_> =
        legs.iter().map(|leg| leg["dex"].as_str().unwrap()).collect();
    let shown: std::collections::BTreeSet<_> = venues
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(shown, of_legs);
    let swaps = browser
        .ask("return [...document.querySelectorAll('#detail-body > div > .legs small')].map((pool) => pool.textContent)")
        .await;
    let pools: Vec<_> = legs.iter().map(|leg| leg["pool"].clone()).collect();
    assert_eq!(swaps, Value::from(pools));
    says(&browser, "#detail .gain", "more than").await;
    says(
        &browser,
        "#detail .gain",
        execution["result"]["bestVenue"].as_str().unwrap(),
    )
    .await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_a_new_engine_does_not_know_leave_the_page() {
    let engine = TestEngine::memory("").await;
    let cable = Cable::to(engine.authority()).await;
    let order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1"});
    for _ in 0..3 {
        engine.finished(&engine.accepted(&order).await).await;
    }
    let limit =
        json!({"type": "limit", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "limitPrice": "900"});
    engine.accepted(&limit).await;
    let browser = Browser::open(1440, 900).await;
    browser.goto(&cable.url()).await.unwrap();
    live(&browser).await;
    browser.sees("#rows .track.waiting").await;
    browser
        .until("return document.querySelectorAll('#rows tr').length === 4")
        .await;
    cable.pull();
    browser.sees("#link[data-state=offline]").await;
    engine.stop().await;

    let engine = TestEngine::memory("").await;
    let new = engine.accepted(&order).await;
    engine.finished(&new).await;
    cable.plug_into(engine.authority());
    cable.mend();
    browser.sees("#link[data-state=live]").await;
    browser.sees(&format!("#rows tr[data-id='{new}']")).await;
    browser
        .until("return document.querySelectorAll('#rows tr').length === 1")
        .await;
    says(&browser, "#said", "has forgotten 4 orders").await;
    engine.stop().await;
}
