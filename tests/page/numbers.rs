//! The market and the tiles: what they show is true, of now, and in its place.

use order_core::access::Scopes;
use order_tests::TestEngine;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::browser::Browser;
use crate::cable::Cable;
use crate::trading::{live, place};
use crate::waiting::{says, select};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_without_a_pool_has_a_market_by_way_of_another_token() {
    let engine = TestEngine::memory("").await;
    let browser = Browser::open(1440, 900).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    select(&browser, "tokenIn", "USDT").await;
    select(&browser, "tokenOut", "BONK").await;
    browser.fill("#amountIn", "150").await;
    says(&browser, "#market-title", "BONK/USDT").await;
    browser.sees("#depth svg .Route").await;
    says(&browser, "#market-now", "USDT per BONK, bid 0.0").await;
    let note = browser
        .ask("return document.getElementById('market-note').textContent")
        .await;
    assert_eq!(note, json!(""));
    // That the venues have no pool of the pair is no fault of the route that works without.
    says(&browser, "#quotes", "no pool of this pair").await;
    let faults = browser
        .ask("return document.querySelectorAll('#quotes .error').length")
        .await;
    assert_eq!(faults, json!(0));
    says(&browser, "#route", "legs").await;
    engine.stop().await;
}

const BOLD: &str =
    "return Number(getComputedStyle(document.querySelector('#market-now b')).fontWeight) > 500";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_is_old_does_not_look_like_one_of_now() {
    let engine = TestEngine::memory("").await;
    let cable = Cable::to(engine.authority()).await;
    let browser = Browser::open(1440, 900).await;
    browser.goto(&cable.url()).await.unwrap();
    live(&browser).await;
    browser.sees("#market-now b").await;
    browser.until(BOLD).await;
    cable.pull();
    browser.sees("#market.stale").await;
    says(&browser, "#market-note", "As of").await;
    assert_eq!(browser.ask(BOLD).await, json!(false));
    // The tiles stay where they are, and look old.
    browser.sees("#pulse.stale .tile").await;
    cable.mend();
    browser.sees("#market:not(.stale)").await;
    browser.sees("#pulse:not(.stale) .tile").await;
    browser.until(BOLD).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn venues_that_are_down_are_told_beside_a_link_that_lives() {
    let engine = TestEngine::memory("venues.faults.down = true").await;
    for (width, height) in [(1440, 900), (390, 844)] {
        let browser = Browser::open(width, height).await;
        browser.goto(&engine.url("/")).await.unwrap();
        browser.sees("#link[data-state=live][data-parts=down]").await;
        says(&browser, "#link", "parts down").await;
        says(&browser, "#mode", "Down: meteora, raydium").await;
        let seen = browser
            .ask("return document.getElementById('mode').checkVisibility()")
            .await;
        assert_eq!(seen, json!(true), "{width}");
        let fits = "return document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(browser.ask(fits).await, json!(true), "{width} is too narrow");
    }
    engine.stop().await;
}

/// Where the market begins, as soon as there is a page.
const NOTE_TOP: &str = "document.addEventListener('DOMContentLoaded', () => { \
                        window.firstTop = document.getElementById('market').offsetTop; })";

async fn assert_calm(browser: &Browser, told: &str) {
    says(browser, "#pulse > .note", told).await;
    let shape = browser
        .ask(
            "const [row, note] = ['#pulse', '#pulse > .note'].map((css) => document.querySelector(css).getBoundingClientRect()); \
             return [note.width === row.width, document.getElementById('market').offsetTop - window.firstTop]",
        )
        .await;
    assert_eq!(shape, json!([true, 0]), "one row, and nothing below has moved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_whose_numbers_are_elsewhere_says_so_in_one_calm_row() {
    let engine = TestEngine::memory("server.admin_port = 0").await;
    let browser = Browser::open(1440, 900).await;
    browser.before_each_page(NOTE_TOP).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    assert_calm(&browser, "at its admin port").await;
    // Nothing has changed by asking once more every two seconds, so it is not asked.
    let asked = "return performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/metrics')).length";
    browser.sees("#prices-chart svg").await;
    assert_eq!(browser.ask(asked).await, json!(1));
    engine.stop().await;

    let engine = TestEngine::memory("auth.mode = \"keys\"").await;
    let keys = engine.app().keys();
    let key = keys.create("ann".parse().unwrap(), Scopes::USUAL).await.unwrap();
    browser.goto(&engine.url("/")).await.unwrap();
    browser.sees("#key[open]").await;
    browser.fill("#key-value", key.shown.expose_secret()).await;
    browser.sees("#key .go").await.click().await.unwrap();
    live(&browser).await;
    assert_calm(&browser, "a key with the scope admin").await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_to_the_end_is_of_the_time_that_its_line_shows() {
    let engine = TestEngine::memory("").await;
    for _ in 0..5 {
        let order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1"});
        engine.finished(&engine.accepted(&order).await).await;
    }
    let browser = Browser::open(1440, 900).await;
    browser.goto(&engine.url("/")).await.unwrap();
    live(&browser).await;
    // Orders of before are none of the window's.
    says(&browser, "#pulse", "none in the last").await;
    let value = "return document.querySelectorAll('#pulse .tile .value')[1].textContent";
    assert_eq!(browser.ask(value).await, json!("– median"));
    place(&browser).await;
    says(&browser, "#pulse", "95 % within").await;
    says(&browser, "#pulse", "6 since its start").await;
    engine.stop().await;
}
