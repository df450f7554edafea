use order_core::order::Event;
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_core::token::Side;
use order_core::trigger::WaitsFor;
use order_ports::contract::fixtures::swap;
use uuid::Uuid;

use super::*;

fn id(n: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(n))
}

fn price(whole: u128) -> Price {
    Price::new(whole * 10u128.pow(18))
}

fn pair_of(base: &str, quote: &str) -> Pair {
    swap(base, quote, 1).pair
}

fn resting(
    n: u128,
    (token_in, token_out): (&str, &str),
    kind: OrderKind,
    waits_for: WaitsFor,
) -> RestingOrder {
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
    RestingOrder {
        order,
        since: RestingSince(i64::try_from(n).unwrap()),
    }
}

fn limit(n: u128, side: Side, whole: u128) -> RestingOrder {
    let limit_price = price(whole);
    let tokens = match side {
        Side::Sell => ("SOL", "USDC"),
        Side::Buy => ("USDC", "SOL"),
    };
    resting(
        n,
        tokens,
        OrderKind::Limit(LimitOrder { limit_price }),
        WaitsFor::Limit,
    )
}

fn stop(n: u128) -> RestingOrder {
    let kind = OrderKind::StopLimit(StopLimitOrder {
        stop_price: price(140),
        limit_price: price(139),
    });
    resting(n, ("SOL", "USDC"), kind, WaitsFor::Stop)
}

fn sniper(n: u128) -> RestingOrder {
    resting(n, ("JUP", "BONK"), OrderKind::Sniper, WaitsFor::Pool)
}

fn state(base: &str, quote: &str, lowest: u128, highest: u128) -> PairState {
    PairState {
        pair: pair_of(base, quote),
        lowest: price(lowest),
        highest: price(highest),
        pools: 2,
    }
}

fn stands(lowest: u128, highest: u128) -> PairState {
    state("SOL", "USDC", lowest, highest)
}

/// An index, and a clock beside it.
struct Watch {
    index: TriggerIndex,
    now: Duration,
}

/// No more than this at once.
const MOST: usize = 64;

impl Watch {
    fn new() -> Self {
        Self {
            index: TriggerIndex::new(WakeBackoffPolicy::default()),
            now: Duration::from_secs(1),
        }
    }

    fn enter(&mut self, orders: impl IntoIterator<Item = RestingOrder>) {
        for order in orders {
            self.index.enter(order, self.now);
        }
    }

    fn moved(&mut self, state: PairState) {
        self.index.moved(vec![state], self.now);
    }

    fn passes(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn found(&mut self) -> Vec<OrderId> {
        let found = self.index.take(MOST, self.now);
        let mut ids: Vec<_> = found.iter().map(|candidate| candidate.order.id()).collect();
        ids.sort_unstable();
        ids
    }

    fn answer(&mut self, n: u128, check: Check) {
        let since = RestingSince(i64::try_from(n).unwrap());
        let longest = WakeBackoffPolicy::default().longest;
        self.index.answer(id(n), since, check, longest, self.now);
    }

    fn short(&mut self, n: u128, at: u128) {
        self.answer(n, Check::Short { price: price(at) });
    }
}

#[test]
fn no_order_is_looked_at_before_the_pair_is_known() {
    let mut watch = Watch::new();
    watch.enter([limit(1, Side::Sell, 150), stop(2)]);
    assert_eq!(watch.found(), []);
    watch.moved(stands(151, 152));
    assert_eq!(watch.found(), [id(1), id(2)]);
}

#[test]
fn sells_look_at_the_dearest_pool_and_buys_at_the_cheapest() {
    let mut watch = Watch::new();
    watch.moved(stands(151, 151));
    watch.enter([
        limit(1, Side::Sell, 152),
        limit(2, Side::Sell, 153),
        limit(3, Side::Buy, 150),
        limit(4, Side::Buy, 149),
    ]);
    watch.moved(stands(150, 152));
    assert_eq!(watch.found(), [id(1), id(3)]);
    assert_eq!(watch.found(), []);
}

#[test]
fn an_order_that_came_out_short_is_looked_at_when_the_market_has_moved_on() {
    let mut watch = Watch::new();
    watch.moved(stands(140, 140));
    watch.enter([limit(1, Side::Sell, 150)]);
    watch.moved(stands(149, 149));
    assert_eq!(watch.found(), []);
    watch.moved(stands(151, 151));
    assert_eq!(watch.found(), [id(1)]);
    watch.short(1, 140);
    watch.passes(399);
    watch.moved(stands(151, 165));
    assert_eq!(watch.found(), [], "not twice within a block");
    watch.passes(1);
    assert_eq!(watch.found(), [id(1)]);
}

#[test]
fn the_market_has_reached_its_price_and_the_order_is_not_met_so_it_is_looked_at_less_and_less_often() {
    let mut watch = Watch::new();
    watch.moved(stands(151, 151));
    watch.enter([limit(1, Side::Sell, 150)]);
    assert_eq!(watch.found(), [id(1)]);
    for pause in [
        400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000,
    ] {
        watch.short(1, 100);
        watch.passes(pause - 1);
        assert_eq!(watch.found(), [], "after {pause} ms");
        watch.passes(1);
        assert_eq!(watch.found(), [id(1)], "after {pause} ms");
    }
    // The market moves on: that is another reason to look, and the pause begins anew.
    watch.short(1, 100);
    watch.passes(400);
    watch.moved(stands(190, 190));
    assert_eq!(watch.found(), [id(1)]);
    watch.short(1, 100);
    watch.passes(400);
    assert_eq!(watch.found(), [id(1)]);
}

#[test]
fn a_still_market_far_from_every_price_costs_no_look() {
    let mut watch = Watch::new();
    watch.moved(stands(140, 140));
    watch.enter((1..=1_000).map(|n| limit(n, Side::Sell, 150)));
    assert_eq!(watch.index.next_due(), None);
    assert_eq!(watch.found(), []);
}

#[test]
fn another_pool_is_a_reason_to_look_at_every_order() {
    let mut watch = Watch::new();
    watch.moved(stands(151, 151));
    watch.enter([limit(1, Side::Sell, 150), limit(2, Side::Sell, 190)]);
    assert_eq!(watch.found(), [id(1)]);
    watch.short(1, 100);
    watch.passes(400);
    let deeper = PairState {
        pools: 3,
        ..stands(151, 151)
    };
    watch.moved(deeper);
    assert_eq!(watch.found(), [id(1), id(2)]);
}

#[test]
fn a_stop_is_looked_at_once_to_learn_how_far_it_is() {
    let mut watch = Watch::new();
    watch.moved(stands(150, 150));
    watch.enter([stop(1)]);
    assert_eq!(watch.found(), [id(1)]);
    watch.short(1, 149);
    watch.passes(60_000);
    assert_eq!(watch.found(), []);
    watch.moved(stands(140, 140));
    assert_eq!(watch.found(), [id(1)]);
}

#[test]
fn a_sniper_goes_as_soon_as_there_is_a_pool() {
    let mut watch = Watch::new();
    watch.moved(stands(150, 150));
    watch.enter([sniper(1)]);
    assert_eq!((watch.found(), watch.index.next_due()), (vec![], None));
    watch.moved(state("JUP", "BONK", 30_000, 30_000));
    assert_eq!(watch.found(), [id(1)]);
    // That pool is not one of the venues that it allows.
    watch.answer(1, Check::Unquotable);
    watch.passes(400);
    assert_eq!(watch.found(), [id(1)]);
    watch.answer(1, Check::Unquotable);
    watch.passes(799);
    assert_eq!(watch.found(), []);
    let another = PairState {
        pools: 3,
        ..state("JUP", "BONK", 30_000, 30_000)
    };
    watch.moved(another);
    assert_eq!(watch.found(), [id(1)]);
}

#[test]
fn an_order_is_woken_by_a_way_by_another_token() {
    let sell = |n, whole| {
        let kind = OrderKind::Limit(LimitOrder {
            limit_price: price(whole),
        });
        resting(n, ("RAY", "JUP"), kind, WaitsFor::Limit)
    };
    let mut watch = Watch::new();
    // 150 USDC for a RAY, 2 USDC for a JUP: 75 JUP.
    watch.enter([sell(1, 74), sell(2, 80)]);
    watch.moved(state("RAY", "USDC", 150, 150));
    assert_eq!(watch.found(), [], "no way yet");
    watch.moved(state("JUP", "USDC", 2, 2));
    assert_eq!(watch.found(), [id(1), id(2)], "a way has opened");
    watch.short(2, 75);
    watch.index.forget(id(1));
    watch.passes(60_000);
    assert_eq!(watch.found(), []);
    watch.moved(state("JUP", "USDC", 1, 2));
    assert_eq!(watch.found(), [id(2)], "one JUP pool has become cheaper");
}

#[test]
fn a_way_by_another_token_does_not_gauge_a_stop_of_a_pair_with_pools() {
    let kind = OrderKind::StopLimit(StopLimitOrder {
        stop_price: price(60),
        limit_price: price(1),
    });
    let mut watch = Watch::new();
    watch.moved(state("RAY", "USDC", 150, 150));
    watch.moved(state("JUP", "USDC", 2, 2));
    watch.moved(state("RAY", "JUP", 70, 70));
    watch.enter([resting(1, ("RAY", "JUP"), kind, WaitsFor::Stop)]);
    assert_eq!(watch.found(), [id(1)]);
    watch.short(1, 70);
    watch.passes(400);
    watch.moved(state("RAY", "JUP", 59, 59));
    assert_eq!(
        watch.found(),
        [id(1)],
        "its own market has fallen, the other way has not"
    );
}

#[test]
fn an_order_that_is_read_twice_is_there_once_and_newer_terms_replace_older_ones() {
    let mut watch = Watch::new();
    let first = limit(1, Side::Sell, 150);
    watch.moved(stands(140, 140));
    watch.enter([first.clone(), first.clone()]);
    let mut replaced = limit(1, Side::Sell, 135);
    replaced.since = RestingSince(7);
    watch.enter([replaced, first]);
    assert_eq!(watch.index.len(), 1);
    assert_eq!(watch.found(), [id(1)]);
}

#[test]
fn an_order_that_is_forgotten_is_gone() {
    let mut watch = Watch::new();
    watch.enter([limit(1, Side::Sell, 150), sniper(2)]);
    watch.index.forget(id(1));
    watch.index.forget(id(2));
    watch.moved(stands(200, 200));
    watch.moved(state("JUP", "BONK", 30_000, 30_000));
    assert_eq!((watch.found(), watch.index.len()), (vec![], 0));
    assert!(watch.index.pairs.is_empty(), "nothing is kept of it");
}

#[test]
fn a_reading_of_all_forgets_what_it_does_not_show() {
    let mut watch = Watch::new();
    watch.enter([limit(1, Side::Sell, 150), limit(2, Side::Sell, 150)]);
    watch.index.begin_reading();
    watch.enter([limit(2, Side::Sell, 150), limit(3, Side::Sell, 150)]);
    watch.index.end_reading();
    watch.moved(stands(151, 151));
    assert_eq!(watch.found(), [id(2), id(3)]);
}

#[test]
fn thousands_that_cannot_be_quoted_hold_up_no_other() {
    let mut watch = Watch::new();
    watch.moved(stands(151, 151));
    watch.enter((1..=3_000).map(|n| limit(n, Side::Sell, 1)));
    let mut looks = 0;
    while looks < 3_000 {
        let found = watch.index.take(MOST, watch.now);
        assert!(!found.is_empty(), "each is looked at once, without a pause");
        looks += found.len();
        for candidate in found {
            let longest = WakeBackoffPolicy::default().longest;
            watch.index.answer(
                candidate.order.id(),
                candidate.since,
                Check::Unquotable,
                longest,
                watch.now,
            );
        }
    }
    watch.passes(60_000);
    // All of them are due again, and then this one is reached.
    watch.enter([limit(9_999, Side::Sell, 151)]);
    let first = watch.index.take(MOST, watch.now);
    assert!(first.iter().any(|candidate| candidate.order.id() == id(9_999)));
    assert_eq!(first.len(), MOST, "the others go on meanwhile");
}

#[test]
fn orders_that_were_looked_at_in_vain_get_their_part_however_many_are_reached() {
    let mut watch = Watch::new();
    watch.moved(stands(151, 151));
    watch.enter([limit(9_999, Side::Sell, 1)]);
    assert_eq!(watch.found(), [id(9_999)]);
    watch.answer(9_999, Check::Unquotable);
    watch.passes(400);
    watch.enter((1..=1_000).map(|n| limit(n, Side::Sell, 1)));
    assert!(watch.found().contains(&id(9_999)));
}

#[test]
fn an_order_whose_rest_goes_on_is_looked_at_when_it_ends() {
    let mut watch = Watch::new();
    watch.moved(stands(151, 151));
    watch.enter([limit(1, Side::Sell, 150)]);
    assert_eq!(watch.found(), [id(1)]);
    watch.index.rests(id(1), Duration::from_secs(3), watch.now);
    watch.passes(2_999);
    watch.moved(stands(152, 152));
    assert_eq!(watch.found(), []);
    watch.passes(1);
    assert_eq!(watch.found(), [id(1)]);
}

#[test]
fn a_market_that_jumps_while_it_is_looked_at_does_not_hide_a_stop() {
    let mut watch = Watch::new();
    watch.moved(stands(130, 130));
    watch.enter([stop(1)]);
    assert_eq!(watch.found(), [id(1)]);
    // Quoted after the jump, compared with the price before it.
    watch.short(1, 168);
    watch.moved(stands(168, 168));
    watch.passes(400);
    watch.moved(stands(130, 130));
    assert_eq!(watch.found(), [id(1)]);
}

#[test]
fn a_market_that_jumps_while_it_is_looked_at_does_not_hide_a_limit() {
    let mut watch = Watch::new();
    watch.moved(stands(168, 168));
    watch.enter([limit(1, Side::Sell, 150)]);
    assert_eq!(watch.found(), [id(1)]);
    watch.short(1, 133);
    watch.moved(stands(133, 133));
    watch.passes(60_000);
    watch.moved(stands(168, 168));
    assert_eq!(watch.found(), [id(1)]);
}
