//! The laws of the notifier.
//!
//! Every law gets a notifier that nobody else publishes to. A notifier may lose notifications, but not while its
//! listeners keep up and nothing breaks; so what the laws publish beyond that must arrive.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use order_core::id::OrderId;
use order_core::order::RecordedEvent;
use tokio::time::{sleep, timeout};

use super::fixtures::{Walk, acceptance, name, spec};
use crate::{Notifications, Notifier, OrderNotification};

/// Runs every law of the notifier as a test of its own.
///
/// Give it the attribute of the tests and an async function that makes a notifier; it may return anything that
/// dereferences to one.
///
/// ```ignore
/// async fn fresh() -> Arc<MemoryNotifier> { Arc::default() }
/// order_ports::notifier_contract!(#[tokio::test(start_paused = true)] fresh);
/// ```
#[macro_export]
macro_rules! notifier_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { notifier, [$(#[$attribute])+], $make, (), [
            a_listener_hears_an_orders_events_in_order,
            every_listener_hears_everything,
            a_listener_that_is_gone_harms_nobody,
            publishing_to_nobody_is_no_error,
            a_dropped_wait_loses_no_notification,
            a_slow_listener_holds_up_nobody_and_hears_again,
        ] }
    };
}

const PATIENCE: Duration = Duration::from_secs(20);

/// Published in one burst: more than any listener's buffer holds.
const FLOOD: usize = 40_000;

/// The whole history of the `n`-th order.
fn history(n: u32) -> Vec<OrderNotification> {
    let mut walk = Walk::of(&acceptance(n, spec()));
    walk.route();
    let (attempt, _) = walk.submit();
    walk.confirm(&attempt);
    walk.history()
        .iter()
        .map(|event| OrderNotification {
            owner: name("alice"),
            client_order_id: (n % 2 == 1).then(|| name("mine-1")),
            event: event.clone(),
        })
        .collect()
}

async fn publish(notifier: &dyn Notifier, notifications: &[OrderNotification]) {
    notifier.publish(notifications.into()).await.unwrap();
}

/// The next notifications, which must come.
async fn hear(listener: &mut dyn Notifications) -> Arc<[OrderNotification]> {
    let heard = timeout(PATIENCE, listener.next())
        .await
        .expect("a notification comes")
        .expect("the notifier lives");
    assert!(!heard.is_empty());
    heard
}

/// So many notifications, in whatever portions they come.
async fn hear_all(listener: &mut dyn Notifications, count: usize) -> Vec<OrderNotification> {
    let mut heard = Vec::new();
    while heard.len() < count {
        heard.extend_from_slice(&hear(listener).await);
    }
    heard
}

fn of_order(heard: &[OrderNotification], id: OrderId) -> Vec<RecordedEvent> {
    heard
        .iter()
        .map(|notification| &notification.event)
        .filter(|event| event.order_id == id)
        .cloned()
        .collect()
}

fn assert_heard(heard: &[OrderNotification], histories: &[Vec<OrderNotification>]) {
    for history in histories {
        let events: Vec<_> = history
            .iter()
            .map(|notification| notification.event.clone())
            .collect();
        assert_eq!(of_order(heard, events[0].order_id), events);
    }
    assert_eq!(heard.len(), histories.iter().map(Vec::len).sum::<usize>());
}

/// Publishes the histories event by event, now one of this order, now one of that, some of them together.
async fn tell(notifier: &dyn Notifier, histories: &[Vec<OrderNotification>]) {
    for at in (0..6).step_by(2) {
        for history in histories {
            publish(notifier, &history[at..=at]).await;
        }
        for pair in histories.chunks(2) {
            let together: Vec<_> = pair.iter().map(|history| history[at + 1].clone()).collect();
            publish(notifier, &together).await;
        }
    }
}

pub async fn a_listener_hears_an_orders_events_in_order(notifier: &dyn Notifier) {
    let histories: Vec<_> = (1..=25).map(history).collect();
    let mut listener = notifier.listen().await.unwrap();
    let (heard, ()) = tokio::join!(hear_all(&mut *listener, 150), tell(notifier, &histories));
    assert_heard(&heard, &histories);
    assert!(
        heard
            .iter()
            .all(|notification| notification.owner == name("alice"))
    );
}

pub async fn every_listener_hears_everything(notifier: &dyn Notifier) {
    let histories: Vec<_> = (1..=10).map(history).collect();
    let mut early = notifier.listen().await.unwrap();
    let mut other = notifier.listen().await.unwrap();
    let (first, second, ()) = tokio::join!(
        hear_all(&mut *early, 60),
        hear_all(&mut *other, 60),
        tell(notifier, &histories)
    );
    assert_heard(&first, &histories);
    assert_heard(&second, &histories);
}

pub async fn a_listener_that_is_gone_harms_nobody(notifier: &dyn Notifier) {
    let mut stays = notifier.listen().await.unwrap();
    let leaves = notifier.listen().await.unwrap();
    publish(notifier, &history(1)).await;
    drop(leaves);
    publish(notifier, &history(2)).await;
    assert_heard(&hear_all(&mut *stays, 12).await, &[history(1), history(2)]);
}

pub async fn publishing_to_nobody_is_no_error(notifier: &dyn Notifier) {
    publish(notifier, &history(1)).await;
    publish(notifier, &[]).await;
    let mut listener = notifier.listen().await.unwrap();
    publish(notifier, &[]).await;
    publish(notifier, &history(2)).await;
    // What was published before may be heard or not; an empty publication is not heard at all.
    while of_order(&hear(&mut *listener).await, history(2)[0].event.order_id).is_empty() {}
}

pub async fn a_dropped_wait_loses_no_notification(notifier: &dyn Notifier) {
    let histories: Vec<_> = (1..=25).map(history).collect();
    let mut listener = notifier.listen().await.unwrap();
    let impatient = async {
        let mut heard = Vec::new();
        for round in 0_u64.. {
            // Dropped before, while and after a notification arrives.
            if let Ok(notifications) = timeout(Duration::from_millis(round % 4), listener.next()).await {
                heard.extend_from_slice(&notifications.unwrap());
            }
            if heard.len() >= 150 {
                break;
            }
        }
        heard
    };
    let slowly = async {
        for history in &histories {
            publish(notifier, history).await;
            sleep(Duration::from_millis(1)).await;
        }
    };
    let (heard, ()) = tokio::join!(timeout(PATIENCE, impatient), slowly);
    assert_heard(&heard.expect("all notifications come"), &histories);
}

pub async fn a_slow_listener_holds_up_nobody_and_hears_again(notifier: &dyn Notifier) {
    let mut sleepy = notifier.listen().await.unwrap();
    let notification = &history(1)[..1];
    let flood = async {
        for _ in 0..FLOOD / 100 {
            join_all((0..100).map(|_| publish(notifier, notification))).await;
        }
    };
    timeout(PATIENCE * 3, flood)
        .await
        .expect("nobody waits for the sleepy one");
    let mut missed = FLOOD;
    while let Ok(notifications) = timeout(Duration::from_millis(500), sleepy.next()).await {
        missed -= notifications.expect("the notifier lives").len();
    }
    assert!(
        missed > 0,
        "all {FLOOD} notifications were kept for one that did not listen"
    );
    publish(notifier, &history(2)).await;
    assert_heard(&hear_all(&mut *sleepy, 6).await, &[history(2)]);
}
