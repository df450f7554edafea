//! The resting orders that one watcher knows, and which of them are worth a look. No I/O.
//!
//! An order is looked at when a price has reached it, and then waits for the next: a look that finds the price short says
//! where another is worth while ([`Trigger::next_look`]). Besides, an order that its price has reached and that is not
//! met all the same, and one that cannot be quoted, is looked at again after a pause that doubles while nothing comes of
//! it. Looks of the first kind go before looks of the second, and each kind goes by the time at which it was due: so
//! however many orders cannot be quoted, they hold up no other.

mod entry;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use order_core::id::OrderId;
use order_core::lifecycle::WakeBackoffPolicy;
use order_core::order::{Order, State};
use order_core::price::Price;
use order_core::terms::Check;
use order_core::token::{Pair, Symbol};
use order_core::trigger::TriggerBook;
use order_ports::{PairState, RestingOrder, RestingSince};

use super::prices::{Bounds, Prices};
use entry::{Due, Entry, Gauge, Kind};

/// Of the looks at once, the part that orders get that were looked at in vain, while others are due.
const PART_OF_REPEATED: usize = 4;

/// An order that is worth a look.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) order: Arc<Order>,
    /// What it was known by when the look began.
    pub(super) since: RestingSince,
}

type Key = (Symbol, Symbol);

/// The orders of one pair.
struct PairTriggers {
    pair: Pair,
    orders: BTreeSet<OrderId>,
    own: Option<Bounds>,
    reach: Option<Bounds>,
    pools: u64,
    books: [TriggerBook<OrderId>; Gauge::ALL],
    /// What was quoted since the prices were heard of last.
    quoted: BTreeMap<OrderId, Price>,
}

/// All resting orders.
pub(super) struct TriggerIndex {
    rest: WakeBackoffPolicy,
    prices: Prices,
    entries: HashMap<OrderId, Entry>,
    /// In an order of their own, so that the same things happen in the same order every time.
    pairs: BTreeMap<Key, PairTriggers>,
    fresh: BTreeSet<(Duration, OrderId)>,
    repeated: BTreeSet<(Duration, OrderId)>,
    /// Counts the readings of the whole store.
    reading: u64,
}

const fn key(pair: &Pair) -> Key {
    (pair.base.symbol, pair.quote.symbol)
}

impl TriggerIndex {
    pub(super) fn new(rest: WakeBackoffPolicy) -> Self {
        Self {
            rest,
            prices: Prices::default(),
            entries: HashMap::new(),
            pairs: BTreeMap::new(),
            fresh: BTreeSet::new(),
            repeated: BTreeSet::new(),
            reading: 0,
        }
    }

    /// How many orders rest.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether this order is known, and at which version.
    pub(super) fn version(&self, id: OrderId) -> Option<u32> {
        self.entries.get(&id).map(|entry| entry.order.version())
    }

    /// A reading of all resting orders begins.
    pub(super) fn begin_reading(&mut self) {
        self.reading += 1;
    }

    /// That reading is complete: orders that it has not shown rest no more.
    pub(super) fn end_reading(&mut self) {
        let gone = |(id, entry): (&OrderId, &Entry)| (entry.reading < self.reading).then_some(*id);
        let gone: Vec<_> = self.entries.iter().filter_map(gone).collect();
        gone.into_iter().for_each(|id| self.forget(id));
    }

    /// Enters an order, in place of what was known of it. One that does not rest is left out.
    pub(super) fn enter(&mut self, waiting: RestingOrder, now: Duration) {
        let RestingOrder { order, since } = waiting;
        let State::Waiting { waits_for } = *order.state() else {
            return;
        };
        let id = order.id();
        if let Some(known) = self.entries.get_mut(&id)
            && known.since >= since
        {
            known.reading = self.reading;
            return;
        }
        self.forget(id);
        let pair = order.spec().pair;
        let prices = &self.prices;
        let triggers = self
            .pairs
            .entry(key(&pair))
            .or_insert_with(|| PairTriggers::new(pair, prices));
        triggers.orders.insert(id);
        let entry = Entry::new(Arc::new(order), since, waits_for, self.reading);
        let known = triggers.reach.is_some();
        let place = entry.first_place(triggers.spot(entry.gauge));
        if let Some(trigger) = place {
            triggers.book(entry.gauge).insert(id, trigger);
        }
        self.entries.insert(id, entry);
        if known && place.is_none() {
            self.due(id, Due::fresh(now));
        }
    }

    /// An order rests no more.
    pub(super) fn forget(&mut self, id: OrderId) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.unschedule(id, entry.due);
        let key = key(&entry.order.spec().pair);
        if let Some(triggers) = self.pairs.get_mut(&key) {
            triggers.orders.remove(&id);
            triggers.quoted.remove(&id);
            triggers.book(entry.gauge).remove(id);
            if triggers.orders.is_empty() {
                self.pairs.remove(&key);
            }
        }
    }

    /// Takes note of where pairs stand now. Whatever pair has moved, it may be on the ways of others.
    pub(super) fn moved(&mut self, states: Vec<PairState>, now: Duration) {
        if states.is_empty() {
            return;
        }
        states.into_iter().for_each(|state| self.prices.note(state));
        let mut worth_a_look = Vec::new();
        for triggers in self.pairs.values_mut() {
            worth_a_look.extend(triggers.moved(&self.prices, &self.entries));
        }
        for id in worth_a_look {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            entry.pause = Duration::ZERO;
            let earliest = entry.looked_at.map_or(now, |at| at + self.rest.first);
            self.due(id, Due::fresh(now.max(earliest)));
        }
    }

    /// Up to `most` orders that are worth a look now. Each is answered for: by [`TriggerIndex::answer`],
    /// [`TriggerIndex::rests`] or [`TriggerIndex::forget`].
    pub(super) fn take(&mut self, most: usize, now: Duration) -> Vec<Candidate> {
        let due = |queue: &BTreeSet<(Duration, OrderId)>, most: usize| -> Vec<OrderId> {
            let due = queue.iter().take_while(|(at, _)| *at <= now).take(most);
            due.map(|(_, id)| *id).collect()
        };
        let fresh = due(&self.fresh, most);
        let left = (most - fresh.len()).max(most / PART_OF_REPEATED);
        let repeated = due(&self.repeated, left);
        let fresh = fresh.into_iter().take(most - repeated.len());
        let ids: Vec<_> = fresh.chain(repeated).collect();
        ids.into_iter().filter_map(|id| self.look(id, now)).collect()
    }

    fn look(&mut self, id: OrderId, now: Duration) -> Option<Candidate> {
        let entry = self.entries.get_mut(&id)?;
        let due = entry.due.take();
        entry.looked_at = Some(now);
        let candidate = Candidate {
            order: Arc::clone(&entry.order),
            since: entry.since,
        };
        let (gauge, key) = (entry.gauge, key(&entry.order.spec().pair));
        self.unschedule(id, due);
        if let Some(triggers) = self.pairs.get_mut(&key) {
            triggers.book(gauge).remove(id);
        }
        Some(candidate)
    }

    /// What a look has found of an order that goes on resting.
    ///
    /// `longest` bounds the pause until it is looked at again.
    pub(super) fn answer(
        &mut self,
        id: OrderId,
        since: RestingSince,
        check: Check,
        longest: Duration,
        now: Duration,
    ) {
        let Some(entry) = self.entries.get(&id).filter(|entry| entry.since == since) else {
            return;
        };
        let Some(triggers) = self.pairs.get_mut(&key(&entry.order.spec().pair)) else {
            return;
        };
        let spot = triggers.spot(entry.gauge);
        let again = match (check, entry.trigger, spot) {
            (Check::Short { price }, Some(trigger), Some(spot)) => {
                triggers.quoted.insert(id, price);
                triggers
                    .book(entry.gauge)
                    .insert(id, trigger.next_look(spot, price));
                // The market has reached its price and the order has not: its size, its venues, or a market that moved
                // during the look are in the way.
                trigger.is_met(spot)
            }
            (Check::Short { .. } | Check::Unquotable | Check::Met, trigger, spot) => {
                // A price that is yet to be reached is worth a look when it is.
                if let (Some(trigger), Some(spot)) = (trigger, spot)
                    && !trigger.is_met(spot)
                {
                    triggers.book(entry.gauge).insert(id, trigger);
                }
                // Without a pool on any of its ways there is nothing to look at before one opens.
                triggers.reach.is_some()
            }
        };
        if again {
            self.repeat(id, longest, now);
        }
    }

    /// An order is not to be looked at for so long.
    pub(super) fn rests(&mut self, id: OrderId, left: Duration, now: Duration) {
        self.due(id, Due::fresh(now + left));
    }

    /// An order is looked at again after its pause, which doubles.
    fn repeat(&mut self, id: OrderId, longest: Duration, now: Duration) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let longest = longest.max(self.rest.first);
        entry.pause = (entry.pause * 2).clamp(self.rest.first, longest);
        let at = now + entry.pause;
        self.due(
            id,
            Due {
                at,
                kind: Kind::Repeated,
            },
        );
    }

    /// When the next look is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let firsts = [self.fresh.first(), self.repeated.first()];
        firsts.into_iter().flatten().map(|(at, _)| *at).min()
    }

    /// Schedules a look, in place of a later one.
    fn due(&mut self, id: OrderId, due: Due) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if entry.due.is_some_and(|known| !due.goes_before(known)) {
            return;
        }
        let before = entry.due.replace(due);
        self.unschedule(id, before);
        self.queue(due.kind).insert((due.at, id));
    }

    fn unschedule(&mut self, id: OrderId, due: Option<Due>) {
        if let Some(Due { at, kind }) = due {
            self.queue(kind).remove(&(at, id));
        }
    }

    const fn queue(&mut self, kind: Kind) -> &mut BTreeSet<(Duration, OrderId)> {
        match kind {
            Kind::Fresh => &mut self.fresh,
            Kind::Repeated => &mut self.repeated,
        }
    }
}

impl PairTriggers {
    fn new(pair: Pair, prices: &Prices) -> Self {
        Self {
            pair,
            orders: BTreeSet::new(),
            own: prices.own(&pair),
            reach: prices.reach(&pair),
            pools: prices.pools(&pair),
            books: std::array::from_fn(|_| TriggerBook::default()),
            quoted: BTreeMap::new(),
        }
    }

    const fn book(&mut self, gauge: Gauge) -> &mut TriggerBook<OrderId> {
        &mut self.books[gauge.index()]
    }

    /// The price that decides when orders of this gauge are worth a look.
    fn spot(&self, gauge: Gauge) -> Option<Price> {
        let bounds = match gauge {
            Gauge::SellByAnyWay | Gauge::BuyByAnyWay => self.reach,
            Gauge::SellOnOwnMarket | Gauge::BuyOnOwnMarket => self.own.or(self.reach),
        };
        bounds.map(|bounds| match gauge {
            Gauge::SellByAnyWay | Gauge::SellOnOwnMarket => bounds.highest,
            Gauge::BuyByAnyWay | Gauge::BuyOnOwnMarket => bounds.lowest,
        })
    }

    /// Takes the prices in, and returns the orders that are worth a look because of them.
    fn moved(&mut self, prices: &Prices, entries: &HashMap<OrderId, Entry>) -> Vec<OrderId> {
        let (own, reach) = (prices.own(&self.pair), prices.reach(&self.pair));
        let pools = prices.pools(&self.pair);
        if (own, reach, pools) == (self.own, self.reach, self.pools) {
            return Vec::new();
        }
        let other_pools = pools != self.pools;
        (self.own, self.reach, self.pools) = (own, reach, pools);
        self.place_anew(entries);
        if other_pools {
            // What earlier looks found no longer says where quotes will be.
            return self.orders.iter().copied().collect();
        }
        let mut reached = Vec::new();
        for gauge in Gauge::EACH {
            if let Some(spot) = self.spot(gauge) {
                reached.extend(self.book(gauge).take_reached(spot, usize::MAX));
            }
        }
        reached
    }

    /// A quote and the prices that it was compared with are not of the same moment. So the next look is worked out again
    /// with the prices that are heard of after it, and the earlier one counts.
    fn place_anew(&mut self, entries: &HashMap<OrderId, Entry>) {
        for (id, quoted) in std::mem::take(&mut self.quoted) {
            let Some(entry) = entries.get(&id) else { continue };
            let (Some(trigger), Some(spot)) = (entry.trigger, self.spot(entry.gauge)) else {
                continue;
            };
            let book = self.book(entry.gauge);
            if let Some(look) = book.get(id) {
                book.insert(id, look.earlier(trigger.next_look(spot, quoted)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
