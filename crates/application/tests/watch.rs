//! Watching: the whole history, then live, whatever the notifications do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "the clock of a test is the runtime's, which is paused"
)]

#[allow(dead_code, reason = "shared by several tests, each of which uses a part")]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use order_application::{Engine, OrderWatch, Settings, WatchError};
use order_core::order::{Order, Progress, RecordedEvent};
use order_core::time::Timestamp;
use order_ports::{MockOrderReader, OrderNotification, OrderPage};
use parking_lot::Mutex;
use support::{Wire, engine, history, id, notification, ports};
use tokio::sync::mpsc::UnboundedSender;

/// An engine whose store holds so much of a history, and the wire on which notifications come.
struct Scene {
    engine: Arc<Engine>,
    wire: UnboundedSender<OrderNotification>,
    events: Vec<RecordedEvent>,
    stored: Arc<Mutex<usize>>,
    /// The orders that a list shows which does not ask for open ones.
    listed: Arc<Mutex<Vec<Order>>>,
    /// Whether the store has forgotten the order.
    forgotten: Arc<AtomicBool>,
}

fn scene(stored: usize, settings: Settings) -> Scene {
    let (order, events) = history(1);
    let stored = Arc::new(Mutex::new(stored));
    let mut reader = MockOrderReader::new();
    let (known, visible) = (order.clone(), Arc::clone(&stored));
    let whole = events.len();
    let forgotten = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&forgotten);
    reader.expect_order().returning(move |asked| {
        if gone.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let finished = *visible.lock() == whole;
        let unfinished = history(1).0;
        let order = if finished {
            known.clone()
        } else {
            order_as_of_acceptance(&unfinished)
        };
        Ok((asked == id(1)).then_some(order))
    });
    let (all, visible) = (events.clone(), Arc::clone(&stored));
    let gone = Arc::clone(&forgotten);
    reader.expect_events().returning(move |_, after, limit| {
        let stored = if gone.load(Ordering::SeqCst) {
            0
        } else {
            *visible.lock()
        };
        Ok(all[..stored]
            .iter()
            .filter(|event| event.seq > after)
            .take(limit)
            .cloned()
            .collect())
    });
    let listed = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&listed);
    reader.expect_list().returning(move |filter, _, _| {
        let open = !filter.statuses.is_empty();
        Ok(OrderPage {
            items: if open { Vec::new() } else { all.lock().clone() },
            more: false,
        })
    });
    let visible = Arc::clone(&stored);
    let gone = Arc::clone(&forgotten);
    reader.expect_versions().returning(move |ids| {
        if gone.load(Ordering::SeqCst) {
            return Ok(Vec::new());
        }
        let version = u32::try_from(*visible.lock()).unwrap();
        Ok(ids.iter().map(|id| (*id, version)).collect())
    });
    let mut ports = ports();
    ports.reader = Arc::new(reader);
    let (notifier, wire) = Wire::new();
    ports.notifier = notifier;
    let (engine, _) = engine(ports, settings);
    Scene {
        engine,
        wire,
        events,
        stored,
        listed,
        forgotten,
    }
}

fn order_as_of_acceptance(order: &Order) -> Order {
    Order::accept(order.id(), order.spec().clone(), order.created_at()).0
}

impl Scene {
    async fn watch(&self, after: u32) -> OrderWatch {
        self.engine.watch(id(1), None, after).await.unwrap().unwrap().1
    }

    fn tell(&self, index: usize) {
        self.wire.send(notification(&self.events[index])).unwrap();
    }

    fn store(&self, count: usize) {
        *self.stored.lock() = count;
    }
}

async fn rest(watch: &mut OrderWatch) -> Vec<u32> {
    let mut seqs = Vec::new();
    while let Some(live) = watch.next().await.unwrap() {
        seqs.push(live.event().seq);
    }
    seqs
}

#[tokio::test(start_paused = true)]
async fn a_late_watcher_gets_the_whole_history_and_the_end() {
    let scene = scene(4, Settings::default());
    assert_eq!(rest(&mut scene.watch(0).await).await, [1, 2, 3, 4]);
    assert_eq!(rest(&mut scene.watch(2).await).await, [3, 4]);
    assert_eq!(rest(&mut scene.watch(4).await).await, [0u32; 0]);
}

/// A store in memory forgets orders that are over. A subscriber that missed the end and the reconciliations since must
/// not wait for ever.
#[tokio::test(start_paused = true)]
async fn a_watcher_of_an_order_that_is_forgotten_is_told_that_it_fell_behind() {
    let scene = scene(2, Settings::default());
    let mut watch = scene.watch(0).await;
    for seq in [1, 2] {
        assert_eq!(watch.next().await.unwrap().unwrap().event().seq, seq);
    }
    scene.forgotten.store(true, Ordering::SeqCst);
    let next = tokio::time::timeout(Settings::default().reconcile_interval * 3, watch.next());
    assert!(matches!(next.await, Ok(Err(WatchError::Overflow))));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_order_cannot_be_watched() {
    assert!(
        scene(4, Settings::default())
            .engine
            .watch(id(2), None, 0)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn notifications_that_repeat_or_come_late_are_told_once() {
    let scene = scene(1, Settings::default());
    let mut watch = scene.watch(0).await;
    assert_eq!(watch.next().await.unwrap().unwrap().event().seq, 1);
    scene.store(4);
    for index in [0, 1, 1, 2, 0, 2, 3] {
        scene.tell(index);
    }
    assert_eq!(rest(&mut watch).await, [2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_notification_is_read_from_the_store() {
    let scene = scene(1, Settings::default());
    let mut watch = scene.watch(0).await;
    assert_eq!(watch.next().await.unwrap().unwrap().event().seq, 1);
    scene.store(4);
    scene.tell(3);
    assert_eq!(rest(&mut watch).await, [2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_last_notification_is_found_by_the_reconciliation() {
    let scene = scene(1, Settings::default());
    let mut watch = scene.watch(0).await;
    assert_eq!(watch.next().await.unwrap().unwrap().event().seq, 1);
    scene.store(4);
    assert_eq!(rest(&mut watch).await, [2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_reads_too_slowly_is_dropped_and_holds_up_nobody() {
    let scene = scene(
        1,
        Settings {
            watch_buffer: 2,
            ..Settings::default()
        },
    );
    let mut slow = scene.watch(0).await;
    let mut quick = scene.watch(0).await;
    for _ in 0..10 {
        scene.tell(0);
        tokio::task::yield_now().await;
    }
    let drain = async {
        loop {
            if let Err(error) = slow.next().await {
                return error;
            }
        }
    };
    assert!(matches!(drain.await, WatchError::Overflow));
    drop(quick.next().await);
    assert_eq!(scene.engine.watchers(), 0, "both buffers overflowed");
    scene.store(4);
    assert_eq!(
        rest(&mut scene.watch(1).await).await,
        [2, 3, 4],
        "a subscriber that was dropped resumes"
    );
}

#[tokio::test(start_paused = true)]
async fn an_owner_sees_each_order_whole_and_once() {
    let scene = scene(4, Settings::default());
    let mut watch = scene.engine.watch_owner(Some("desk".parse().unwrap()));
    let mut somebody = scene.engine.watch_owner(Some("somebody".parse().unwrap()));
    // The first notification heard is the third event: the two before it are read from the store.
    let tell = async {
        tokio::task::yield_now().await;
        for index in [2, 2, 3] {
            scene.tell(index);
        }
    };
    let hear = async {
        let mut seqs = Vec::new();
        while seqs.len() < 4 {
            seqs.push(watch.next().await.unwrap().event().seq);
        }
        seqs
    };
    let ((), seqs) = tokio::join!(tell, hear);
    assert_eq!(seqs, [1, 2, 3, 4]);
    let waiting = tokio::time::timeout(Duration::from_secs(60), async {
        tokio::join!(watch.next(), somebody.next())
    });
    assert!(
        waiting.await.is_err(),
        "nothing is told twice, and nothing of others"
    );
}

/// Whether an owner whose watch begins ten seconds into the world is told of an order that ended after so long,
/// when every notification of it is lost and it was never found among the open ones.
async fn is_told_of_an_order_that_ended_after(millis: i64) -> bool {
    let scene = scene(4, Settings::default());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut watch = scene.engine.watch_owner(Some("desk".parse().unwrap()));
    let (order, _) = history(1);
    let progress = Progress {
        updated_at: Timestamp::from_millis(millis),
        ..order.progress().clone()
    };
    let order = Order::restore(order.id(), order.spec().clone(), order.created_at(), progress);
    *scene.listed.lock() = vec![order];
    let first = tokio::time::timeout(Duration::from_secs(60), watch.next()).await;
    first.is_ok()
}

#[tokio::test(start_paused = true)]
async fn an_owner_hears_of_an_order_that_came_and_went_unheard() {
    assert!(is_told_of_an_order_that_ended_after(10_500).await);
    assert!(!is_told_of_an_order_that_ended_after(4_000).await);
}
