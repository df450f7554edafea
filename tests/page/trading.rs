//! Placing orders and watching them.

use order_tests::TestEngine;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::cable::Cable;

/// The numbers of the events in the history that is shown.
const SHOWN: &str =
    "return [...document.querySelectorAll('.history li')].map((line) => Number(line.dataset.seq))";

pub async fn live(browser: &Browser) {
    browser.sees("#link[data-state=live]").await;
    // The ticket is ready once the tokens are there.
    browser.sees("#tokenIn option[value=SOL]").await;
}

pub async fn place(browser: &Browser) {
    browser.sees("#place").await.click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_and_watched_to_its_end() {
    let engine = TestEngine::memory("").await;
    let browser = Browser::open(1440, 1000).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    browser.sees("#orders-empty:not([hidden])").await;

    browser.fill("#amountIn", "2.5").await;
    browser
        .sees("#quotes .venue .Raydium, #quotes .venue.Raydium")
        .await;
    place(&browser).await;
    browser.sees("#rows .track.confirmed").await;
    let page = engine.get("/api/orders").await.json();
    let order = &page["items"][0];
    assert_eq!(
        (&order["amountIn"], &order["status"]),
        (&json!("2.5"), &json!("confirmed"))
    );

    browser.sees("#rows .open").await.click().await.unwrap();
    browser.sees("#detail[open] .history .confirmed").await;
    assert_eq!(browser.ask(SHOWN).await, json!([1, 2, 3, 4, 5, 6]));
    let sheet = browser
        .ask("return document.getElementById('detail').innerText")
        .await;
    let sheet = sheet.as_str().unwrap();
    for told in ["Raydium", "Meteora", order["txHash"].as_str().unwrap()] {
        assert!(sheet.contains(told), "{told} is missing in:\n{sheet}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_connection_is_resumed_and_no_event_is_lost() {
    // Slow enough for a cable to be pulled in the middle of an order.
    let engine = TestEngine::memory("venues.profile = \"realistic\"").await;
    let cable = Cable::to(engine.authority()).await;
    let browser = Browser::open(1440, 1000).await;
    browser.goto(&cable.url()).await.unwrap();
    live(&browser).await;

    place(&browser).await;
    browser.sees("#rows .open").await.click().await.unwrap();
    browser.sees("#detail[open] .history li").await;
    cable.pull();
    browser.sees("#link[data-state=offline]").await;
    // Meanwhile one order ends, and another one begins and ends.
    let page = engine.get("/api/orders").await.json();
    engine
        .finished(page["items"][0]["orderId"].as_str().unwrap())
        .await;
    let other = engine
        .accepted(&json!({"tokenIn": "ETH", "tokenOut": "USDC", "amountIn": "1"}))
        .await;
    engine.finished(&other).await;

    cable.mend();
    browser.sees("#link[data-state=live]").await;
    browser.sees("#detail[open] .history .confirmed").await;
    assert_eq!(browser.ask(SHOWN).await, json!([1, 2, 3, 4, 5, 6]));
    browser
        .sees(&format!("#rows tr[data-id='{other}'] .track.confirmed"))
        .await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_order_shows_what_is_wrong_at_the_field() {
    let engine = TestEngine::memory("").await;
    let browser = Browser::open(1440, 1000).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;

    browser.fill("#amountIn", "-1").await;
    place(&browser).await;
    browser.sees("#amountIn[aria-invalid=true]").await;
    browser
        .until("return document.getElementById('amountIn-error').textContent === 'Must not be negative.'")
        .await;
    let focused = browser.ask("return document.activeElement.id").await;
    assert_eq!(focused, json!("amountIn"));
    let orders = engine.get("/api/orders").await.json();
    assert_eq!(orders["items"], json!([]));

    // Set right, it goes.
    browser.fill("#amountIn", "1").await;
    place(&browser).await;
    browser.sees("#rows .track.confirmed").await;
    let invalid = browser
        .ask("return document.querySelectorAll('[aria-invalid]').length")
        .await;
    assert_eq!(invalid, Value::from(0));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_filtered_and_read_page_by_page() {
    let engine = TestEngine::memory("").await;
    for n in 1..=30 {
        let token = if n % 2 == 0 { "SOL" } else { "ETH" };
        let order = json!({"tokenIn": token, "tokenOut": "USDC", "amountIn": n.to_string()});
        engine.finished(&engine.accepted(&order).await).await;
    }
    let browser = Browser::open(1440, 1000).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    let rows = |count: usize| format!("return document.querySelectorAll('#rows tr').length === {count}");
    browser.sees("#filters [name=token] option[value=ETH]").await;
    browser
        .ask("const f = document.getElementById('filters'); f.token.value = 'ETH'; f.token.dispatchEvent(new Event('change', {bubbles: true}))")
        .await;
    browser.until(&rows(15)).await;
    browser.ask("document.getElementById('filters').reset()").await;
    browser
        .until("return document.querySelectorAll('#rows tr').length >= 25")
        .await;
    if browser
        .ask("return !document.getElementById('more').hidden")
        .await
        == json!(true)
    {
        browser.sees("#more").await.click().await.unwrap();
    }
    browser.until(&rows(30)).await;
    engine.stop().await;
}
