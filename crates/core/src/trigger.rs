//! What a waiting order waits for: a price, compared with the quote for the order's whole size, and the book
//! that finds all triggers that a price has reached without looking at the others.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::amm::mul_div_floor;
use crate::price::Price;
use crate::token::Side;

/// What kind of thing an order waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// A quote for its whole size that meets its limit.
    Limit,
    /// A quote for its whole size that has reached its stop; then it is a limit order.
    Stop,
    /// A pool of its pair.
    Pool,
}

impl WaitsFor {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::Pool => "pool",
        }
    }
}

/// Which way a price must go to reach a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// Up to it, or past it.
    Rising,
    /// Down to it, or past it.
    Falling,
}

/// A price that an order waits for, quote per base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trigger {
    /// Which way the price must go.
    pub reach: Reach,
    /// Where to.
    pub price: Price,
}

impl Trigger {
    /// A limit: a sell waits for a price of at least this, a buy for one of at most this.
    pub const fn limit(side: Side, price: Price) -> Self {
        let reach = match side {
            Side::Sell => Reach::Rising,
            Side::Buy => Reach::Falling,
        };
        Self { reach, price }
    }

    /// A stop: a sell waits for a price that has fallen to this, a buy for one that has risen to it.
    pub const fn stop(side: Side, price: Price) -> Self {
        let reach = match side {
            Side::Sell => Reach::Falling,
            Side::Buy => Reach::Rising,
        };
        Self { reach, price }
    }

    /// Whether a price has reached it.
    pub fn is_met(self, price: Price) -> bool {
        match self.reach {
            Reach::Rising => price >= self.price,
            Reach::Falling => price <= self.price,
        }
    }

    /// Where the market's price is worth another look, when at `spot` the whole size was quoted at `quoted`, which
    /// did not meet the trigger.
    ///
    /// A quote moves about in proportion to the market, so it meets the trigger near `price·spot/quoted`. The
    /// look is half way there: early rather than late, and each look halves what is left.
    pub fn next_look(self, spot: Price, quoted: Price) -> Self {
        let there = mul_div_floor(self.price.units(), spot.units(), quoted.units()).ok();
        let there = there.map_or(self.price, Price::new);
        let half = Price::new(spot.units() / 2 + there.units() / 2);
        // Rounding must not make it a look at the price that has just been looked at.
        let price = match self.reach {
            Reach::Rising => half.max(Price::new(spot.units().saturating_add(1))),
            Reach::Falling => half.min(Price::new(spot.units().saturating_sub(1))),
        };
        Self {
            reach: self.reach,
            price,
        }
    }
}

impl Trigger {
    /// Of two looks that reach the same way, the one that comes first.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        let price = match self.reach {
            Reach::Rising => self.price.min(other.price),
            Reach::Falling => self.price.max(other.price),
        };
        Self { price, ..self }
    }
}

/// Triggers of one market, sorted by price. A price finds those that it has reached in `O(log n + found)`.
#[derive(Clone, Debug)]
pub struct TriggerBook<K> {
    rising: BTreeSet<(Price, K)>,
    falling: BTreeSet<(Price, K)>,
    places: HashMap<K, Trigger>,
}

impl<K> Default for TriggerBook<K> {
    fn default() -> Self {
        Self {
            rising: BTreeSet::new(),
            falling: BTreeSet::new(),
            places: HashMap::new(),
        }
    }
}

impl<K: Copy + Ord + Hash> TriggerBook<K> {
    /// Enters a trigger, in place of the one that this key had.
    pub fn insert(&mut self, key: K, trigger: Trigger) {
        self.remove(key);
        self.side(trigger.reach).insert((trigger.price, key));
        self.places.insert(key, trigger);
    }

    /// The trigger of a key.
    pub fn get(&self, key: K) -> Option<Trigger> {
        self.places.get(&key).copied()
    }

    /// Strikes a key out; whether it was there.
    pub fn remove(&mut self, key: K) -> bool {
        let Some(Trigger { reach, price }) = self.places.remove(&key) else {
            return false;
        };
        self.side(reach).remove(&(price, key))
    }

    /// Takes out up to `limit` keys whose triggers this price has reached, those that it reached first in front.
    pub fn take_reached(&mut self, price: Price, limit: usize) -> Vec<K> {
        let rising = self.rising.iter().take_while(|(trigger, _)| *trigger <= price);
        let falling = self
            .falling
            .iter()
            .rev()
            .take_while(|(trigger, _)| *trigger >= price);
        let found: Vec<K> = rising.chain(falling).map(|(_, key)| *key).take(limit).collect();
        for key in &found {
            self.remove(*key);
        }
        found
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn side(&mut self, reach: Reach) -> &mut BTreeSet<(Price, K)> {
        match reach {
            Reach::Rising => &mut self.rising,
            Reach::Falling => &mut self.falling,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(units: u128) -> Price {
        Price::new(units)
    }

    #[test]
    fn a_sell_waits_for_a_high_price_and_stops_at_a_low_one() {
        let (limit, stop) = (
            Trigger::limit(Side::Sell, price(150)),
            Trigger::stop(Side::Sell, price(140)),
        );
        assert!(limit.is_met(price(150)) && limit.is_met(price(151)) && !limit.is_met(price(149)));
        assert!(stop.is_met(price(140)) && stop.is_met(price(139)) && !stop.is_met(price(141)));
    }

    #[test]
    fn a_buy_waits_for_a_low_price_and_stops_at_a_high_one() {
        let (limit, stop) = (
            Trigger::limit(Side::Buy, price(150)),
            Trigger::stop(Side::Buy, price(160)),
        );
        assert!(limit.is_met(price(150)) && limit.is_met(price(149)) && !limit.is_met(price(151)));
        assert!(stop.is_met(price(160)) && stop.is_met(price(161)) && !stop.is_met(price(159)));
    }

    #[test]
    fn a_price_finds_what_it_has_reached_once_and_nothing_else() {
        let mut book = TriggerBook::default();
        book.insert(1, Trigger::limit(Side::Sell, price(150)));
        book.insert(2, Trigger::limit(Side::Sell, price(160)));
        book.insert(3, Trigger::stop(Side::Sell, price(140)));
        assert_eq!(book.take_reached(price(145), 9), Vec::<i32>::new());
        assert_eq!(book.take_reached(price(155), 9), [1]);
        assert_eq!(book.take_reached(price(155), 9), Vec::<i32>::new());
        assert_eq!(book.take_reached(price(139), 9), [3]);
        assert_eq!(book.len(), 1);
    }

    #[test]
    fn a_key_has_one_trigger() {
        let mut book = TriggerBook::default();
        book.insert(1, Trigger::limit(Side::Sell, price(150)));
        book.insert(1, Trigger::limit(Side::Buy, price(100)));
        assert_eq!(book.take_reached(price(200), 9), Vec::<i32>::new());
        assert!(book.remove(1) && !book.remove(1) && book.is_empty());
    }

    proptest! {
        /// However large the impact, the look comes before the quote meets the trigger, as long as quotes are in
        /// proportion to the market, and the looks come to an end.
        #[test]
        fn looks_come_early_and_end(
            start in 1_000_000u128..1_000_000_000, impact_bps in 0u128..5_000, gap_bps in 1u128..5_000,
        ) {
            let quote = |spot: u128| spot * (10_000 - impact_bps) / 10_000;
            let trigger = Trigger::limit(Side::Sell, price(start + start * gap_bps / 10_000));
            let mut spot = start;
            let mut looks = 0;
            while !trigger.is_met(price(quote(spot))) {
                let look = trigger.next_look(price(spot), price(quote(spot)));
                prop_assert!(look.price.units() > spot);
                // One unit before the look it is not met either.
                prop_assert!(!trigger.is_met(price(quote(look.price.units() - 1))));
                spot = look.price.units();
                looks += 1;
                prop_assert!(looks < 200, "still looking");
            }
        }

        #[test]
        fn the_book_agrees_with_looking_at_every_trigger(
            triggers in prop::collection::vec((any::<bool>(), 0u128..100), 0..60), at in 0u128..100,
        ) {
            let mut book = TriggerBook::default();
            let mut expected = Vec::new();
            for (key, (rising, at_price)) in triggers.into_iter().enumerate() {
                let side = if rising { Side::Sell } else { Side::Buy };
                let trigger = Trigger::limit(side, price(at_price));
                book.insert(key, trigger);
                if trigger.is_met(price(at)) {
                    expected.push(key);
                }
            }
            let mut found = book.take_reached(price(at), usize::MAX);
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
