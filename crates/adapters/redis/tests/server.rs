//! What the check at start says, and the dispatch limit that several processes share.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::num::NonZeroU32;
use std::time::Duration;

use order_ports::DispatchLimit;
use order_redis::{CheckError, RedisDispatchWindow, RedisServer, RedisSettings};
use order_test_servers::RedisOptions;
use support::{PATIENCE, TestServer};
use tokio::time::{Instant, timeout};

/// What the check says about this address, which it finds without waiting for anything to get better.
async fn check(test: &TestServer, address: &str) -> Result<(), CheckError> {
    timeout(PATIENCE, check_within(PATIENCE * 2, test, address))
        .await
        .unwrap()
}

async fn check_within(startup: Duration, test: &TestServer, address: &str) -> Result<(), CheckError> {
    let mut settings = RedisSettings::new(address.parse().unwrap(), test.settings().consumer);
    settings.startup_patience = startup;
    RedisServer::connect(settings).unwrap().check().await
}

/// The address with other credentials.
fn with_credentials(test: &TestServer, credentials: &str) -> String {
    let (_, host) = test.redis().url().rsplit_once('@').unwrap();
    format!("redis://{credentials}{host}")
}

/// The whole message, with its causes.
fn told(error: &CheckError) -> String {
    let mut told = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_server_passes() {
    let test = TestServer::start().await;
    let server = test.connect();
    server.check().await.unwrap();
    server.check().await.unwrap();
    server.probe().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_and_a_wrong_password_are_named_at_once_and_not_shown() {
    let test = TestServer::private().await;
    let missing = check(&test, &with_credentials(&test, "")).await.unwrap_err();
    assert!(
        matches!(missing, CheckError::PasswordMissing { .. }),
        "{}",
        told(&missing)
    );
    let wrong = check(&test, &with_credentials(&test, ":hunter2@"))
        .await
        .unwrap_err();
    assert!(
        matches!(wrong, CheckError::WrongPassword { .. }),
        "{}",
        told(&wrong)
    );
    let nobody = check(&test, &with_credentials(&test, "nobody:hunter2@"))
        .await
        .unwrap_err();
    assert!(
        matches!(nobody, CheckError::WrongPassword { .. }),
        "{}",
        told(&nobody)
    );
    assert!(!format!("{} {wrong:?} {nobody:?}", told(&wrong)).contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_waited_for() {
    let test = TestServer::private().await;
    let address = test.redis().url().to_owned();
    test.redis().stop_immediate().await.unwrap();
    let missing = check_within(Duration::from_millis(700), &test, &address)
        .await
        .unwrap_err();
    assert!(
        matches!(missing, CheckError::Unreachable { .. }),
        "{}",
        told(&missing)
    );
    assert!(told(&missing).contains("127.0.0.1"), "{}", told(&missing));
    let server = test.connect();
    assert!(server.probe().await.is_err());
    let (checked, ()) = tokio::join!(server.check(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        test.redis().start_again().await.unwrap();
    });
    checked.unwrap();
    server.probe().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_evicts_is_refused() {
    let options = RedisOptions::default().setting("maxmemory-policy", "allkeys-lru");
    let test = TestServer::with(options).await;
    let refused = check(&test, test.redis().url()).await.unwrap_err();
    assert!(matches!(refused, CheckError::Evicts { .. }));
    assert!(told(&refused).contains("allkeys-lru") && told(&refused).contains("noeviction"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_refused() {
    let test = TestServer::private().await;
    test.say::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let refused = check(&test, test.redis().url()).await.unwrap_err();
    assert!(
        matches!(refused, CheckError::Replica { .. }),
        "{}",
        told(&refused)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_look_passes_and_one_who_may_not_work_is_named() {
    let test = TestServer::private().await;
    test.say::<()>(&[
        "ACL", "SETUSER", "worker", "on", ">pw", "~*", "&*", "+@all", "-info", "-config",
    ])
    .await;
    check(&test, &with_credentials(&test, "worker:pw@"))
        .await
        .unwrap();
    test.say::<()>(&[
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">pw",
        "~*",
        "+@read",
        "+@connection",
        "+info",
    ])
    .await;
    let refused = check(&test, &with_credentials(&test, "reader:pw@"))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, CheckError::Forbidden { .. }),
        "{}",
        told(&refused)
    );
    assert!(told(&refused).contains("xgroup"), "{}", told(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_one_dispatch_limit() {
    const LIMIT: NonZeroU32 = NonZeroU32::new(20).unwrap();
    const WINDOW: Duration = Duration::from_secs(2);
    let test = TestServer::start().await;
    let worker = || async {
        let limit = RedisDispatchWindow::new(&test.connect(), LIMIT, WINDOW);
        let mut granted = Vec::new();
        while granted.len() < 25 {
            limit.acquire().await.unwrap();
            granted.push(Instant::now());
        }
        granted
    };
    let (a, b) = tokio::join!(worker(), worker());
    let mut granted = [a, b].concat();
    granted.sort_unstable();
    // They are timed after they were granted, which takes a moment.
    let slack = WINDOW / 4;
    for (first, next) in granted.iter().zip(granted.iter().skip(20)) {
        assert!(*next - *first + slack >= WINDOW, "21 in {:?}", *next - *first);
    }
    let all = *granted.last().unwrap() - granted[0];
    assert!(all < WINDOW * 3, "50 took {all:?}: the window is not used up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_stops_the_dispatch_for_a_window_at_most() {
    let test = TestServer::start().await;
    let limit = RedisDispatchWindow::new(&test.connect(), NonZeroU32::MIN, Duration::from_secs(1));
    limit.acquire().await.unwrap();
    let key = format!("{{{}orders}}:dispatched", test.redis().prefix());
    // As if the last grant had been an hour from now.
    let grant: u64 = test.say(&["LINDEX", &key, "0"]).await;
    test.say::<()>(&["LSET", &key, "0", &(grant + 3_600_000_000).to_string()])
        .await;
    let began = Instant::now();
    timeout(PATIENCE, limit.acquire()).await.unwrap().unwrap();
    assert!(
        began.elapsed() >= Duration::from_millis(950),
        "after {:?}",
        began.elapsed()
    );
}
