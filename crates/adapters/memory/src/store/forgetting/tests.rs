use std::collections::HashSet;
use std::sync::Arc;

use order_core::lifecycle::Release;
use order_core::spec::OrderSpec;
use order_ports::contract::fixtures::{Walk, acceptance, name, order_id, spec, worker};
use order_ports::{
    Acceptance, Accepted, Claim, Lease, OrderAudit, OrderFilter, OrderIntake, OrderJournal, OrderLeases,
    OrderReader, Sweep,
};

use super::*;

const LONG: Duration = Duration::from_secs(86_400);

fn store(orders: usize, age: Duration) -> (MemoryStore, Arc<Mutex<Vec<TxId>>>) {
    let told = Arc::<Mutex<Vec<TxId>>>::default();
    let listener = Arc::clone(&told);
    let store = MemoryStore::forgetting(Retention { orders, age }, move |ids| {
        listener.lock().extend_from_slice(ids);
    });
    (store, told)
}

/// An order of an owner of its own, with both kinds of names.
fn request(n: u32) -> Acceptance {
    let spec = OrderSpec {
        owner: name(&format!("owner-{n}")),
        client_order_id: Some(name("mine")),
        ..spec()
    };
    Acceptance {
        idempotency_key: Some(name("key")),
        ..acceptance(n, spec)
    }
}

async fn begin(store: &MemoryStore, n: u32) -> (Walk, Lease) {
    let acceptance = request(n);
    let walk = Walk::of(&acceptance);
    assert_eq!(store.accept(acceptance).await.unwrap(), Accepted::New);
    match store.claim(order_id(n), worker(1), LONG).await.unwrap() {
        Claim::Taken(claimed) => (walk, claimed.lease),
        other => panic!("{other:?}"),
    }
}

/// Executes an order; its transaction.
async fn execute(store: &MemoryStore, n: u32) -> TxId {
    let (mut walk, lease) = begin(store, n).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    let (outcome, steps) = walk.confirm(&attempt);
    let (outcome, done) = (Some(outcome), Release::Done);
    store.record(&lease, outcome, done, steps.moved()).await.unwrap();
    attempt.transaction.id
}

/// Of everything that the store keeps, how many.
fn entries(store: &MemoryStore) -> Vec<usize> {
    let shards = store.shards.iter().map(|shard| shard.lock().entries());
    let sum = |mut all: [usize; 5], of_shard: [usize; 5]| {
        all.iter_mut().zip(of_shard).for_each(|(all, more)| *all += more);
        all
    };
    let mut all = shards.fold([0; 5], sum).to_vec();
    all.push(store.names.taken());
    all.push(store.ended.line.lock().len());
    all
}

/// A process that never ends must not grow with every order that ever was.
#[tokio::test(start_paused = true)]
async fn however_many_orders_end_so_many_are_kept_and_no_more() {
    let (store, told) = store(50, LONG);
    let mut executed = Vec::new();
    for n in 0..3_000 {
        executed.push(execute(&store, n).await);
        let [records, newest, owned, owners, live, names, line] = entries(&store)[..] else {
            panic!("another kind of entry")
        };
        assert!(
            records <= 50 && live == 0 && names <= 100,
            "{n}: {:?}",
            entries(&store)
        );
        assert_eq!([newest, owned, owners, line], [records; 4]);
    }
    // The last ones are here as they were, and nothing of the others.
    assert!(store.order(order_id(2_950)).await.unwrap().is_some());
    assert_eq!(store.events(order_id(2_950), 0, 10).await.unwrap().len(), 6);
    assert!(store.order(order_id(2_949)).await.unwrap().is_none());
    assert!(store.events(order_id(2_949), 0, 10).await.unwrap().is_empty());
    assert_eq!(store.audit(None, 100).await.unwrap().len(), 50);
    // Each forgotten transaction was told, once, and no other.
    let told = told.lock().clone();
    let once: HashSet<_> = told.iter().copied().collect();
    assert_eq!(once.len(), told.len());
    assert_eq!(once, executed[..2_950].iter().copied().collect());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_forgotten_though_nothing_else_ends() {
    let (store, _) = store(1_000, LONG);
    for n in 0..20 {
        execute(&store, n).await;
    }
    tokio::time::sleep(LONG / 2).await;
    execute(&store, 20).await;
    tokio::time::sleep(LONG / 2).await;
    store.due(Sweep::Everything, 10).await.unwrap();
    assert!(store.order(order_id(19)).await.unwrap().is_none());
    assert!(store.order(order_id(20)).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_live_order_is_never_forgotten() {
    let (store, _) = store(1, Duration::from_secs(1));
    let (mut walk, lease) = begin(&store, 1_000).await;
    for n in 0..100 {
        execute(&store, n).await;
    }
    tokio::time::sleep(LONG / 2).await;
    store.due(Sweep::Everything, 10).await.unwrap();
    assert!(store.order(order_id(1_000)).await.unwrap().is_some());
    let again = store.accept(request(1_000)).await.unwrap();
    assert_eq!(again, Accepted::Replayed(order_id(1_000)));
    // It goes on where it was, and is forgotten once it is over and others have ended since.
    let (done, end) = (Release::Done, walk.fail());
    store.record(&lease, None, done, end.moved()).await.unwrap();
    execute(&store, 100).await;
    assert!(store.order(order_id(1_000)).await.unwrap().is_none());
}

/// A key is remembered as long as its order, and so is the caller's own id.
#[tokio::test(start_paused = true)]
async fn the_names_of_a_forgotten_order_may_be_given_again() {
    let (store, _) = store(1, LONG);
    execute(&store, 1).await;
    let replayed = store.accept(request(1)).await.unwrap();
    assert_eq!(replayed, Accepted::Replayed(order_id(1)));
    execute(&store, 2).await;
    let known = store
        .find_replayed(request(1).order.spec(), Some(name("key")))
        .await
        .unwrap();
    assert_eq!(known, None);
    // The same names, for another order.
    let second = Acceptance {
        idempotency_key: Some(name("key")),
        ..acceptance(3, request(1).order.spec().clone())
    };
    assert_eq!(store.accept(second).await.unwrap(), Accepted::New);
    let again = store.accept(request(1)).await.unwrap();
    assert_eq!(again, Accepted::Replayed(order_id(3)));
}

/// A list that is read page by page while orders are forgotten shows each order once, and goes on.
#[tokio::test(start_paused = true)]
async fn a_cursor_outlives_the_order_that_it_names() {
    let (store, _) = store(40, LONG);
    for n in 0..40 {
        execute(&store, n).await;
    }
    let filter = OrderFilter::default();
    let first = store.list(&filter, None, 20).await.unwrap();
    let cursor = first.items.last().unwrap().id();
    assert_eq!(cursor, order_id(20));
    for n in 40..65 {
        execute(&store, n).await;
    }
    assert!(store.order(cursor).await.unwrap().is_none());
    let rest = store.list(&filter, Some(cursor), 20).await.unwrap();
    assert!(rest.items.is_empty() && !rest.more);
    let newest = store.list(&filter, None, 100).await.unwrap();
    assert_eq!(newest.items.len(), 40);
}
