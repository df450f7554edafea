//! Who waits for what, as one watcher knows it. No I/O.
//!
//! A sell is compared with the dearest pool of its pair and a buy with the cheapest. No pool gives a better quote than
//! that, so a limit is not looked at before that price has reached it; and a look that finds a quote short of it says
//! where the next look is worth while ([`Trigger::next_look`]).
//!
//! A quote and the price that it is compared with are not taken at the same moment, and a market that jumped in
//! between puts the next look anywhere. So a look is reckoned anew with the price that is heard of next, and whoever
//! waits for a price that the best pool has reached is looked at again from time to time, whatever earlier looks said.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use order_core::id::OrderId;
use order_core::lifecycle::State;
use order_core::order::OrderSpec;
use order_core::price::Price;
use order_core::token::{Pair, Side, Symbol};
use order_core::trigger::{Trigger, TriggerBook, WaitsFor};
use order_ports::{PairState, WaitingOrder, WaitingSince};

/// An order whose trigger may be met.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: OrderId,
    /// What a quote must say for it to be so; nothing more for an order that only waits for a pool.
    pub(super) wanted: Option<Wanted>,
}

/// The quote that an order waits for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) spec: Arc<OrderSpec>,
    pub(super) trigger: Trigger,
}

impl Wanted {
    /// The price that decides when to look: that of the best pool for this side.
    fn spot(&self, state: &PairState) -> Price {
        match self.spec.side {
            Side::Sell => state.highest,
            Side::Buy => state.lowest,
        }
    }

    /// When to look next, after a quote that fell short.
    fn next_look(&self, state: &PairState, quoted: Price) -> Trigger {
        self.trigger.next_look(self.spot(state), quoted)
    }
}

type Key = (Symbol, Symbol);

struct Waiter {
    since: WaitingSince,
    pair: Key,
    wanted: Option<Wanted>,
}

struct Desk {
    pair: Pair,
    waiters: usize,
    state: Option<PairState>,
    sells: TriggerBook<OrderId>,
    buys: TriggerBook<OrderId>,
    /// To be looked at whatever the price: just entered, waiting for a pool, or not to be quoted last time.
    to_look_at: BTreeSet<OrderId>,
    /// What those were quoted who were looked at since the price was heard of.
    quoted: BTreeMap<OrderId, Price>,
}

/// Everybody who waits.
#[derive(Default)]
pub(super) struct Room {
    waiters: HashMap<OrderId, Waiter>,
    /// In an order of their own, so that the same things happen in the same order every time.
    desks: BTreeMap<Key, Desk>,
}

const fn key(pair: &Pair) -> Key {
    (pair.base.symbol, pair.quote.symbol)
}

impl Room {
    /// Enters an order, in place of what was known of it. One that does not wait is left out.
    pub(super) fn enter(&mut self, waiting: &WaitingOrder) {
        let order = &waiting.order;
        let State::Waiting { waits_for } = *order.state() else {
            return;
        };
        let id = order.id();
        if self
            .waiters
            .get(&id)
            .is_some_and(|known| known.since >= waiting.since)
        {
            return;
        }
        self.forget(id);
        let spec = order.spec();
        let wanted = Trigger::of(order.terms().kind, waits_for, spec.side).map(|trigger| Wanted {
            spec: Arc::new(spec.clone()),
            trigger,
        });
        let pair = key(&spec.pair);
        let desk = self.desks.entry(pair).or_insert_with(|| Desk::new(spec.pair));
        desk.waiters += 1;
        match (waits_for, &wanted) {
            (WaitsFor::Limit, Some(wanted)) => desk.book(wanted.spec.side).insert(id, wanted.trigger),
            // How far the market is from a quote that reaches a stop is not known before the first look.
            (WaitsFor::Limit | WaitsFor::Stop | WaitsFor::Pool, _) => _ = desk.to_look_at.insert(id),
        }
        self.waiters.insert(
            id,
            Waiter {
                since: waiting.since,
                pair,
                wanted,
            },
        );
    }

    /// Takes note of a pair's move.
    pub(super) fn moved(&mut self, state: PairState) {
        let Some(desk) = self.desks.get_mut(&key(&state.pair)) else {
            return;
        };
        for (id, quoted) in std::mem::take(&mut desk.quoted) {
            if let Some(wanted) = self.waiters.get(&id).and_then(|waiter| waiter.wanted.as_ref()) {
                let book = desk.book(wanted.spec.side);
                if let Some(look) = book.get(id) {
                    book.insert(id, look.earlier(wanted.next_look(&state, quoted)));
                }
            }
        }
        let other_pools = desk.state.is_some_and(|before| before.pools != state.pools);
        desk.state = Some(state);
        if other_pools {
            // What earlier looks found no longer says where quotes will be.
            let here = |(id, waiter): (&OrderId, &Waiter)| (waiter.pair == key(&state.pair)).then_some(*id);
            desk.to_look_at.extend(self.waiters.iter().filter_map(here));
        }
    }

    /// Up to `limit` orders whose triggers may be met now. Each is to be answered for: by [`Room::forget`], by
    /// [`Room::short`], or by [`Room::look_again`].
    pub(super) fn candidates(&mut self, limit: usize) -> Vec<Candidate> {
        let mut found = Vec::new();
        for desk in self.desks.values_mut() {
            let left = limit.saturating_sub(found.len());
            let Some(state) = desk.state.filter(|_| left > 0) else {
                continue;
            };
            let mut ids: Vec<_> = desk.to_look_at.iter().copied().take(left).collect();
            for id in &ids {
                desk.to_look_at.remove(id);
                let _ = desk.sells.remove(*id) || desk.buys.remove(*id);
            }
            ids.extend(desk.sells.take_reached(state.highest, left - ids.len()));
            ids.extend(desk.buys.take_reached(state.lowest, left - ids.len()));
            found.extend(ids);
        }
        let candidate = |id: OrderId| {
            let wanted = self.waiters.get(&id)?.wanted.clone();
            Some(Candidate { id, wanted })
        };
        found.into_iter().filter_map(candidate).collect()
    }

    /// A look has found a quote that does not meet the trigger.
    pub(super) fn short(&mut self, id: OrderId, quoted: Price) {
        let Some(waiter) = self.waiters.get(&id) else {
            return;
        };
        let Some(desk) = self.desks.get_mut(&waiter.pair) else {
            return;
        };
        if let (Some(wanted), Some(state)) = (&waiter.wanted, desk.state) {
            desk.quoted.insert(id, quoted);
            desk.book(wanted.spec.side)
                .insert(id, wanted.next_look(&state, quoted));
        }
    }

    /// Looks again at whoever waits for a price that the best pool has reached.
    pub(super) fn doubt(&mut self) {
        for (id, waiter) in &self.waiters {
            let Some(desk) = self.desks.get_mut(&waiter.pair) else {
                continue;
            };
            let (Some(wanted), Some(state)) = (&waiter.wanted, desk.state) else {
                continue;
            };
            if wanted.trigger.is_met(wanted.spot(&state)) {
                desk.to_look_at.insert(*id);
            }
        }
    }

    /// A look has found nothing out.
    pub(super) fn look_again(&mut self, id: OrderId) {
        if let Some(waiter) = self.waiters.get(&id)
            && let Some(desk) = self.desks.get_mut(&waiter.pair)
        {
            desk.to_look_at.insert(id);
        }
    }

    /// An order does not wait any more, or somebody else has seen to it.
    pub(super) fn forget(&mut self, id: OrderId) {
        let Some(waiter) = self.waiters.remove(&id) else {
            return;
        };
        if let Some(desk) = self.desks.get_mut(&waiter.pair) {
            desk.waiters -= 1;
            desk.to_look_at.remove(&id);
            desk.quoted.remove(&id);
            let _ = desk.sells.remove(id) || desk.buys.remove(id);
        }
    }

    /// The pairs that somebody waits for.
    pub(super) fn pairs(&self) -> Vec<Pair> {
        let waited_for = self.desks.values().filter(|desk| desk.waiters > 0);
        waited_for.map(|desk| desk.pair).collect()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }
}

impl Desk {
    fn new(pair: Pair) -> Self {
        Self {
            pair,
            waiters: 0,
            state: None,
            sells: TriggerBook::default(),
            buys: TriggerBook::default(),
            to_look_at: BTreeSet::new(),
            quoted: BTreeMap::new(),
        }
    }

    const fn book(&mut self, side: Side) -> &mut TriggerBook<OrderId> {
        match side {
            Side::Sell => &mut self.sells,
            Side::Buy => &mut self.buys,
        }
    }
}

#[cfg(test)]
mod tests;
