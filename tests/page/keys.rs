//! An engine that wants a key.

use order_core::access::Scopes;
use order_tests::TestEngine;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::browser::Browser;

async fn key(engine: &TestEngine, owner: &str) -> (order_core::access::KeyId, String) {
    let keys = engine.app().keys();
    let new = keys.create(owner.parse().unwrap(), Scopes::USUAL).await.unwrap();
    (new.key.id, new.shown.expose_secret().to_owned())
}

async fn give(browser: &Browser, key: &str) {
    browser.sees("#key[open]").await;
    browser.fill("#key-value", key).await;
    browser.sees("#key .go").await.click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_asks_for_a_key_and_trades_by_it() {
    let engine = TestEngine::memory("auth.mode = \"keys\"").await;
    let (id, anns) = key(&engine, "ann").await;
    let (_, bobs) = key(&engine, "bob").await;
    let (ann, bob) = (engine.with_key(&anns), engine.with_key(&bobs));
    let order = json!({"tokenIn": "ETH", "tokenOut": "USDC", "amountIn": "1"});
    let his = bob.accepted(&order).await;

    let browser = Browser::open(1440, 1000).await;
    browser.goto(&engine.url("/")).await.unwrap();
    // No key is asked for one, a bad one for another.
    give(&browser, "k0000000000000000.nonsense").await;
    browser
        .until("return document.getElementById('key-why').textContent.includes('does not take')")
        .await;
    give(&browser, &anns).await;
    // By its socket, which a ticket has opened.
    browser.sees("#link[data-state=live]").await;
    browser.sees("#tokenIn option[value=SOL]").await;
    browser.fill("#amountIn", "2.5").await;
    browser.sees("#place").await.click().await.unwrap();
    browser.sees("#rows .track.confirmed").await;
    let page = ann.get("/api/orders").await.json();
    let placed = &page["items"][0];
    assert_eq!(
        (&placed["userId"], &placed["amountIn"]),
        (&json!("ann"), &json!("2.5"))
    );
    let heard = ann.accepted(&order).await;
    browser
        .sees(&format!("#rows tr[data-id='{heard}'] .track.confirmed"))
        .await;
    let others = format!("return !document.querySelector(\"#rows tr[data-id='{his}']\")");
    browser.until(&others).await;
    // The key is in no address.
    let leaks = format!(
        "return performance.getEntries().some((entry) => entry.name.includes('{}'))",
        anns.split_once('.').unwrap().1
    );
    assert_eq!(browser.ask(&leaks).await, json!(false));

    // A key that is taken away while it is in use is asked for again.
    assert!(engine.app().keys().revoke(&id).await.unwrap());
    browser.sees("#key[open]").await;
    give(&browser, &bobs).await;
    browser.sees("#link[data-state=live]").await;
    browser.sees(&format!("#rows tr[data-id='{his}']")).await;
    engine.stop().await;
}
