//! What several of these tests do.
#![allow(
    dead_code,
    reason = "each test file is a crate of its own and uses a part of this"
)]

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio_postgres::{Client, NoTls};

/// Set in the copies of a test binary that these tests start.
const ROLE: &str = "ORDER_TEST_SERVERS_ROLE";

/// Whether this process is the copy that plays this role.
pub fn plays(role: &str) -> bool {
    std::env::var(ROLE).is_ok_and(|value| value == role)
}

/// This test binary again, running the test of this name alone, in a role.
pub fn copy_of(test: &str, role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, role)
        .stdin(Stdio::null());
    command
}

/// A connection to a database.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// One number that a query gives.
pub async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// Says some lines to a Redis server, and gives the line that answers the last.
pub fn ask(url: &str, words: &[&str]) -> String {
    let url = url::Url::parse(url).unwrap();
    let mut stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap_or(6379))).unwrap();
    let login = url.password().map(|password| format!("AUTH {password}"));
    let lines: Vec<&str> = login
        .iter()
        .map(String::as_str)
        .chain(words.iter().copied())
        .collect();
    stream
        .write_all(format!("{}\r\n", lines.join("\r\n")).as_bytes())
        .unwrap();
    BufReader::new(stream)
        .lines()
        .nth(lines.len() - 1)
        .unwrap()
        .unwrap()
}

/// Whether anything listens at the host and port of a URL.
pub fn listens(url: &str) -> bool {
    let url = url::Url::parse(url).unwrap();
    TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).is_ok()
}

/// Whether something comes true in time.
pub fn soon(within: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + within;
    while Instant::now() < deadline {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    condition()
}
