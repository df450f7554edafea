//! The rules and the dashboard in `deploy`: they are sound, and they ask for numbers that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use order_tests::{Mode, TestEngine};
use serde_json::{Value, json};

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(file)
}

fn promtool(arguments: [&str; 3]) {
    let [kind, what, file] = arguments;
    let output = Command::new("promtool")
        .args([kind, what])
        .arg(deploy(file))
        .output()
        .unwrap_or_else(|error| panic!("promtool is needed: apt-get install prometheus ({error})"));
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn the_rules_are_sound_and_say_what_they_should() {
    promtool(["check", "rules", "prometheus/rules.yml"]);
    promtool(["check", "config", "prometheus/prometheus.yml"]);
    promtool(["test", "rules", "prometheus/rules_test.yml"]);
}

/// Names of numbers in an expression, without what a histogram adds to them.
fn names(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let plain = |name: &str| {
        let plain = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        plain.unwrap_or(name).to_owned()
    };
    text.split(word)
        .filter(|name| name.starts_with("order_engine_") || name.starts_with("http_server_"))
        .map(plain)
        .collect()
}

/// All numbers that an engine explains, whether it has counted anything of theirs or not.
async fn counted() -> BTreeSet<String> {
    let engine = TestEngine::start(Mode::Durable, "").await;
    let fine = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5"});
    engine.finished(&engine.accepted(&fine).await).await;
    // It fails for good, after attempts that failed.
    let greedy = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5", "minAmountOut": "100000"});
    engine.finished(&engine.accepted(&greedy).await).await;
    let scrape = engine.get("/metrics").await.text;
    engine.stop().await;
    let shown = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    shown
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// These appear with the first trouble of their kind, which a test cannot make with an engine that is well.
const OF_TROUBLE: [&str; 2] = [
    "order_engine_order_outcomes_unknown_total",
    "order_engine_quote_errors_total",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_and_dashboard_ask_for_numbers_that_exist() {
    let rules = std::fs::read_to_string(deploy("prometheus/rules.yml")).unwrap();
    let dashboard = std::fs::read_to_string(deploy("grafana/dashboards/order-engine.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let mut asked = names(&rules);
    targets.for_each(|target| asked.extend(names(target["expr"].as_str().unwrap())));
    assert!(asked.len() > 20, "{asked:?}");
    let counted = counted().await;
    let missing: Vec<_> = asked
        .iter()
        .filter(|name| !counted.contains(*name) && !OF_TROUBLE.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?} are not among {counted:?}");
}
