//! The rules and the dashboard in `deploy`: they are sound, and they ask for numbers that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use order_tests::{Mode, TestEngine};
use serde_json::{Value, json};

use crate::prometheus::Prometheus;

/// A panel has a value within so long, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);

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

/// The expressions of the dashboard.
fn of_dashboard() -> Vec<String> {
    let dashboard = std::fs::read_to_string(deploy("grafana/dashboards/order-engine.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    targets
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_and_dashboard_ask_for_numbers_that_exist() {
    let rules = std::fs::read_to_string(deploy("prometheus/rules.yml")).unwrap();
    let mut asked = names(&rules);
    asked.extend(of_dashboard().iter().flat_map(|expression| names(expression)));
    asked.retain(|name| !name.starts_with("order_engine:"));
    assert!(asked.len() > 20, "{asked:?}");
    let counted = counted().await;
    let missing: Vec<_> = asked.iter().filter(|name| !counted.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?} are not among {counted:?}");
}

/// What the rules record.
const RECORDED: [&str; 5] = [
    "order_engine:http_errors:ratio_rate5m",
    "order_engine:http_errors:ratio_rate30m",
    "order_engine:http_errors:ratio_rate1h",
    "order_engine:http_errors:ratio_rate6h",
    "order_engine:orders_failed:ratio_rate10m",
];

/// Whether there is something to draw.
fn says(series: &[Value]) -> bool {
    let number = |series: &Value| {
        series["value"][1]
            .as_str()
            .and_then(|text| text.parse::<f64>().ok())
    };
    series.iter().filter_map(number).any(f64::is_finite)
}

/// A panel that is empty on an engine that is well would be taken for one that is broken, and a rule without a value
/// cannot be alerted on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_and_every_rule_has_a_value_while_the_engine_is_well() {
    let engine = TestEngine::start(Mode::Durable, "").await;
    let prometheus = Prometheus::watching(engine.authority(), &deploy("prometheus/rules.yml")).await;
    let trade = async {
        loop {
            let sale = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "0.01"});
            engine.finished(&engine.accepted(&sale).await).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let watch = async {
        let expressions = of_dashboard().into_iter().chain(RECORDED.map(str::to_owned));
        for expression in expressions {
            let query = expression
                .replace("$__rate_interval", "15s")
                .replace("$__range", "5m");
            while !says(&prometheus.query(&query).await) {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        // A test's Postgres has fsync off, and that is told.
        let others = prometheus.query("ALERTS{alertname!=\"OrderStoreUnsafe\"}").await;
        assert_eq!(others, Vec::<Value>::new());
    };
    tokio::select! {
        () = trade => {}
        watched = tokio::time::timeout(PATIENCE, watch) => watched.expect("a panel or a rule stays empty"),
    }
    engine.stop().await;
}
