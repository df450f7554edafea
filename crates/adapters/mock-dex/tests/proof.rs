//! "Past its last valid block and not found" proves that a transaction never lands: whatever happens between
//! any reading of the clock and what is done with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use order_core::time::Timestamp;
use order_core::token::TokenRegistry;
use order_core::venue::{SignedTransaction, TxStatus};
use order_mock_dex::{BLOCK_MS, FaultSettings, Market};
use order_ports::contract::fixtures::RAYDIUM;
use order_ports::{Clock, Settlement};
use support::{Counting, built, quiet, request};

type Deed = Box<dyn FnOnce() + Send>;

/// A clock that is set by hand, and during one reading of which somebody else does something.
#[derive(Default)]
struct Scripted {
    now_ms: AtomicU64,
    /// How many readings are left until then.
    countdown: AtomicI64,
    /// Whether it happens before the time is read, or between reading and telling it.
    before: bool,
    deed: Mutex<Option<Deed>>,
    doer: Mutex<Option<JoinHandle<()>>>,
}

impl Scripted {
    fn let_blocks_pass(&self, blocks: u64) {
        self.now_ms.fetch_add(blocks * BLOCK_MS, Ordering::SeqCst);
    }

    /// Somebody does it, unless a lock that the reader holds keeps them from it; then they come after.
    fn interrupt(&self) {
        if let Some(deed) = self.deed.lock().unwrap().take() {
            let (done, wait) = mpsc::channel();
            let doer = std::thread::spawn(move || {
                deed();
                // Nobody may be waiting any more.
                let _ = done.send(());
            });
            let _ = wait.recv_timeout(Duration::from_millis(20));
            *self.doer.lock().unwrap() = Some(doer);
        }
    }
}

#[async_trait]
impl Clock for Scripted {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn monotonic(&self) -> Duration {
        let due = self.countdown.fetch_sub(1, Ordering::SeqCst) == 0;
        if due && self.before {
            self.interrupt();
        }
        let now = Duration::from_millis(self.now_ms.load(Ordering::SeqCst));
        if due && !self.before {
            self.interrupt();
        }
        now
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }
}

fn at_once<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

fn send(market: &Arc<Market>, transaction: &SignedTransaction) {
    at_once(market.send(transaction)).unwrap();
}

fn ask(market: &Arc<Market>, transaction: &SignedTransaction) -> TxStatus {
    at_once(market.look_up(transaction.id, Duration::ZERO)).unwrap()
}

/// What happens first, and is interrupted by the other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    Sending,
    Asking,
}

/// Plays one case; false if the deed was never done, because there are not so many readings.
fn play(first: First, before: bool, reading: i64, late_landing_blocks: u64) -> bool {
    let clock = Arc::new(Scripted {
        countdown: AtomicI64::new(-1),
        before,
        ..Scripted::default()
    });
    let market = Market::new(
        &quiet(),
        &TokenRegistry::default(),
        clock.clone(),
        Counting::from(1),
    )
    .unwrap();
    market.set_faults(FaultSettings {
        late_landing_blocks,
        ..FaultSettings::default()
    });
    let transaction = at_once(built(&market, 1, RAYDIUM, &request("SOL", "USDC", "0.1")));
    // The last block in which it can be sent and land, at once or late (a block later, and that many more).
    let way = if late_landing_blocks == 0 {
        0
    } else {
        1 + late_landing_blocks
    };
    clock.let_blocks_pass(transaction.last_valid_height - market.height() - way);
    let heard = Arc::new(Mutex::new(None));
    let deed: Deed = {
        let (market, clock, transaction, heard) =
            (market.clone(), clock.clone(), transaction.clone(), heard.clone());
        Box::new(move || match first {
            First::Sending => {
                clock.let_blocks_pass(way + 1);
                *heard.lock().unwrap() = Some(ask(&market, &transaction));
            }
            First::Asking => {
                send(&market, &transaction);
                clock.let_blocks_pass(way + 1);
            }
        })
    };
    *clock.deed.lock().unwrap() = Some(deed);
    clock.countdown.store(reading, Ordering::SeqCst);
    match first {
        First::Sending => send(&market, &transaction),
        First::Asking => *heard.lock().unwrap() = Some(ask(&market, &transaction)),
    }
    let Some(doer) = clock.doer.lock().unwrap().take() else {
        return false;
    };
    doer.join().unwrap();
    clock.let_blocks_pass(5);
    let landed = !market.landed_after(0).is_empty();
    let heard = heard.lock().unwrap().take();
    let dead = matches!(
        heard, Some(TxStatus::NotFound { block_height }) if block_height > transaction.last_valid_height
    );
    assert!(
        !(dead && landed),
        "{first:?} interrupted (before: {before}) at reading {reading}, {late_landing_blocks} blocks late: \
         proven dead, and yet it landed"
    );
    true
}

#[test]
fn what_is_proven_dead_never_lands() {
    for first in [First::Sending, First::Asking] {
        for late in [0, 1] {
            for before in [true, false] {
                let readings = (0..20)
                    .take_while(|reading| play(first, before, *reading, late))
                    .count();
                assert!(
                    (2..20).contains(&readings),
                    "{first:?} reads the clock {readings} times"
                );
            }
        }
    }
}
