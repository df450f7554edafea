use order_core::lifecycle::Event;
use order_core::order::{Order, OrderKind, OrderSpec};
use order_core::time::Timestamp;
use order_ports::contract::fixtures::swap;
use uuid::Uuid;

use super::*;

fn id(n: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(n))
}

fn price(whole: u128) -> Price {
    Price::new(whole * 10u128.pow(18))
}

fn pair() -> Pair {
    swap("SOL", "USDC", 1).pair
}

fn waiting(n: u128, side: Side, kind: OrderKind, waits_for: WaitsFor) -> WaitingOrder {
    let (token_in, token_out) = match side {
        Side::Sell => ("SOL", "USDC"),
        Side::Buy => ("USDC", "SOL"),
    };
    let spec = OrderSpec {
        kind,
        ..swap(token_in, token_out, 1_000)
    };
    let (mut order, _) = Order::accept(id(n), spec, Timestamp::from_millis(1));
    let event = Event::Waiting {
        waits_for,
        terms: None,
        refused: None,
    };
    order.apply(event, Timestamp::from_millis(2)).unwrap();
    WaitingOrder {
        order,
        since: WaitingSince(i64::try_from(n).unwrap()),
    }
}

fn limit(n: u128, side: Side, whole: u128) -> WaitingOrder {
    let limit_price = price(whole);
    waiting(n, side, OrderKind::Limit { limit_price }, WaitsFor::Limit)
}

fn stands(lowest: u128, highest: u128) -> PairState {
    PairState {
        pair: pair(),
        lowest: price(lowest),
        highest: price(highest),
        pools: 2,
    }
}

fn found(room: &mut Room) -> Vec<OrderId> {
    let mut ids: Vec<_> = room
        .candidates(100)
        .iter()
        .map(|candidate| candidate.id)
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn nobody_is_looked_at_before_the_pair_is_known() {
    let mut room = Room::default();
    room.enter(&limit(1, Side::Sell, 150));
    assert_eq!(found(&mut room), []);
    room.moved(stands(151, 152));
    assert_eq!(found(&mut room), [id(1)]);
}

#[test]
fn sells_look_at_the_dearest_pool_and_buys_at_the_cheapest() {
    let mut room = Room::default();
    for waiting in [
        limit(1, Side::Sell, 152),
        limit(2, Side::Sell, 153),
        limit(3, Side::Buy, 150),
        limit(4, Side::Buy, 149),
    ] {
        room.enter(&waiting);
    }
    room.moved(stands(150, 152));
    assert_eq!(found(&mut room), [id(1), id(3)]);
    assert_eq!(found(&mut room), []);
}

#[test]
fn an_order_that_came_out_short_is_looked_at_again_when_the_market_has_moved_on() {
    let mut room = Room::default();
    room.enter(&limit(1, Side::Sell, 150));
    room.moved(stands(151, 151));
    assert_eq!(found(&mut room), [id(1)]);
    room.short(id(1), price(140));
    room.moved(stands(151, 152));
    assert_eq!(found(&mut room), [], "less than half way");
    room.moved(stands(151, 165));
    assert_eq!(found(&mut room), [id(1)]);
}

#[test]
fn another_pool_is_a_reason_to_look_at_everybody() {
    let mut room = Room::default();
    room.enter(&limit(1, Side::Sell, 150));
    room.moved(stands(151, 151));
    assert_eq!(found(&mut room), [id(1)]);
    room.short(id(1), price(100));
    let deeper = PairState {
        pools: 3,
        ..stands(151, 151)
    };
    room.moved(deeper);
    assert_eq!(found(&mut room), [id(1)]);
}

#[test]
fn a_stop_is_looked_at_once_to_learn_how_far_it_is() {
    let kind = OrderKind::StopLimit {
        stop_price: price(140),
        limit_price: price(139),
    };
    let mut room = Room::default();
    room.enter(&waiting(1, Side::Sell, kind, WaitsFor::Stop));
    room.moved(stands(150, 150));
    assert_eq!(found(&mut room), [id(1)]);
    room.short(id(1), price(149));
    assert_eq!(found(&mut room), []);
    room.moved(stands(140, 140));
    assert_eq!(found(&mut room), [id(1)]);
}

#[test]
fn a_sniper_goes_as_soon_as_there_is_a_pool() {
    let mut room = Room::default();
    room.enter(&waiting(1, Side::Buy, OrderKind::Sniper, WaitsFor::Pool));
    assert_eq!(found(&mut room), []);
    room.moved(stands(150, 150));
    let candidates = room.candidates(9);
    assert_eq!((candidates.len(), candidates[0].id), (1, id(1)));
    assert!(candidates[0].wanted.is_none(), "no quote is asked for");
}

#[test]
fn who_is_read_twice_is_there_once_and_newer_terms_replace_older_ones() {
    let mut room = Room::default();
    let first = limit(1, Side::Sell, 150);
    room.enter(&first);
    room.enter(&first);
    room.moved(stands(140, 140));
    let mut replaced = limit(1, Side::Sell, 135);
    replaced.since = WaitingSince(7);
    room.enter(&replaced);
    room.enter(&first);
    assert_eq!(room.len(), 1);
    assert_eq!(found(&mut room), [id(1)]);
}

#[test]
fn who_is_forgotten_is_gone() {
    let mut room = Room::default();
    room.enter(&limit(1, Side::Sell, 150));
    room.enter(&waiting(2, Side::Buy, OrderKind::Sniper, WaitsFor::Pool));
    room.forget(id(1));
    room.forget(id(2));
    room.moved(stands(200, 200));
    assert_eq!((found(&mut room), room.len()), (Vec::new(), 0));
}

#[test]
fn a_look_that_found_nothing_out_is_repeated() {
    let mut room = Room::default();
    room.enter(&limit(1, Side::Sell, 150));
    room.moved(stands(151, 151));
    assert_eq!(found(&mut room), [id(1)]);
    room.look_again(id(1));
    assert_eq!(found(&mut room), [id(1)]);
}

#[test]
fn a_market_that_jumps_while_it_is_looked_at_does_not_hide_a_stop() {
    let kind = OrderKind::StopLimit {
        stop_price: price(140),
        limit_price: price(139),
    };
    let mut room = Room::default();
    room.enter(&waiting(1, Side::Sell, kind, WaitsFor::Stop));
    room.moved(stands(130, 130));
    assert_eq!(found(&mut room), [id(1)]);
    // Quoted after the jump, compared with the price before it.
    room.short(id(1), price(168));
    room.moved(stands(168, 168));
    assert_eq!(found(&mut room), []);
    room.moved(stands(130, 130));
    assert_eq!(found(&mut room), [id(1)]);
}

#[test]
fn a_market_that_jumps_while_it_is_looked_at_does_not_hide_a_limit() {
    let mut room = Room::default();
    room.enter(&limit(1, Side::Sell, 150));
    room.moved(stands(168, 168));
    assert_eq!(found(&mut room), [id(1)]);
    room.short(id(1), price(133));
    room.moved(stands(133, 133));
    assert_eq!(found(&mut room), []);
    room.moved(stands(168, 168));
    assert_eq!(found(&mut room), [id(1)]);
}

#[test]
fn a_jump_that_nobody_heard_of_hides_a_limit_for_a_while_only() {
    let mut room = Room::default();
    room.enter(&limit(1, Side::Sell, 150));
    room.enter(&limit(2, Side::Sell, 169));
    room.moved(stands(168, 168));
    assert_eq!(found(&mut room), [id(1)]);
    room.short(id(1), price(133));
    room.moved(stands(168, 168));
    assert_eq!(found(&mut room), []);
    room.doubt();
    assert_eq!(found(&mut room), [id(1)]);
}
