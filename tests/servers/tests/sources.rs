//! Where servers come from, as the environment says. The environment of a running test cannot be
//! changed safely, so each of these runs a copy of itself with another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::process::Command;

use order_test_servers::{Postgres, PostgresOptions, Redis, RedisOptions, ServerError, Source};
use support::{ask, connect, copy_of, number, plays};

/// Runs a copy and gives what it printed after the word `says`.
fn says(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.split_once("says ")
        .expect("it says something")
        .1
        .split("\nend")
        .next()
        .unwrap()
        .to_owned()
}

fn say(text: &str) {
    println!("\nsays {text}\nend");
}

#[tokio::test]
async fn with_no_source_one_line_says_what_to_install() {
    if plays("without") {
        let postgres = Postgres::start().await.err().unwrap();
        let redis = Redis::start().await.err().unwrap();
        return say(&format!("{postgres:?}\n{redis:?}"));
    }
    let mut copy = copy_of("with_no_source_one_line_says_what_to_install", "without");
    let said = says(
        copy.env("TEST_SERVERS", "docker")
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock"),
    );
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].contains("apt-get install postgresql"), "{said}");
    assert!(lines[1].contains("apt-get install redis-server"), "{said}");
}

#[tokio::test]
async fn a_given_postgres_is_used_and_left_as_it_was() {
    if plays("guest") {
        let postgres = Postgres::start().await.unwrap();
        assert_eq!(postgres.source(), Source::Given);
        connect(&postgres.fresh_database().await.unwrap()).await;
        let refused = postgres.stop_immediate().await.unwrap_err();
        assert!(matches!(
            refused,
            ServerError::Unsupported {
                by: Source::Given,
                ..
            }
        ));
        return say("done");
    }
    let host = Postgres::start_with(PostgresOptions::default().private())
        .await
        .unwrap();
    let client = connect(host.url()).await;
    let old = "order_test_00000000000070008000000000000000";
    client
        .batch_execute(&format!("CREATE DATABASE {old}"))
        .await
        .unwrap();

    let mut copy = copy_of("a_given_postgres_is_used_and_left_as_it_was", "guest");
    says(
        copy.env_remove("TEST_SERVERS")
            .env("TEST_DATABASE_URL", host.url()),
    );

    let left = number(
        &client,
        "SELECT count(*) FROM pg_database WHERE datname LIKE 'order_test_%'",
    )
    .await;
    assert_eq!(
        left, 0,
        "its own database should be dropped, and the one of a test that was killed long ago"
    );
}

#[tokio::test]
async fn a_given_redis_is_used_but_never_for_a_test_that_wants_its_own() {
    if plays("guest") {
        let given = Redis::start().await.unwrap();
        let own = Redis::start_with(RedisOptions::default().private())
            .await
            .unwrap();
        assert_eq!(given.source(), Source::Given);
        assert_ne!(own.source(), Source::Given);
        assert_ne!(given.url(), own.url());
        return say("done");
    }
    let host = Redis::start().await.unwrap();
    let guest = "ACL SETUSER guest on ~* &* +@all \">a b/c@d\"";
    assert_eq!(ask(host.url(), &[guest]), "+OK");
    let mut url = url::Url::parse(host.url()).unwrap();
    url.set_username("guest").unwrap();
    url.set_password(Some("a b/c@d")).unwrap();
    let mut copy = copy_of(
        "a_given_redis_is_used_but_never_for_a_test_that_wants_its_own",
        "guest",
    );
    says(
        copy.env_remove("TEST_SERVERS")
            .env("TEST_REDIS_URL", url.as_str()),
    );
}

#[tokio::test]
async fn a_given_redis_loses_the_keys_of_a_test_and_no_others() {
    if plays("guest") {
        let redis = Redis::start().await.unwrap();
        let set = format!("SET {}key value", redis.prefix());
        assert_eq!(ask(redis.url(), &["SELECT 3", &set]), "+OK");
        return say("done");
    }
    let host = Redis::start().await.unwrap();
    let others = "SET order-test-other:key value";
    assert_eq!(ask(host.url(), &["SELECT 3", others]), "+OK");
    let mut url = url::Url::parse(host.url()).unwrap();
    url.set_path("/3");
    let mut copy = copy_of("a_given_redis_loses_the_keys_of_a_test_and_no_others", "guest");
    says(
        copy.env_remove("TEST_SERVERS")
            .env("TEST_REDIS_URL", url.as_str()),
    );
    assert_eq!(ask(host.url(), &["SELECT 3", "DBSIZE"]), ":1");
}

#[tokio::test]
async fn the_source_is_the_forced_one() {
    let postgres = Postgres::start_with(PostgresOptions::default().private())
        .await
        .unwrap();
    let forced = match std::env::var("TEST_SERVERS").as_deref() {
        Ok("docker") => Source::Docker,
        Ok("local") => Source::Local,
        _ => return assert_ne!(postgres.source(), Source::Given),
    };
    assert_eq!(postgres.source(), forced);
}

#[tokio::test]
async fn an_unknown_source_is_refused() {
    if plays("typo") {
        return say(&format!("{:?}", Postgres::start().await.err().unwrap()));
    }
    let said = says(copy_of("an_unknown_source_is_refused", "typo").env("TEST_SERVERS", "dokcer"));
    assert!(
        said.contains("dokcer") && said.contains("given, docker or local"),
        "{said}"
    );
}
