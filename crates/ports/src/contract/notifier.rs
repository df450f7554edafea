//! The laws of the notifier.
//!
//! Every law gets a notifier that nobody else publishes to. A notifier may lose notices, but not while its
//! listeners keep up and nothing breaks; so what the laws publish beyond that must arrive.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use order_core::id::OrderId;
use order_core::lifecycle::RecordedEvent;
use tokio::time::{sleep, timeout};

use super::fixtures::{Walk, acceptance, name, spec};
use crate::{Notice, Notices, Notifier};

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
            a_listener_hears_an_orders_story_in_order,
            every_listener_hears_everything,
            a_listener_that_is_gone_harms_nobody,
            publishing_to_nobody_is_no_error,
            a_dropped_wait_loses_no_notice,
            a_slow_listener_holds_up_nobody_and_hears_again,
        ] }
    };
}

const PATIENCE: Duration = Duration::from_secs(20);

/// Published in one burst: more than any listener's buffer holds.
const FLOOD: usize = 40_000;

/// The whole story of the `n`-th order.
fn story(n: u32) -> Vec<Notice> {
    let mut walk = Walk::of(&acceptance(n, spec()));
    walk.route();
    let (attempt, _) = walk.submit();
    walk.confirm(&attempt);
    walk.story()
        .iter()
        .map(|event| Notice {
            owner: name("alice"),
            client_order_id: (n % 2 == 1).then(|| name("mine-1")),
            event: event.clone(),
        })
        .collect()
}

async fn publish(notifier: &dyn Notifier, notices: &[Notice]) {
    notifier.publish(notices.into()).await.unwrap();
}

/// The next notices, which must come.
async fn hear(listener: &mut dyn Notices) -> Arc<[Notice]> {
    let heard = timeout(PATIENCE, listener.next())
        .await
        .expect("a notice comes")
        .expect("the notifier lives");
    assert!(!heard.is_empty());
    heard
}

/// So many notices, in whatever portions they come.
async fn hear_all(listener: &mut dyn Notices, count: usize) -> Vec<Notice> {
    let mut heard = Vec::new();
    while heard.len() < count {
        heard.extend_from_slice(&hear(listener).await);
    }
    heard
}

fn of_order(heard: &[Notice], id: OrderId) -> Vec<RecordedEvent> {
    heard
        .iter()
        .map(|notice| &notice.event)
        .filter(|event| event.order_id == id)
        .cloned()
        .collect()
}

fn assert_heard(heard: &[Notice], stories: &[Vec<Notice>]) {
    for story in stories {
        let events: Vec<_> = story.iter().map(|notice| notice.event.clone()).collect();
        assert_eq!(of_order(heard, events[0].order_id), events);
    }
    assert_eq!(heard.len(), stories.iter().map(Vec::len).sum::<usize>());
}

/// Publishes the stories event by event, now one of this order, now one of that, some of them together.
async fn tell(notifier: &dyn Notifier, stories: &[Vec<Notice>]) {
    for at in (0..6).step_by(2) {
        for story in stories {
            publish(notifier, &story[at..=at]).await;
        }
        for pair in stories.chunks(2) {
            let together: Vec<_> = pair.iter().map(|story| story[at + 1].clone()).collect();
            publish(notifier, &together).await;
        }
    }
}

pub async fn a_listener_hears_an_orders_story_in_order(notifier: &dyn Notifier) {
    let stories: Vec<_> = (1..=25).map(story).collect();
    let mut listener = notifier.listen().await.unwrap();
    let (heard, ()) = tokio::join!(hear_all(&mut *listener, 150), tell(notifier, &stories));
    assert_heard(&heard, &stories);
    assert!(heard.iter().all(|notice| notice.owner == name("alice")));
}

pub async fn every_listener_hears_everything(notifier: &dyn Notifier) {
    let stories: Vec<_> = (1..=10).map(story).collect();
    let mut early = notifier.listen().await.unwrap();
    let mut other = notifier.listen().await.unwrap();
    let (first, second, ()) = tokio::join!(
        hear_all(&mut *early, 60),
        hear_all(&mut *other, 60),
        tell(notifier, &stories)
    );
    assert_heard(&first, &stories);
    assert_heard(&second, &stories);
}

pub async fn a_listener_that_is_gone_harms_nobody(notifier: &dyn Notifier) {
    let mut stays = notifier.listen().await.unwrap();
    let leaves = notifier.listen().await.unwrap();
    publish(notifier, &story(1)).await;
    drop(leaves);
    publish(notifier, &story(2)).await;
    assert_heard(&hear_all(&mut *stays, 12).await, &[story(1), story(2)]);
}

pub async fn publishing_to_nobody_is_no_error(notifier: &dyn Notifier) {
    publish(notifier, &story(1)).await;
    publish(notifier, &[]).await;
    let mut listener = notifier.listen().await.unwrap();
    publish(notifier, &[]).await;
    publish(notifier, &story(2)).await;
    // What was published before may be heard or not; an empty publication is not heard at all.
    while of_order(&hear(&mut *listener).await, story(2)[0].event.order_id).is_empty() {}
}

pub async fn a_dropped_wait_loses_no_notice(notifier: &dyn Notifier) {
    let stories: Vec<_> = (1..=25).map(story).collect();
    let mut listener = notifier.listen().await.unwrap();
    let impatient = async {
        let mut heard = Vec::new();
        for round in 0_u64.. {
            // Dropped before, while and after a notice arrives.
            if let Ok(notices) = timeout(Duration::from_millis(round % 4), listener.next()).await {
                heard.extend_from_slice(&notices.unwrap());
            }
            if heard.len() >= 150 {
                break;
            }
        }
        heard
    };
    let slowly = async {
        for story in &stories {
            publish(notifier, story).await;
            sleep(Duration::from_millis(1)).await;
        }
    };
    let (heard, ()) = tokio::join!(timeout(PATIENCE, impatient), slowly);
    assert_heard(&heard.expect("all notices come"), &stories);
}

pub async fn a_slow_listener_holds_up_nobody_and_hears_again(notifier: &dyn Notifier) {
    let mut sleepy = notifier.listen().await.unwrap();
    let notice = &story(1)[..1];
    let flood = async {
        for _ in 0..FLOOD / 100 {
            join_all((0..100).map(|_| publish(notifier, notice))).await;
        }
    };
    timeout(PATIENCE * 3, flood)
        .await
        .expect("nobody waits for the sleepy one");
    let mut missed = FLOOD;
    while let Ok(notices) = timeout(Duration::from_millis(500), sleepy.next()).await {
        missed -= notices.expect("the notifier lives").len();
    }
    assert!(
        missed > 0,
        "all {FLOOD} notices were kept for one that did not listen"
    );
    publish(notifier, &story(2)).await;
    assert_heard(&hear_all(&mut *sleepy, 6).await, &[story(2)]);
}
