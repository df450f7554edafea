//! Accepting: stored durably, once for each request.

use futures_util::future::join_all;
use order_core::amount::Amount;
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::spec::{OrderSpec, Protection};
use order_core::time_in_force::TimeInForce;

use super::{Store, accepted, accepted_as, assert_stored, execute, hold};
use crate::contract::fixtures::{EPOCH, Walk, acceptance, accepted_at, keyed, name, order_id, spec, swap};
use crate::{AcceptError, Accepted, OrderFilter};

pub async fn an_accepted_order_reads_back_as_it_was(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    assert_stored(store, &walk).await;
    let order = store.order(order_id(1)).await.unwrap().unwrap();
    assert_eq!(order.created_at(), accepted_at(1));
    assert_eq!(order.progress().updated_at, accepted_at(1));
}

pub async fn every_kind_of_order_reads_back_as_it_was(store: &dyn Store) {
    let price = |units| Price::new(units);
    let kinds = [
        OrderKind::Market,
        OrderKind::Limit(LimitOrder {
            limit_price: price(149_622_015_000_000_000_001),
        }),
        OrderKind::StopLimit(StopLimitOrder {
            stop_price: price(1),
            limit_price: price(u128::MAX),
        }),
        OrderKind::Sniper,
    ];
    let protections = [
        Protection::Slippage(0),
        Protection::MinOut(Amount::new(u128::MAX)),
    ];
    let lives = [
        TimeInForce::Gtc,
        TimeInForce::Ioc,
        TimeInForce::Fok,
        TimeInForce::Gtd(EPOCH),
    ];
    let mut n: u32 = 0;
    for kind in kinds {
        for (protection, time_in_force) in protections.iter().cycle().zip(lives) {
            for (priority, amount_in) in
                Priority::ALL
                    .into_iter()
                    .zip([1, u128::from(u64::MAX) + 1, u128::MAX])
            {
                n += 1;
                let client_order_id = n.is_multiple_of(2).then(|| name(&format!("c'1\" \\%_{n}")));
                let spec = OrderSpec {
                    kind,
                    protection: *protection,
                    time_in_force,
                    priority,
                    client_order_id,
                    ..swap("USDC", "SOL", amount_in)
                };
                let walk = accepted_as(store, n, spec).await;
                assert_stored(store, &walk).await;
            }
        }
    }
}

pub async fn the_same_request_with_the_same_key_is_the_same_order(store: &dyn Store) {
    assert_eq!(store.accept(keyed(1, spec(), "k")).await.unwrap(), Accepted::New);
    assert_eq!(
        store.accept(keyed(2, spec(), "k")).await.unwrap(),
        Accepted::Replayed(order_id(1))
    );
    assert_eq!(
        store.accept(keyed(3, spec(), "k")).await.unwrap(),
        Accepted::Replayed(order_id(1))
    );
    assert_only(store, &[1]).await;
}

pub async fn a_key_used_for_another_order_is_refused(store: &dyn Store) {
    assert_eq!(store.accept(keyed(1, spec(), "k")).await.unwrap(), Accepted::New);
    let other = OrderSpec {
        amount_in: Amount::new(1),
        ..spec()
    };
    let refused = store.accept(keyed(2, other, "k")).await;
    assert!(
        matches!(refused, Err(AcceptError::KeyReused(id)) if id == order_id(1)),
        "{refused:?}"
    );
    assert_only(store, &[1]).await;
}

pub async fn a_request_that_names_no_slippage_is_the_same_under_another_default(store: &dyn Store) {
    let slippage = |bps, slippage_by_default| OrderSpec {
        protection: Protection::Slippage(bps),
        slippage_by_default,
        ..spec()
    };
    let first = keyed(1, slippage(50, true), "k");
    let walk = Walk::of(&first);
    assert_eq!(store.accept(first).await.unwrap(), Accepted::New);
    assert_eq!(
        store.accept(keyed(2, slippage(75, true), "k")).await.unwrap(),
        Accepted::Replayed(order_id(1))
    );
    let chosen = store.accept(keyed(3, slippage(75, false), "k")).await;
    assert!(
        matches!(chosen, Err(AcceptError::KeyReused(id)) if id == order_id(1)),
        "{chosen:?}"
    );
    // What was promised first stands.
    assert_stored(store, &walk).await;
}

fn named(client_order_id: &str) -> OrderSpec {
    OrderSpec {
        client_order_id: Some(name(client_order_id)),
        ..spec()
    }
}

pub async fn the_same_request_with_the_same_client_order_id_is_the_same_order(store: &dyn Store) {
    assert_eq!(
        store.accept(acceptance(1, named("c"))).await.unwrap(),
        Accepted::New
    );
    assert_eq!(
        store.accept(acceptance(2, named("c"))).await.unwrap(),
        Accepted::Replayed(order_id(1))
    );
    assert_eq!(
        store.accept(keyed(3, named("c"), "k")).await.unwrap(),
        Accepted::Replayed(order_id(1))
    );
    assert_only(store, &[1]).await;
}

pub async fn a_client_order_id_used_for_another_order_is_refused(store: &dyn Store) {
    assert_eq!(
        store.accept(acceptance(1, named("c"))).await.unwrap(),
        Accepted::New
    );
    let other = OrderSpec {
        priority: Priority::High,
        ..named("c")
    };
    let refused = store.accept(keyed(2, other, "k")).await;
    assert!(
        matches!(refused, Err(AcceptError::ClientOrderIdReused(id)) if id == order_id(1)),
        "{refused:?}"
    );
    assert_only(store, &[1]).await;
}

pub async fn equal_orders_without_keys_are_different_orders(store: &dyn Store) {
    accepted(store, 1).await;
    accepted(store, 2).await;
    assert_only(store, &[2, 1]).await;
}

pub async fn keys_of_different_owners_do_not_meet(store: &dyn Store) {
    let bobs = |spec: OrderSpec| OrderSpec {
        owner: name("bob"),
        ..spec
    };
    assert_eq!(
        store.accept(keyed(1, named("c"), "k")).await.unwrap(),
        Accepted::New
    );
    assert_eq!(
        store.accept(keyed(2, bobs(named("c")), "k")).await.unwrap(),
        Accepted::New
    );
    assert_eq!(
        store.accept(keyed(3, bobs(named("c")), "k")).await.unwrap(),
        Accepted::Replayed(order_id(2))
    );
    assert_only(store, &[2, 1]).await;
}

pub async fn a_key_and_a_client_order_id_of_the_same_name_do_not_meet(store: &dyn Store) {
    assert_eq!(
        store.accept(keyed(1, spec(), "same")).await.unwrap(),
        Accepted::New
    );
    assert_eq!(
        store.accept(acceptance(2, named("same"))).await.unwrap(),
        Accepted::New
    );
    assert_only(store, &[2, 1]).await;
}

pub async fn of_many_equal_requests_at_once_one_is_stored(store: &dyn Store) {
    let answers = join_all((1..=24).map(|n| store.accept(keyed(n, spec(), "k")))).await;
    let stored = ids_of(store).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        answers.iter().filter(|answer| **answer == Accepted::New).count(),
        1,
        "{answers:?}"
    );
    let replayed = answers
        .iter()
        .filter(|answer| **answer == Accepted::Replayed(stored[0]))
        .count();
    assert_eq!(replayed, 23, "{answers:?}");
}

pub async fn of_many_different_requests_at_once_with_one_key_one_is_stored(store: &dyn Store) {
    let different = |n: u32| OrderSpec {
        amount_in: Amount::new(u128::from(n)),
        ..spec()
    };
    let answers = join_all((1..=24).map(|n| store.accept(keyed(n, different(n), "k")))).await;
    let stored = ids_of(store).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    let new = answers
        .iter()
        .filter(|answer| matches!(answer, Ok(Accepted::New)))
        .count();
    let refused = |answer: &_| matches!(answer, Err(AcceptError::KeyReused(id)) if *id == stored[0]);
    assert_eq!(
        (new, answers.iter().filter(|answer| refused(answer)).count()),
        (1, 23),
        "{answers:?}"
    );
}

pub async fn of_many_accepts_at_once_none_is_lost(store: &dyn Store) {
    let answers = join_all((1..=300).map(|n| store.accept(acceptance(n, spec())))).await;
    for (n, answer) in (1..=300).zip(answers) {
        assert_eq!(answer.unwrap(), Accepted::New);
        assert_stored(store, &Walk::of(&acceptance(n, spec()))).await;
    }
}

pub async fn a_finished_order_still_answers_for_its_key(store: &dyn Store) {
    let first = keyed(1, named("c"), "k");
    let mut walk = Walk::of(&first);
    assert_eq!(store.accept(first).await.unwrap(), Accepted::New);
    let lease = hold(store, &walk).await;
    execute(store, &lease, &mut walk).await;
    assert_eq!(
        store.accept(keyed(2, named("c"), "k")).await.unwrap(),
        Accepted::Replayed(order_id(1))
    );
    assert_eq!(
        store.accept(acceptance(3, named("c"))).await.unwrap(),
        Accepted::Replayed(order_id(1))
    );
    assert_stored(store, &walk).await;
}

pub async fn a_refused_order_leaves_nothing_behind(store: &dyn Store) {
    assert_eq!(store.accept(keyed(1, spec(), "k")).await.unwrap(), Accepted::New);
    assert!(store.accept(keyed(2, named("c"), "k")).await.is_err());
    assert_eq!(store.order(order_id(2)).await.unwrap(), None);
    assert_eq!(store.events(order_id(2), 0, 10).await.unwrap(), []);
    // Neither its client order id nor its own id is taken by it.
    assert_eq!(
        store.accept(acceptance(2, named("c"))).await.unwrap(),
        Accepted::New
    );
}

/// A caller that got no answer sends the very same order again.
pub async fn an_order_accepted_twice_is_stored_once(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    assert_eq!(
        store.accept(acceptance(1, spec())).await.unwrap(),
        Accepted::Replayed(order_id(1))
    );
    assert_stored(store, &walk).await;
}

pub async fn what_was_accepted_is_recalled_by_its_names(store: &dyn Store) {
    let recalled = async |spec, key: Option<&str>| store.find_replayed(&spec, key.map(name)).await.unwrap();
    assert_eq!(recalled(named("c"), Some("k")).await, None);
    assert_only(store, &[]).await;
    assert_eq!(store.accept(keyed(1, spec(), "k")).await.unwrap(), Accepted::New);
    assert_eq!(
        store.accept(keyed(2, named("c"), "other")).await.unwrap(),
        Accepted::New
    );
    assert_eq!(recalled(spec(), Some("k")).await, Some(order_id(1)));
    assert_eq!(recalled(named("c"), None).await, Some(order_id(2)));
    assert_eq!(recalled(named("c"), Some("new")).await, Some(order_id(2)));
    // No name, no memory; and an owner's names are that owner's.
    assert_eq!(recalled(spec(), None).await, None);
    let bobs = OrderSpec {
        owner: name("bob"),
        ..named("c")
    };
    assert_eq!(recalled(bobs, Some("k")).await, None);
    assert_only(store, &[2, 1]).await;
}

pub async fn a_different_request_under_a_taken_name_is_not_recalled(store: &dyn Store) {
    assert_eq!(
        store.accept(keyed(1, named("c"), "k")).await.unwrap(),
        Accepted::New
    );
    let other = OrderSpec {
        amount_in: Amount::new(1),
        ..named("c")
    };
    let by_key = store.find_replayed(&other, Some(name("k"))).await;
    assert!(
        matches!(by_key, Err(AcceptError::KeyReused(id)) if id == order_id(1)),
        "{by_key:?}"
    );
    let by_client_order_id = store.find_replayed(&other, None).await;
    assert!(
        matches!(by_client_order_id, Err(AcceptError::ClientOrderIdReused(id)) if id == order_id(1)),
        "{by_client_order_id:?}"
    );
}

async fn ids_of(store: &dyn Store) -> Vec<order_core::id::OrderId> {
    let page = store.list(&OrderFilter::default(), None, 1_000).await.unwrap();
    page.items.iter().map(order_core::order::Order::id).collect()
}

/// Asserts that exactly these orders are stored, newest first.
async fn assert_only(store: &dyn Store, numbers: &[u32]) {
    let expected: Vec<_> = numbers.iter().map(|n| order_id(*n)).collect();
    assert_eq!(ids_of(store).await, expected);
}
