//! The binary, as a person or a platform meets it: arguments, variables, signals, exit codes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn engine(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_order-engine"));
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    command
}

fn output(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = engine(arguments, environment).output().unwrap();
    (
        status.code(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// A running process, killed when dropped, and the address it says it listens on.
struct Running {
    child: Child,
    address: String,
    log: BufReader<std::process::ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = engine(arguments, environment)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self {
            child,
            address: String::new(),
            log,
        };
        running.address = running.said_address();
        running
    }

    fn said_address(&mut self) -> String {
        let mut said = String::new();
        while self.log.read_line(&mut said).unwrap() > 0 {
            if let Some((_, rest)) = said.split_once("listening on http://") {
                return rest
                    .split([',', '"', ' ', '\n'])
                    .next()
                    .unwrap()
                    .replace("localhost", "127.0.0.1");
            }
        }
        panic!("it does not listen: {said}");
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        ))
    }

    /// The exit code, and the rest of the log.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

#[test]
fn mistakes_are_told_all_at_once_and_exit_with_2() {
    let environment = [
        ("PORT", "70000"),
        ("ORDER_ENGINE__QUEUE__CONCURENCY", "1"),
        ("DATABASE_URL", "mysql://a:pw@b/c"),
    ];
    let (code, stdout, stderr) = output(&[], &environment);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    for part in [
        "3 mistakes",
        "server.port: ",
        "queue.concurency: ",
        "database.url: ",
        "(set by DATABASE_URL)",
    ] {
        assert!(stderr.contains(part), "{part} is missing in: {stderr}");
    }
    assert!(!stderr.contains("pw"), "{stderr}");
}

/// As `order-engine openapi | head -1` does.
#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = engine(&["openapi"], &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).as_ref()
        ),
        (Some(0), "")
    );
    // A key that was not shown is lost.
    let mut child = engine(&["keys", "create", "--owner", "ann"], &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
}

#[test]
fn a_file_is_named_by_argument_or_variable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("engine.toml");
    std::fs::write(&file, "queue.concurrency = 0").unwrap();
    let file = file.to_str().unwrap();
    for (code, _, stderr) in [
        output(&["--config", file], &[]),
        output(&["serve", "--config", file], &[]),
        output(&[], &[("ORDER_ENGINE_CONFIG", file)]),
    ] {
        assert_eq!(code, Some(2));
        assert!(
            stderr.contains(&format!(
                "queue.concurrency: must be 1 to 10000, not 0 (set by {file})"
            )),
            "{stderr}"
        );
    }
}

#[test]
fn roles_that_share_their_work_say_what_they_lack() {
    let (code, _, stderr) = output(&["serve", "--role", "worker"], &[]);
    assert_eq!(code, Some(2));
    for name in ["DATABASE_URL", "REDIS_URL"] {
        assert!(stderr.contains(&format!("set {name}")), "{stderr}");
    }
}

#[test]
fn a_taken_port_is_one_clear_line_and_exits_with_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, _, stderr) = output(&[], &[("HOST", "127.0.0.1"), ("PORT", &port)]);
    assert_eq!(code, Some(1));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains(&format!("127.0.0.1:{port} is in use")),
        "{stderr}"
    );
}

#[test]
fn servers_that_are_not_there_are_waited_for_and_then_named() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (postgres, redis) = (
        format!("postgres://u:hush@{silent}/x"),
        format!("redis://:hush@{silent}"),
    );
    let quick = ("ORDER_ENGINE__PROCESS__START_TIMEOUT", "300ms");
    let began = Instant::now();
    let (code, stdout, stderr) = output(
        &[],
        &[
            ("PORT", "0"),
            ("DATABASE_URL", &postgres),
            ("REDIS_URL", &redis),
            quick,
        ],
    );
    assert_eq!(code, Some(1));
    assert!(
        began.elapsed() >= Duration::from_millis(300) || stdout.contains("waiting"),
        "{stdout}"
    );
    assert!(
        stderr.contains(&silent.to_string()) && stderr.contains("Postgres"),
        "{stderr}"
    );
    let venue = format!("http://{silent}");
    let (code, _, complaint) = output(&[], &[("PORT", "0"), ("VENUE_URL", &venue), quick]);
    assert_eq!(code, Some(1));
    assert!(
        complaint.contains(&format!("no venue server answers at {venue}")),
        "{complaint}"
    );
    assert!(!(stdout + &stderr).contains("hush"));
}

#[test]
fn help_shows_commands_and_variables() {
    let (code, stdout, _) = output(&["--help"], &[]);
    assert_eq!(code, Some(0));
    for part in [
        "serve",
        "venue",
        "migrate",
        "health",
        "openapi",
        "DATABASE_URL",
        "ORDER_ENGINE__QUEUE__CONCURRENCY",
    ] {
        assert!(stdout.contains(part), "{part} is missing in: {stdout}");
    }
    let (_, stdout, _) = output(&["venue", "--help"], &[]);
    assert!(
        stdout.contains("--ledger") && stdout.contains("--admin") && stdout.contains("4000"),
        "{stdout}"
    );
}

#[test]
fn the_document_of_the_endpoints_is_json_and_nothing_else() {
    let (code, stdout, stderr) = output(&["openapi"], &[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let committed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/order-engine.json");
    assert!(
        std::fs::read_to_string(committed).unwrap() == stdout,
        "what is printed is not what is committed"
    );
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert!(
        document["paths"]["/api/orders/execute"]["post"].is_object(),
        "{document}"
    );
}

#[test]
fn it_serves_says_how_it_is_and_stops_in_good_order() {
    let running = Running::start(
        &[],
        &[
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("ORDER_ENGINE__LOG__FORMAT", "json"),
        ],
    );
    assert!(running.get("/ping").starts_with("HTTP/1.1 200"));
    let ready = running.get("/health/ready");
    assert!(
        ready.starts_with("HTTP/1.1 200") && ready.contains("forgotten when the process ends"),
        "{ready}"
    );
    let url = format!("http://{}/health/ready", running.address);
    let port = running.address.rsplit(':').next().unwrap().to_owned();
    assert_eq!(
        output(&["health", "--url", &url], &[]),
        (Some(0), String::new(), String::new())
    );
    assert_eq!(output(&["health"], &[("PORT", &port)]).0, Some(0));
    let (code, log) = running.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{log}");
    let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["message"], "stopped");
    let (code, _, stderr) = output(&["health"], &[("PORT", &port)]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no answer from http://127.0.0.1"), "{stderr}");
}

#[test]
fn an_interrupt_stops_it_in_good_order_too() {
    let running = Running::start(&["serve"], &[("HOST", "127.0.0.1"), ("PORT", "0")]);
    assert_eq!(running.end(Signal::SIGINT).0, Some(0));
}

#[test]
fn an_orders_id_is_on_every_line_about_it() {
    let environment = [
        ("HOST", "127.0.0.1"),
        ("PORT", "0"),
        ("ORDER_ENGINE__LOG__FORMAT", "json"),
        ("RUST_LOG", "debug,hyper=info"),
        ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
    ];
    let running = Running::start(&[], &environment);
    let body = r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1"}"#;
    let head = "POST /api/orders/execute HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\ncontent-type: application/json";
    let history = running.ask(&format!(
        "{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(history.contains("\"confirmed\""), "{history}");
    let id = &history[history.find("ORD-").unwrap()..][..40];
    let (_, log) = running.end(Signal::SIGTERM);
    let about: Vec<_> = log
        .lines()
        .filter(|line| line.contains("order_id") || line.contains("order accepted"))
        .collect();
    assert!(!about.is_empty(), "{log}");
    assert!(about.iter().all(|line| line.contains(id)), "{about:#?}");
}

#[test]
fn the_market_is_a_server_with_a_ledger_that_outlives_it() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("market.ledger");
    let arguments = [
        "venue",
        "--port",
        "0",
        "--admin",
        "--ledger",
        ledger.to_str().unwrap(),
    ];
    let environment = [
        ("HOST", "127.0.0.1"),
        ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
    ];
    let venue = Running::start(&arguments, &environment);
    let url = format!("http://{}", venue.address);
    let engine = Running::start(&[], &[("HOST", "127.0.0.1"), ("PORT", "0"), ("VENUE_URL", &url)]);
    let body = r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1"}"#;
    let head = "POST /api/orders/execute HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\ncontent-type: application/json";
    let history = engine.ask(&format!(
        "{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(history.contains("\"confirmed\""), "{history}");
    let id = history[history.find("ORD-").unwrap()..][..40].to_owned();
    assert!(venue.get("/transactions").contains(&id));
    assert_eq!(venue.end(Signal::SIGTERM).0, Some(0));
    let again = Running::start(&arguments, &environment);
    assert!(
        again.get("/transactions").contains(&id),
        "{}",
        again.get("/transactions")
    );
}
