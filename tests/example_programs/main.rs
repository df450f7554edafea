//! The examples, each against a running engine, as their READMEs have them run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[allow(dead_code, reason = "what only the engine's own page needs")]
#[path = "../page/browser.rs"]
mod browser;
mod diagrams;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use order_tests::TestEngine;
use tokio::process::{Child, Command};

use browser::Browser;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name)
}

/// What the command prints; it must succeed.
async fn run(command: &mut Command) -> String {
    let output = command.env("NO_PROXY", "*").output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}{complaints}");
    said
}

/// How many orders the engine has confirmed.
async fn confirmed(engine: &TestEngine) -> usize {
    let list = engine.get("/api/orders?status=confirmed").await;
    list.json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_bot_in_python_has_its_slices_confirmed() {
    let engine = TestEngine::memory("").await;
    let mut bot = Command::new("python3");
    bot.arg(example("bot-python/bot.py"))
        .args(["--slices", "2", "--every", "0", "--url", &engine.url("")]);
    let said = run(&mut bot).await;
    assert_eq!(said.matches(" confirmed: ").count(), 2, "{said}");
    assert_eq!(confirmed(&engine).await, 2);
    engine.stop().await;
}

#[tokio::test]
async fn the_bot_in_python_skips_a_price_that_is_worse_than_its_limit() {
    let engine = TestEngine::memory("").await;
    let mut bot = Command::new("python3");
    bot.arg(example("bot-python/bot.py")).args([
        "--slices",
        "1",
        "--limit",
        "1000",
        "--url",
        &engine.url(""),
    ]);
    let output = bot.env("NO_PROXY", "*").output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("skipped"),
        "{output:?}"
    );
    assert_eq!(confirmed(&engine).await, 0);
    engine.stop().await;
}

/// The page as it is compiled, and a server of static files before it.
async fn serve_page(folder: &Path, port: u16) -> Child {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/page-typescript");
    let compiler = tools.join("node_modules/.bin/tsc");
    assert!(
        compiler.exists(),
        "{} is missing: run scripts/setup",
        compiler.display()
    );
    let source = example("page-typescript");
    std::fs::copy(source.join("index.html"), folder.join("index.html")).unwrap();
    run(Command::new(compiler)
        .arg("--project")
        .arg(source)
        .arg("--outDir")
        .arg(folder.join("built")))
    .await;
    Command::new("python3")
        .args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn the_page_in_typescript_follows_its_order_until_it_is_confirmed() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let origin = format!("http://127.0.0.1:{port}");
    let engine = TestEngine::memory(&format!("server.allowed_origins = \"{origin}\"")).await;
    let folder = tempfile::tempdir().unwrap();
    let _server = serve_page(folder.path(), port).await;

    let browser = Browser::open(800, 600).await;
    let address = format!("{origin}/?engine={}", engine.url(""));
    while browser.goto(&address).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    browser.fill("input[name=amount]", "2").await;
    browser.sees("button[value=quote]").await.click().await.unwrap();
    browser
        .until("return document.querySelector('#quote').textContent.includes('at least')")
        .await;
    browser.sees("button[value=submit]").await.click().await.unwrap();
    browser.sees("#events [data-status=confirmed]").await;
    let statuses = browser
        .ask("return [...document.querySelectorAll('#events li')].map(item => item.dataset.status).join()")
        .await;
    assert_eq!(statuses, "pending,routing,best_dex,building,submitted,confirmed");
    assert_eq!(confirmed(&engine).await, 1);
    engine.stop().await;
}
