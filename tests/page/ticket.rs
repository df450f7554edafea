//! What the ticket says before anything is placed.

use order_tests::TestEngine;
use serde_json::json;

use crate::browser::Browser;
use crate::trading::{live, place};
use crate::waiting::{choose, says, select};

async fn open(engine: &TestEngine) -> Browser {
    let browser = Browser::open(1440, 900).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    browser.sees("#quotes .venue").await;
    browser
}

async fn receives(browser: &Browser, label: &str, amount: &str) {
    says(browser, "#receive-label", label).await;
    browser
        .until(&format!(
            "return document.getElementById('receive').textContent === '{amount}'"
        ))
        .await;
}

/// A limit order receives what its limit says or nothing, whatever the market and the slippage of other orders are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_ticket_shows_what_the_limit_guarantees() {
    let engine = TestEngine::memory("").await;
    let browser = open(&engine).await;
    choose(&browser, "limit").await;
    browser.fill("#limitPrice", "155").await;
    says(&browser, "#at-least", "232.5 USDC").await;
    receives(&browser, "You receive, at least", "232.5").await;
    // One that executes now receives what the market gives, and at least its limit.
    browser.fill("#limitPrice", "100").await;
    says(&browser, "#at-least", "150 USDC").await;
    says(&browser, "#receive-label", "about").await;
    let about = "return Number(document.getElementById('receive').dataset.received) > 200";
    browser.until(about).await;

    choose(&browser, "stop_limit").await;
    browser.fill("#stopPrice", "120").await;
    browser.fill("#limitPrice", "110").await;
    says(&browser, "#at-least", "165 USDC").await;
    receives(&browser, "You receive, at least", "165").await;

    // A purchase: the same amount buys more the lower the limit, rounded up as the engine does.
    browser.sees("#flip").await.click().await.unwrap();
    browser.fill("#amountIn", "100").await;
    browser.fill("#limitPrice", "150").await;
    says(&browser, "#at-least", "0.666666 SOL").await;
    // Without a limit nothing is guaranteed.
    browser.fill("#limitPrice", "").await;
    browser.until("return !document.getElementById('at-least')").await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_venue_is_the_best_however_little_the_others_lack() {
    let engine = TestEngine::memory("").await;
    let browser = open(&engine).await;
    select(&browser, "tokenIn", "BONK").await;
    says(&browser, "#preview", "BONK").await;
    let marks = "const lines = [...document.querySelectorAll('#quotes .venue')]; \
                 const gives = lines.every((line) => line.querySelector('.price')); \
                 return lines.length === 2 && gives && lines.filter((line) => line.querySelector('.tag')).length === 1";
    browser.until(marks).await;
    let lag = browser
        .ask("return document.querySelector('#quotes .venue .hint').textContent")
        .await;
    assert_ne!(lag, json!(""), "the other one says by how much");
    engine.stop().await;
}

/// Phones set to many a language have a keyboard for numbers with a comma and without a point.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decimal_comma_is_taken_where_it_can_mean_one_number_only() {
    let engine = TestEngine::memory("").await;
    let browser = open(&engine).await;
    for (typed, item) in [
        ("1,234", "Could be 1.234 or 1234: write 1,2340 or 1234."),
        (
            "1,234.5",
            "Write it without marks between thousands, like 1234.5.",
        ),
    ] {
        browser.fill("#amountIn", typed).await;
        // The button moves when the quotes give way to this.
        says(&browser, "#quotes", item).await;
        place(&browser).await;
        says(&browser, "#amountIn-error", item).await;
        browser.sees("#amountIn[aria-invalid=true]").await;
    }
    let orders = engine.get("/api/orders").await.json();
    assert_eq!(orders["items"], json!([]), "nothing unclear was placed");

    browser.fill("#amountIn", "2,5").await;
    browser.fill("#slippage", "0,7").await;
    browser
        .until("return Number(document.getElementById('receive').dataset.received) > 300")
        .await;
    place(&browser).await;
    browser.sees("#rows .track.confirmed").await;
    let order = engine.get("/api/orders").await.json()["items"][0].clone();
    assert_eq!(
        (&order["amountIn"], &order["slippageBps"]),
        (&json!("2.5"), &json!(70))
    );

    // In the form that replaces a limit as well.
    choose(&browser, "limit").await;
    browser.fill("#limitPrice", "170,25").await;
    place(&browser).await;
    browser.sees("#rows .track.waiting").await;
    browser.sees("#rows .open").await.click().await.unwrap();
    browser.fill("#new-limitPrice", "171,75").await;
    browser.sees("#detail [type=submit]").await.click().await.unwrap();
    says(&browser, "#rows .track", "limit 171.75").await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_choice_of_the_ticket_can_be_read_to_its_end() {
    let engine = TestEngine::memory("").await;
    for (width, height) in [(1440, 900), (1000, 800), (390, 844)] {
        let browser = Browser::open(width, height).await;
        browser.goto(&engine.url("/")).await.unwrap();
        live(&browser).await;
        for kind in ["market", "limit", "stop_limit", "sniper"] {
            choose(&browser, kind).await;
            let cut = browser
                .ask(
                    "const pen = document.createElement('canvas').getContext('2d'); const arrow = 20; \
                     return [...document.querySelectorAll('#ticket select')].filter((list) => { \
                       if (list.closest('[hidden]')) return false; \
                       const style = getComputedStyle(list); pen.font = style.font; \
                       const room = list.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - arrow; \
                       return [...list.options].some((option) => pen.measureText(option.text).width > room); \
                     }).map((list) => list.id)",
                )
                .await;
            assert_eq!(cut, json!([]), "{kind}, {width}");
        }
    }
    engine.stop().await;
}
