//! One resting order, as a watcher knows it.

use std::sync::Arc;
use std::time::Duration;

use order_core::order::Order;
use order_core::price::Price;
use order_core::terms;
use order_core::token::Side;
use order_core::trigger::{Trigger, WaitsFor};
use order_ports::RestingSince;

/// Which price decides when an order is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gauge {
    /// The dearest of all ways.
    SellByAnyWay,
    /// The cheapest of all ways.
    BuyByAnyWay,
    /// The dearest pool of the pair.
    SellOnOwnMarket,
    /// The cheapest pool of the pair.
    BuyOnOwnMarket,
}

impl Gauge {
    pub(super) const ALL: usize = 4;

    pub(super) const EACH: [Self; Self::ALL] = [
        Self::SellByAnyWay,
        Self::BuyByAnyWay,
        Self::SellOnOwnMarket,
        Self::BuyOnOwnMarket,
    ];

    pub(super) const fn index(self) -> usize {
        match self {
            Self::SellByAnyWay => 0,
            Self::BuyByAnyWay => 1,
            Self::SellOnOwnMarket => 2,
            Self::BuyOnOwnMarket => 3,
        }
    }

    const fn of(waits_for: WaitsFor, side: Side) -> Self {
        match (waits_for, side) {
            (WaitsFor::Limit | WaitsFor::Pool, Side::Sell) => Self::SellByAnyWay,
            (WaitsFor::Limit | WaitsFor::Pool, Side::Buy) => Self::BuyByAnyWay,
            (WaitsFor::Stop, Side::Sell) => Self::SellOnOwnMarket,
            (WaitsFor::Stop, Side::Buy) => Self::BuyOnOwnMarket,
        }
    }
}

/// Why an order is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something has happened: a price has reached it, it is new, or its rest is over.
    Fresh,
    /// The last look led to nothing.
    Repeated,
}

/// When an order is looked at, by the clock's monotonic reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) at: Duration,
    pub(super) kind: Kind,
}

impl Due {
    pub(super) const fn fresh(at: Duration) -> Self {
        Self {
            at,
            kind: Kind::Fresh,
        }
    }

    /// Whether this look makes the other one needless.
    pub(super) fn goes_before(self, other: Self) -> bool {
        match (self.kind, other.kind) {
            (Kind::Fresh, Kind::Repeated) => true,
            (Kind::Repeated, Kind::Fresh) => false,
            (Kind::Fresh, Kind::Fresh) | (Kind::Repeated, Kind::Repeated) => self.at < other.at,
        }
    }
}

/// One resting order.
pub(super) struct Entry {
    pub(super) order: Arc<Order>,
    pub(super) since: RestingSince,
    pub(super) gauge: Gauge,
    /// The price that it waits for; `None` while it waits for a pool.
    pub(super) trigger: Option<Trigger>,
    stops: bool,
    pub(super) due: Option<Due>,
    /// The pause after its last look, while looks come to nothing.
    pub(super) pause: Duration,
    pub(super) looked_at: Option<Duration>,
    /// The last reading of the store that has shown it.
    pub(super) reading: u64,
}

impl Entry {
    pub(super) fn new(order: Arc<Order>, since: RestingSince, waits_for: WaitsFor, reading: u64) -> Self {
        Self {
            gauge: Gauge::of(waits_for, order.spec().side),
            trigger: terms::trigger(&order),
            stops: waits_for == WaitsFor::Stop,
            order,
            since,
            due: None,
            pause: Duration::ZERO,
            looked_at: None,
            reading,
        }
    }

    /// Where it waits before its first look; `None` if it is worth one at once.
    ///
    /// A limit waits at its price, which no quote reaches before the market does. How far the market is from a quote
    /// that reaches a stop is not known before the first look.
    pub(super) fn first_place(&self, spot: Option<Price>) -> Option<Trigger> {
        let trigger = self.trigger.filter(|_| !self.stops)?;
        let reached = spot.is_some_and(|spot| trigger.is_met(spot));
        (!reached).then_some(trigger)
    }
}
