//! Listing many orders: filters and pages.

use std::time::Duration;

use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::{Order, Status};
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::price::Price;
use order_core::spec::OrderSpec;

use super::{Store, accepted, accepted_as, execute, hold};
use crate::OrderFilter;
use crate::contract::fixtures::{METEORA, RAYDIUM, accepted_at, name, order_id, spec, swap, token};

fn numbers(items: &[Order]) -> Vec<OrderId> {
    items.iter().map(Order::id).collect()
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<OrderId> {
    numbers.into_iter().map(order_id).collect()
}

pub async fn a_list_is_newest_first_and_says_whether_more_follows(store: &dyn Store) {
    let everything = OrderFilter::default();
    let page = store.list(&everything, None, 10).await.unwrap();
    assert!(page.items.is_empty() && !page.more);
    // The order of arrival does not matter, the ids do.
    for n in [3, 1, 5, 2, 4] {
        accepted(store, n).await;
    }
    for (before, limit, expected, more) in [
        (None, 10, vec![5, 4, 3, 2, 1], false),
        (None, 5, vec![5, 4, 3, 2, 1], false),
        (None, 4, vec![5, 4, 3, 2], true),
        (Some(4), 2, vec![3, 2], true),
        (Some(4), 3, vec![3, 2, 1], false),
        (Some(1), 3, vec![], false),
    ] {
        let page = store
            .list(&everything, before.map(order_id), limit)
            .await
            .unwrap();
        assert_eq!(
            (numbers(&page.items), page.more),
            (ids(expected), more),
            "{limit} before {before:?}"
        );
    }
}

pub async fn a_list_shows_orders_as_they_stand(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let untouched = accepted(store, 2).await;
    let lease = hold(store, &walk).await;
    execute(store, &lease, &mut walk).await;
    let page = store.list(&OrderFilter::default(), None, 10).await.unwrap();
    assert_eq!(page.items, [untouched.order().clone(), walk.order().clone()]);
}

/// Six orders that differ in every part that can be filtered by.
async fn variety(store: &dyn Store) {
    let limit = OrderKind::Limit(LimitOrder {
        limit_price: Price::new(7),
    });
    let stop = OrderKind::StopLimit(StopLimitOrder {
        stop_price: Price::new(7),
        limit_price: Price::new(7),
    });
    accepted(store, 1).await;
    accepted_as(
        store,
        2,
        OrderSpec {
            owner: name("bob"),
            ..swap("USDC", "SOL", 5)
        },
    )
    .await;
    accepted_as(
        store,
        3,
        OrderSpec {
            kind: limit,
            ..swap("ETH", "USDC", 5)
        },
    )
    .await;
    accepted_as(
        store,
        4,
        OrderSpec {
            kind: stop,
            ..swap("USDT", "ETH", 5)
        },
    )
    .await;
    let mut executed = accepted_as(
        store,
        5,
        OrderSpec {
            kind: OrderKind::Sniper,
            ..spec()
        },
    )
    .await;
    let lease = hold(store, &executed).await;
    execute(store, &lease, &mut executed).await;
    let mut failed = accepted_as(
        store,
        6,
        OrderSpec {
            owner: name("bob"),
            ..spec()
        },
    )
    .await;
    let lease = hold(store, &failed).await;
    store
        .record(&lease, None, Release::Done, failed.fail().moved())
        .await
        .unwrap();
    let mut routed = accepted_as(
        store,
        7,
        OrderSpec {
            owner: name("bob"),
            ..spec()
        },
    )
    .await;
    let lease = hold(store, &routed).await;
    store.append(&lease, routed.route().moved()).await.unwrap();
}

pub async fn a_list_filters_by_each_part(store: &dyn Store) {
    variety(store).await;
    let all = OrderFilter::default;
    let sol = Some(token("SOL").symbol);
    let eth = Some(token("ETH").symbol);
    let jup = Some(token("JUP").symbol);
    let statuses = |statuses: &[Status]| OrderFilter {
        statuses: statuses.to_vec(),
        ..all()
    };
    let kind = |kind: &str| OrderFilter {
        kind: Some(kind.to_owned()),
        ..all()
    };
    let just_after = accepted_at(4).plus(Duration::from_millis(1));
    for (filter, expected) in [
        (all(), vec![7, 6, 5, 4, 3, 2, 1]),
        (
            OrderFilter {
                owner: Some(name("bob")),
                ..all()
            },
            vec![7, 6, 2],
        ),
        (
            OrderFilter {
                owner: Some(name("nobody")),
                ..all()
            },
            vec![],
        ),
        (statuses(&[Status::Pending]), vec![4, 3, 2, 1]),
        (statuses(&[Status::Failed, Status::Confirmed]), vec![6, 5]),
        (statuses(&[Status::Building]), vec![7]),
        (statuses(&[Status::Expired]), vec![]),
        (kind("market"), vec![7, 6, 2, 1]),
        (kind("limit"), vec![3]),
        (kind("stop_limit"), vec![4]),
        (kind("sniper"), vec![5]),
        (OrderFilter { token: sol, ..all() }, vec![7, 6, 5, 2, 1]),
        (OrderFilter { token: eth, ..all() }, vec![4, 3]),
        (OrderFilter { token: jup, ..all() }, vec![]),
        (
            OrderFilter {
                venue: Some(RAYDIUM),
                ..all()
            },
            vec![7, 5],
        ),
        (
            OrderFilter {
                venue: Some(METEORA),
                ..all()
            },
            vec![],
        ),
        (
            OrderFilter {
                from: Some(accepted_at(4)),
                ..all()
            },
            vec![7, 6, 5, 4],
        ),
        (
            OrderFilter {
                from: Some(just_after),
                ..all()
            },
            vec![7, 6, 5],
        ),
        (
            OrderFilter {
                to: Some(accepted_at(4)),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            OrderFilter {
                to: Some(just_after),
                ..all()
            },
            vec![4, 3, 2, 1],
        ),
    ] {
        let page = store.list(&filter, None, 10).await.unwrap();
        assert_eq!(
            (numbers(&page.items), page.more),
            (ids(expected), false),
            "{filter:?}"
        );
    }
}

pub async fn a_list_filters_by_all_parts_together(store: &dyn Store) {
    variety(store).await;
    let narrow = OrderFilter {
        owner: Some(name("bob")),
        statuses: vec![Status::Building, Status::Pending, Status::Failed],
        kind: Some("market".to_owned()),
        client_order_id: None,
        token: Some(token("USDC").symbol),
        venue: None,
        from: Some(accepted_at(2)),
        to: Some(accepted_at(7)),
    };
    let page = store.list(&narrow, None, 1).await.unwrap();
    assert_eq!((numbers(&page.items), page.more), (ids([6]), true));
    let page = store.list(&narrow, Some(order_id(6)), 1).await.unwrap();
    assert_eq!((numbers(&page.items), page.more), (ids([2]), false));
    let nowhere = OrderFilter {
        venue: Some(RAYDIUM),
        ..narrow
    };
    assert!(store.list(&nowhere, None, 10).await.unwrap().items.is_empty());
}

pub async fn a_list_shows_an_owner_no_other_owners_orders(store: &dyn Store) {
    for n in 1..=40 {
        let owner = name(if n % 3 == 0 { "bob" } else { "alice" });
        accepted_as(store, n, OrderSpec { owner, ..spec() }).await;
    }
    let bobs = OrderFilter {
        owner: Some(name("bob")),
        ..OrderFilter::default()
    };
    let page = store.list(&bobs, None, 40).await.unwrap();
    assert_eq!(numbers(&page.items), ids((1..=13).rev().map(|n| 3 * n)));
}

pub async fn a_client_order_id_finds_its_owners_order_alone(store: &dyn Store) {
    let called = |owner: &str, id: &str| OrderSpec {
        owner: name(owner),
        client_order_id: Some(name(id)),
        ..spec()
    };
    // Every character that a name may have, and two that differ in case only.
    let odd: String = (b' '..=b'~').map(char::from).collect();
    let names = ["a", "A", "a b/c?d#e%2F", &odd];
    for (n, id) in (1..).zip(names) {
        accepted_as(store, n, called("alice", id)).await;
        accepted_as(store, n + 10, called("bob", id)).await;
        accepted(store, n + 20).await;
    }
    let find = |owner: &str, id: &str| OrderFilter {
        owner: Some(name(owner)),
        client_order_id: Some(name(id)),
        ..OrderFilter::default()
    };
    for (n, id) in (1..).zip(names) {
        for (owner, number) in [("alice", n), ("bob", n + 10)] {
            let filter = find(owner, id);
            let page = store.list(&filter, None, 10).await.unwrap();
            assert_eq!((numbers(&page.items), page.more), (ids([number]), false), "{id}");
            // The rest of the filter holds as well, and so does where the page begins.
            let failed = OrderFilter {
                statuses: vec![Status::Failed],
                ..filter.clone()
            };
            let none = store.list(&failed, None, 10).await.unwrap();
            assert!(none.items.is_empty() && !none.more, "{id}");
            let none = store.list(&filter, Some(order_id(number)), 10).await.unwrap();
            assert!(none.items.is_empty() && !none.more, "{id}");
        }
    }
    for filter in [find("alice", "b"), find("carol", "a")] {
        let page = store.list(&filter, None, 10).await.unwrap();
        assert!(page.items.is_empty() && !page.more, "{filter:?}");
    }
    let whosever = OrderFilter {
        client_order_id: Some(name("a")),
        ..OrderFilter::default()
    };
    let page = store.list(&whosever, None, 10).await.unwrap();
    assert_eq!(numbers(&page.items), ids([11, 1]));
}

pub async fn pages_have_no_gap_and_no_duplicate_while_orders_come_in(store: &dyn Store) {
    for n in 1..=50 {
        accepted(store, n).await;
    }
    let filter = OrderFilter {
        owner: Some(name("alice")),
        ..OrderFilter::default()
    };
    let (mut seen, mut before, mut next) = (Vec::new(), None, 51);
    loop {
        let page = store.list(&filter, before, 7).await.unwrap();
        seen.extend(numbers(&page.items));
        before = seen.last().copied();
        if !page.more {
            break;
        }
        for _ in 0..3 {
            accepted(store, next).await;
            next += 1;
        }
    }
    assert_eq!(seen, ids((1..=50).rev()));
}
