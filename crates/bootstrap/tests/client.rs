//! `submit` and `watch`, as their user at a shell meets them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_order-engine"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// An engine in memory whose venues take no time, killed when dropped.
struct Engine {
    child: Child,
    url: String,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Engine {
    fn start() -> Self {
        let mut child = command(&["serve"])
            .envs([
                ("HOST", "127.0.0.1"),
                ("PORT", "0"),
                ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
                ("ORDER_ENGINE__VENUES__PRICE", "frozen"),
                ("ORDER_ENGINE__QUEUE__BACKOFF", "20ms"),
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .find_map(|line| {
                let line = line.unwrap();
                let (_, rest) = line.split_once("listening on ")?;
                rest.split([',', ' ']).next().map(str::to_owned)
            })
            .unwrap();
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let (name, rest) = arguments.split_first().unwrap();
        run(&[&[*name, "--url", &self.url], rest].concat())
    }
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn an_order_is_placed_and_followed_to_its_end() {
    let engine = Engine::start();
    let (code, out, err) = engine.run(&["submit", "1.5", "SOL", "USDC"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let lines: Vec<_> = out.lines().collect();
    assert!(lines[0].starts_with("ORD-"), "{out}");
    assert_eq!(lines.len(), 7, "{out}");
    assert!(
        lines[2].contains("Raydium") && lines[2].contains("Meteora"),
        "{out}"
    );
    assert!(lines[6].contains("confirmed: "), "{out}");

    let (code, out, _) = engine.run(&["watch", lines[0], "--after", "4", "--json"]);
    assert_eq!(code, Some(0));
    let events: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<_> = events
        .iter()
        .map(|event| (&event["seq"], &event["status"]))
        .collect();
    assert_eq!(
        seen,
        [(&5.into(), &"submitted".into()), (&6.into(), &"confirmed".into())]
    );
}

#[test]
fn the_exit_code_says_how_it_ended() {
    let engine = Engine::start();
    let (code, out, _) = engine.run(&["submit", "1.5", "SOL", "USDC", "--min-out", "100000"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("failed: "), "{out}");
    let (code, out, _) = engine.run(&["submit", "1", "ETH", "USDC", "--detach", "--json"]);
    let placed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &placed["success"]), (Some(0), &Value::from(true)));
}

#[test]
fn what_is_refused_is_told_in_the_engines_words() {
    let engine = Engine::start();
    let (code, out, err) = engine.run(&["submit", "--", "-1", "SOL", "DOGE"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("amountIn must not be negative"), "{err}");
    let (code, _, err) = engine.run(&["watch", "ORD-00000000-0000-7000-8000-000000000000"]);
    assert_eq!(code, Some(2), "{err}");
}

/// Whether a stop may trigger at once is said of an order that has one.
#[test]
fn a_stop_may_be_allowed_to_trigger_at_once() {
    let engine = Engine::start();
    let stop = [
        "--type",
        "stop_limit",
        "--stop-price",
        "100",
        "--limit-price",
        "90",
    ];
    let allowed = [
        &["submit", "1", "SOL", "USDC", "--detach", "--allow-immediate"],
        &stop[..],
    ]
    .concat();
    let (code, out, err) = engine.run(&allowed);
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, _, err) = engine.run(&["submit", "1", "SOL", "USDC", "--allow-immediate"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("allowImmediate"), "{err}");
    let sniper = [
        "submit",
        "1",
        "SOL",
        "USDC",
        "--type",
        "sniper",
        "--time-in-force",
        "fok",
    ];
    let (code, _, err) = engine.run(&sniper);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("timeInForce"), "{err}");
}

#[test]
fn an_engine_that_is_not_there_is_a_code_of_its_own() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{silent}");
    let (code, _, err) = run(&["submit", "1", "SOL", "USDC", "--url", &url]);
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains(&url), "{err}");
}
