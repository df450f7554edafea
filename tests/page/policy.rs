//! The pages meet their own policies: the browser blocks nothing of them, and runs nothing that is not part of them.

use order_tests::TestEngine;
use serde_json::json;

use crate::browser::Browser;

/// Notes what the browser blocks, from a page's first moment.
const NOTE: &str = "window.blocked = []; document.addEventListener('securitypolicyviolation', \
                    (event) => window.blocked.push(event.violatedDirective + ' ' + event.blockedURI))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_pages_is_blocked_and_nothing_else_runs() {
    let engine = TestEngine::memory("").await;
    let order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1"});
    engine.finished(&engine.accepted(&order).await).await;
    let browser = Browser::open(1440, 1000).await;
    browser.before_each_page(NOTE).await;
    for (path, seen) in [
        ("/", ["#rows .track.confirmed", "#depth svg", "#quotes .venue"]),
        (
            "/docs",
            [".swagger-ui .info .title", ".opblock-post", ".opblock-get"],
        ),
    ] {
        browser.goto(&engine.url(path)).await.unwrap();
        for css in seen {
            browser.sees(css).await;
        }
        assert_eq!(browser.ask("return window.blocked").await, json!([]), "{path}");
        browser
            .ask(
                "const script = document.createElement('script'); script.textContent = 'window.ran = true'; \
                 document.body.append(script)",
            )
            .await;
        browser.until("return window.blocked.length === 1").await;
        assert_eq!(
            browser.ask("return window.ran === undefined").await,
            json!(true),
            "{path}"
        );
    }
    engine.stop().await;
}
