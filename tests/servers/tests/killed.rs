//! A test that is killed leaves no server behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::Duration,
};

use order_test_servers::{Postgres, PostgresOptions, Redis, RedisOptions};
use support::{copy_of, listens, plays, soon};

#[tokio::test]
async fn no_server_outlives_a_killed_test() {
    if plays("victim") {
        return hold_servers().await;
    }
    let mut victim = copy_of("no_server_outlives_a_killed_test", "victim")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let urls = lines_with_a_url(victim.stdout.take().unwrap());
    assert_eq!(urls.len(), 2);
    assert!(
        urls.iter().all(|url| listens(url)),
        "both servers should be up: {urls:?}"
    );

    victim.kill().unwrap();
    victim.wait().unwrap();

    for url in &urls {
        assert!(soon(Duration::from_secs(30), || !listens(url)), "still up: {url}");
    }
}

/// What the victim does: it starts two servers, tells where, and waits for its end.
async fn hold_servers() {
    let postgres = Postgres::start_with(PostgresOptions::default().private())
        .await
        .unwrap();
    let redis = Redis::start_with(RedisOptions::default().private())
        .await
        .unwrap();
    println!("\nurl {}\nurl {}", postgres.url(), redis.url());
    std::future::pending::<()>().await;
}

fn lines_with_a_url(output: impl std::io::Read) -> Vec<String> {
    let lines = BufReader::new(output).lines().map(Result::unwrap);
    lines
        .filter_map(|line| line.strip_prefix("url ").map(str::to_owned))
        .take(2)
        .collect()
}
