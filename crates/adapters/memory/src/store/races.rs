//! Many workers on many threads, with leases so short that they are lost all the time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::{Attempt, Event, Status};
use order_core::spec::OrderSpec;
use order_core::venue::TxId;
use order_ports::contract::fixtures::{Walk, acceptance, keyed, order_id, spec, worker};
use order_ports::{
    Acceptance, Accepted, Claim, Claimed, JournalError, Lease, OrderIntake, OrderJournal, OrderLeases,
    OrderReader, Sweep,
};
use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::MemoryStore;

const ORDERS: u32 = 60;

/// The venue: which transactions it has executed, and how often.
type Ledger = Mutex<HashMap<TxId, u32>>;

fn walk(claimed: &Claimed) -> Walk {
    let event = Acceptance {
        order: claimed.order.clone(),
        ..acceptance(0, spec())
    };
    Walk::of(&event)
}

/// Works on an order as far as its lease allows.
async fn work(store: &MemoryStore, ledger: &Ledger, claimed: Claimed) -> Result<(), JournalError> {
    let (mut walk, lease) = (walk(&claimed), claimed.lease);
    if let Some(attempt) = claimed.open_attempt {
        return resolve(store, ledger, &lease, &mut walk, &attempt).await;
    }
    let routed = walk.route();
    store.append(&lease, routed.moved()).await?;
    dawdle().await;
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await?;
    dawdle().await;
    resolve(store, ledger, &lease, &mut walk, &attempt).await
}

/// Sends what was written ahead, unless the venue has it, and records that it executed.
async fn resolve(
    store: &MemoryStore,
    ledger: &Ledger,
    lease: &Lease,
    walk: &mut Walk,
    attempt: &Attempt,
) -> Result<(), JournalError> {
    ledger.lock().entry(attempt.transaction.id).or_insert(1);
    dawdle().await;
    let (outcome, steps) = walk.confirm(attempt);
    store
        .record(lease, Some(outcome), Release::Done, steps.moved())
        .await
}

/// Long enough to lose a lease now and then.
async fn dawdle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn serve(store: Arc<MemoryStore>, ledger: Arc<Ledger>, number: u64) -> u32 {
    let mut fenced = 0;
    let mut open: HashSet<OrderId> = (0..ORDERS).map(order_id).collect();
    while !open.is_empty() {
        for id in open.clone() {
            match store
                .claim(id, worker(number), Duration::from_millis(number % 4))
                .await
                .unwrap()
            {
                Claim::Taken(claimed) => match work(&store, &ledger, *claimed).await {
                    Ok(()) => {}
                    Err(JournalError::Fenced) => fenced += 1,
                    Err(JournalError::Store(error)) => panic!("{error:?}"),
                },
                Claim::NotNow => tokio::task::yield_now().await,
                Claim::Finished => _ = open.remove(&id),
                Claim::NoSuchOrder => panic!("{id} was lost"),
            }
            store.due(Sweep::Overdue(Duration::ZERO), 5).await.unwrap();
        }
    }
    fenced
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_that_lose_their_leases_execute_every_order_once() {
    let (store, ledger) = (Arc::new(MemoryStore::new()), Arc::new(Ledger::default()));
    for n in 0..ORDERS {
        store.accept(acceptance(n, spec())).await.unwrap();
    }
    let mut workers = JoinSet::new();
    for number in 1..=12 {
        workers.spawn(serve(store.clone(), ledger.clone(), number));
    }
    let fenced: u32 = workers.join_all().await.into_iter().sum();
    assert!(fenced > 0, "nobody lost a lease, so this showed nothing");

    let mut executed = HashSet::new();
    for n in 0..ORDERS {
        let events = store.events(order_id(n), 0, usize::MAX).await.unwrap();
        assert!(
            events.iter().zip(1..).all(|(event, seq)| event.seq == seq),
            "{events:#?}"
        );
        assert_eq!(
            store.order(order_id(n)).await.unwrap().unwrap().status(),
            Status::Confirmed
        );
        let sent = events.iter().filter_map(|event| match &event.event {
            Event::Submitted { tx_id, .. } => Some(*tx_id),
            _ => None,
        });
        let sent: Vec<_> = sent.collect();
        assert_eq!(sent.len(), 1, "{events:#?}");
        executed.insert(sent[0]);
    }
    assert_eq!(ledger.lock().keys().copied().collect::<HashSet<_>>(), executed);
    assert_eq!(
        store
            .shards
            .iter()
            .map(|shard| shard.lock().scheduled())
            .sum::<usize>(),
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_send_the_same_requests_store_each_once() {
    const KEYS: u32 = 200;
    let store = Arc::new(MemoryStore::new());
    let mut callers = JoinSet::new();
    for caller in 0..8_u32 {
        let store = store.clone();
        callers.spawn(async move {
            let mut first = 0;
            for n in 0..KEYS {
                // Both names, so that a request takes two locks; half the callers go the other way round.
                let n = if caller % 2 == 0 { n } else { KEYS - 1 - n };
                let client_order_id = Some(format!("k{}", (n + 7) % KEYS).parse().unwrap());
                let spec = OrderSpec {
                    client_order_id,
                    ..spec()
                };
                match store
                    .accept(keyed(caller * KEYS + n, spec, &format!("k{n}")))
                    .await
                    .unwrap()
                {
                    Accepted::New => first += 1,
                    Accepted::Replayed(id) => assert!(store.order(id).await.unwrap().is_some()),
                }
            }
            first
        });
    }
    assert_eq!(callers.join_all().await.into_iter().sum::<u32>(), KEYS);
}
