//! Redis starts, answers to a hand-written PING, and can be killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use order_test_servers::{Redis, RedisOptions};
use support::{ask, listens};

#[tokio::test]
async fn it_answers() {
    let redis = Redis::start().await.unwrap();
    assert_eq!(ask(redis.url(), &["PING"]), "+PONG");
}

#[tokio::test]
async fn each_test_has_a_prefix_of_its_own() {
    let one = Redis::start().await.unwrap();
    let other = Redis::start().await.unwrap();
    assert_ne!(one.prefix(), other.prefix());
}

#[tokio::test]
async fn a_killed_server_comes_back_at_its_address_and_knows_nothing() {
    let redis = Redis::start_with(RedisOptions::default().private())
        .await
        .unwrap();
    assert_eq!(ask(redis.url(), &["SET key value"]), "+OK");

    redis.stop_immediate().await.unwrap();
    assert!(!listens(redis.url()));

    redis.start_again().await.unwrap();
    assert_eq!(ask(redis.url(), &["EXISTS key"]), ":0");
}

#[tokio::test]
async fn a_flushed_server_runs_on_and_knows_nothing() {
    let redis = Redis::start_with(RedisOptions::default().private())
        .await
        .unwrap();
    assert_eq!(ask(redis.url(), &["SET key value"]), "+OK");
    redis.flush().await.unwrap();
    assert_eq!(ask(redis.url(), &["EXISTS key"]), ":0");
}

#[tokio::test]
async fn settings_are_the_servers() {
    let options = RedisOptions::default()
        .setting("appendonly", "yes")
        .setting("appendfsync", "always");
    let redis = Redis::start_with(options).await.unwrap();
    assert_eq!(ask(redis.url(), &["SET key value"]), "+OK");
    redis.stop_immediate().await.unwrap();
    redis.start_again().await.unwrap();
    assert_eq!(ask(redis.url(), &["EXISTS key"]), ":1");
}

#[tokio::test]
async fn nothing_listens_after_a_drop() {
    let redis = Redis::start_with(RedisOptions::default().private())
        .await
        .unwrap();
    let url = redis.url().to_owned();
    assert!(listens(&url));
    drop(redis);
    assert!(!listens(&url));
}
