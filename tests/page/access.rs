//! For everybody: by axe-core's rules, on a desk and on a phone, in light and in dark, and by keyboard alone.

use order_tests::TestEngine;
use serde_json::{Value, json};

use crate::browser::Browser;

/// The npm package axe-core's own file.
const AXE: &str = include_str!("vendor/axe.min.js");

/// Runs axe over what is shown; the serious and critical faults.
async fn faults(browser: &Browser) -> Vec<String> {
    // As text, since a driver wraps a script in a function.
    browser
        .execute(
            "if (!window.axe) (0, eval)(arguments[0] + ';window.axe = axe')",
            vec![json!(AXE)],
        )
        .await
        .unwrap();
    let report = browser
        .execute_async(
            "const done = arguments[arguments.length - 1]; \
             axe.run(document, {resultTypes: ['violations']}).then(done, (error) => done({error: String(error)}))",
            Vec::new(),
        )
        .await
        .unwrap();
    let violations = report["violations"]
        .as_array()
        .unwrap_or_else(|| panic!("axe did not run: {report}"));
    let grave = |fault: &&Value| matches!(fault["impact"].as_str(), Some("serious" | "critical"));
    violations
        .iter()
        .filter(grave)
        .map(|fault| format!("{}: {} in {}", fault["id"], fault["help"], fault["nodes"]))
        .collect()
}

async fn emulate(browser: &Browser, scheme: &str) {
    let wanted = format!("return matchMedia('(prefers-color-scheme: {scheme})').matches");
    browser.colours(scheme).await;
    browser.until(&wanted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_no_serious_fault() {
    let engine = TestEngine::memory("").await;
    let order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1"});
    engine.finished(&engine.accepted(&order).await).await;
    for (width, height) in [(1440, 1000), (390, 844)] {
        let browser = Browser::open(width, height).await;
        for scheme in ["light", "dark"] {
            emulate(&browser, scheme).await;
            browser.goto(&engine.url("/")).await.unwrap();
            browser.sees("#rows .track.confirmed").await;
            browser.sees("#depth svg").await;
            browser.sees("#quotes .venue").await;
            browser.sees("#pulse .tile").await;
            assert_eq!(faults(&browser).await, Vec::<String>::new(), "{scheme}, {width}");
            let fits = "return document.documentElement.scrollWidth <= innerWidth";
            assert_eq!(browser.ask(fits).await, json!(true), "{width} is too narrow");
            browser.ask("document.querySelector('#rows .open').click()").await;
            browser.sees("#detail[open] .history .confirmed").await;
            assert_eq!(
                faults(&browser).await,
                Vec::<String>::new(),
                "sheet, {scheme}, {width}"
            );
        }
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_and_looked_at_by_keyboard_alone() {
    let engine = TestEngine::memory("").await;
    let browser = Browser::open(1440, 1000).await;
    browser.goto(&engine.url("/")).await.unwrap();
    browser.sees("#link[data-state=live]").await;
    browser.sees("#tokenIn option[value=SOL]").await;
    let amount = browser.sees("#amountIn").await;
    amount.send_keys("\u{E007}").await.unwrap();
    browser.sees("#rows .track.confirmed").await;
    let name = browser.sees("#rows .open").await;
    name.send_keys("\u{E007}").await.unwrap();
    browser.sees("#detail[open] .history .confirmed").await;
    let close = browser.sees("#detail-close").await;
    close.send_keys("\u{E00C}").await.unwrap();
    browser
        .until("return !document.getElementById('detail').open")
        .await;
    let back = browser.ask("return document.activeElement.className").await;
    assert_eq!(back, json!("open"));
    let said = browser
        .ask("return document.getElementById('said').textContent")
        .await;
    assert!(said.as_str().unwrap().contains("Confirmed"), "{said}");
    engine.stop().await;
}
