//! Orders that wait: placed, replaced and cancelled by the forms of the page.

use order_tests::{ONE_POOL, TestEngine};
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::trading::{live, place};

async fn open(engine: &TestEngine) -> Browser {
    let browser = Browser::open(1440, 1000).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    browser
}

/// Chooses an order type.
pub async fn choose(browser: &Browser, kind: &str) {
    browser
        .ask(&format!(
            "document.querySelector('#ticket [name=type][value={kind}]').click()"
        ))
        .await;
}

/// Chooses in a list of the ticket, as a person does.
pub async fn select(browser: &Browser, id: &str, value: &str) {
    browser
        .sees(&format!("#{id} option[value='{value}']"))
        .await
        .click()
        .await
        .unwrap();
}

/// The newest order, as the engine has it.
async fn newest(engine: &TestEngine) -> Value {
    engine.get("/api/orders").await.json()["items"][0].clone()
}

/// Waits until an element says this.
pub async fn says(browser: &Browser, css: &str, text: &str) {
    browser
        .until(&format!(
            "return document.querySelector({css:?})?.innerText.includes({text:?}) ?? false"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_order_is_placed_replaced_and_cancelled() {
    let engine = TestEngine::memory(ONE_POOL).await;
    let browser = open(&engine).await;
    choose(&browser, "limit").await;
    browser.fill("#limitPrice", "170").await;
    place(&browser).await;
    browser.sees("#rows .track.waiting").await;
    says(&browser, "#rows .track", "limit 170").await;
    let order = newest(&engine).await;
    assert_eq!(
        (&order["type"], &order["status"], &order["limitPrice"]),
        (&json!("limit"), &json!("waiting"), &json!("170"))
    );

    browser.sees("#rows .open").await.click().await.unwrap();
    browser.sees("#detail[open] .history .waiting").await;
    browser.fill("#new-limitPrice", "171.5").await;
    browser.sees("#detail [type=submit]").await.click().await.unwrap();
    says(&browser, "#detail .history li:last-child", "limit 171.5").await;
    says(&browser, "#detail .facts", "171.5").await;
    says(&browser, "#rows .track", "limit 171.5").await;
    assert_eq!(newest(&engine).await["limitPrice"], "171.5");

    // Replaced elsewhere: the page follows, and its form offers what holds now.
    let order = newest(&engine).await;
    let path = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    let elsewhere = engine
        .request(Method::PATCH, &path)
        .header("If-Match", format!("\"{}\"", order["version"]))
        .json(&json!({"limitPrice": "172"}));
    assert_eq!(engine.send(elsewhere).await.status, 200);
    says(&browser, "#rows .track", "limit 172").await;
    browser
        .until("return document.getElementById('new-limitPrice').value === '172'")
        .await;

    browser
        .sees("#detail .stop[type=button]")
        .await
        .click()
        .await
        .unwrap();
    browser.sees("#rows .track.cancelled").await;
    browser.sees("#detail .history .cancelled").await;
    assert_eq!(newest(&engine).await["status"], "cancelled");
    let left = browser
        .ask("return document.querySelectorAll('#detail form').length")
        .await;
    assert_eq!(left, json!(0), "nothing can be done about it any more");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_order_whose_stop_is_moved_to_the_price_is_executed() {
    let engine = TestEngine::memory(ONE_POOL).await;
    let browser = open(&engine).await;
    choose(&browser, "stop_limit").await;
    browser.fill("#stopPrice", "120").await;
    browser.fill("#limitPrice", "110").await;
    place(&browser).await;
    browser.sees("#rows .track.waiting").await;
    says(&browser, "#rows .track", "stop 120").await;

    browser.sees("#rows .open").await.click().await.unwrap();
    // What the engine refuses is said where it was tried.
    browser.fill("#new-stopPrice", "much").await;
    browser.sees("#detail [type=submit]").await.click().await.unwrap();
    browser.sees("#detail .problem:not([hidden])").await;
    browser.fill("#new-stopPrice", "155").await;
    browser.sees("#detail [type=submit]").await.click().await.unwrap();
    browser.sees("#rows .track.confirmed").await;
    browser.sees("#detail .history .confirmed").await;
    let order = newest(&engine).await;
    assert_eq!(
        (&order["status"], &order["stopPrice"]),
        (&json!("confirmed"), &json!("155"))
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sniper_waits_for_a_pool_that_is_not_there_yet() {
    let engine = TestEngine::memory(ONE_POOL).await;
    let browser = open(&engine).await;
    select(&browser, "tokenIn", "BONK").await;
    select(&browser, "tokenOut", "JUP").await;
    choose(&browser, "sniper").await;
    browser.fill("#amountIn", "1000").await;
    place(&browser).await;
    browser.sees("#rows .track.waiting").await;
    let order = newest(&engine).await;
    assert_eq!(
        (&order["type"], &order["waitingFor"], &order["priority"]),
        (&json!("sniper"), &json!("pool"), &json!("high"))
    );
    // The market's own type goes in no hurry again.
    choose(&browser, "market").await;
    browser
        .until("return document.getElementById('priority').value === 'normal'")
        .await;

    browser.sees("#rows .open").await.click().await.unwrap();
    browser
        .sees("#detail .stop[type=button]")
        .await
        .click()
        .await
        .unwrap();
    browser.sees("#rows .track.cancelled").await;
    assert_eq!(newest(&engine).await["status"], "cancelled");
    engine.stop().await;
}
