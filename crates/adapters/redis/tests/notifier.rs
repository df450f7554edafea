//! The notifier when something breaks.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use order_ports::{Notifications, Notifier, NotifyError, OrderNotification};
use order_redis::RedisNotifier;
use support::{PATIENCE, TestServer};
use tokio::time::{sleep, timeout};

fn notification(seq: u32) -> Arc<[OrderNotification]> {
    [support::notification(seq)].into()
}

async fn hear(listener: &mut dyn Notifications) -> u32 {
    timeout(PATIENCE, listener.next()).await.unwrap().unwrap()[0]
        .event
        .seq
}

/// Speaks until it is heard, and returns with what.
async fn speak_until_heard(speaker: &RedisNotifier, listener: &mut dyn Notifications) -> u32 {
    for seq in 1_000.. {
        speaker.publish(notification(seq)).await.unwrap();
        if let Ok(heard) = timeout(Duration::from_millis(50), listener.next()).await {
            return heard.unwrap()[0].event.seq;
        }
        assert!(seq < 1_400, "nothing was heard for 20 seconds");
    }
    0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_killed_comes_back() {
    let test = TestServer::private().await;
    let (speaker, hearer) = (
        RedisNotifier::new(&test.connect()),
        RedisNotifier::new(&test.connect()),
    );
    let mut listener = hearer.listen().await.unwrap();
    speaker.publish(notification(1)).await.unwrap();
    assert_eq!(hear(&mut *listener).await, 1);
    for _ in 0..3 {
        assert_eq!(test.say::<u64>(&["CLIENT", "KILL", "TYPE", "pubsub"]).await, 1);
        assert!(speak_until_heard(&speaker, &mut *listener).await >= 1_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_survives_a_restart_of_redis() {
    let test = TestServer::private().await;
    let (speaker, hearer) = (
        RedisNotifier::new(&test.connect()),
        RedisNotifier::new(&test.connect()),
    );
    let mut listener = hearer.listen().await.unwrap();
    test.redis().stop_immediate().await.unwrap();
    let refused = timeout(PATIENCE, speaker.publish(notification(1))).await.unwrap();
    assert!(matches!(refused, Err(NotifyError::Unavailable(_))));
    test.redis().start_again().await.unwrap();
    let back = async {
        while speaker.publish(notification(2)).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
        speak_until_heard(&speaker, &mut *listener).await
    };
    assert!(timeout(PATIENCE, back).await.unwrap() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_hears_itself_while_redis_is_away() {
    let test = TestServer::private().await;
    let notifier = RedisNotifier::new(&test.connect());
    let mut listener = notifier.listen().await.unwrap();
    test.redis().stop_immediate().await.unwrap();
    assert!(
        notifier.publish(notification(7)).await.is_err(),
        "the others were not told"
    );
    assert_eq!(hear(&mut *listener).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_hears_itself_once() {
    let test = TestServer::start().await;
    let (here, there) = (
        RedisNotifier::new(&test.connect()),
        RedisNotifier::new(&test.connect()),
    );
    let mut listener = here.listen().await.unwrap();
    here.publish(notification(1)).await.unwrap();
    there.publish(notification(2)).await.unwrap();
    assert_eq!((hear(&mut *listener).await, hear(&mut *listener).await), (1, 2));
    assert!(
        timeout(Duration::from_millis(200), listener.next())
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_passed_over() {
    let test = TestServer::start().await;
    let (speaker, hearer) = (
        RedisNotifier::new(&test.connect()),
        RedisNotifier::new(&test.connect()),
    );
    let mut listener = hearer.listen().await.unwrap();
    let channel = format!("{{{}orders}}:events", test.redis().prefix());
    assert_eq!(test.say::<u64>(&["PUBLISH", &channel, "hello"]).await, 1);
    assert_eq!(
        test.say::<u64>(&["PUBLISH", &channel, "\u{2}aaaaaaaaaaaaaaaaaaaa[[}"])
            .await,
        1
    );
    speaker.publish(notification(3)).await.unwrap();
    assert_eq!(hear(&mut *listener).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_learn_that_the_notifier_is_gone() {
    let test = TestServer::start().await;
    let notifier = RedisNotifier::new(&test.connect());
    let mut listener = notifier.listen().await.unwrap();
    drop(notifier);
    assert!(timeout(PATIENCE, listener.next()).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_begin_to_listen_without_redis() {
    let test = TestServer::private().await;
    let notifier = RedisNotifier::new(&test.connect());
    test.redis().stop_immediate().await.unwrap();
    assert!(notifier.listen().await.is_err());
    test.redis().start_again().await.unwrap();
    let begun = async { while notifier.listen().await.is_err() {} };
    timeout(PATIENCE, begun).await.unwrap();
}
