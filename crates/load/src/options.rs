//! What a run is to be.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::mix::OrderMix;
use crate::target::Target;

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The server.
    pub target: Target,
    /// When the next order is submitted.
    pub pace: LoadPace,
    /// How many connections submit, one order at a time each.
    pub connections: NonZeroUsize,
    /// How long orders are submitted before they count.
    pub warm_up: Duration,
    /// How long orders are submitted that count.
    pub duration: Duration,
    /// How the ends of the orders become known.
    pub follow: Follow,
    /// Which orders.
    pub orders: OrderMix,
    /// How long the last orders may take to end.
    pub patience: Duration,
    /// Whether to show progress, if standard error is a terminal.
    pub progress: bool,
}

/// When the next order is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadPace {
    /// When a connection has the answer to its last one, and fewer than so many have not ended yet.
    Closed {
        /// How many orders may be open at a time; without a number, any.
        in_flight: Option<NonZeroUsize>,
    },
    /// So many a second, whatever the server does.
    Open {
        /// Orders a second.
        rate: NonZeroU32,
    },
}

/// How the ends of orders become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// By the one socket that tells the events of all orders: the cheapest way to know each order's end when it
    /// comes.
    Feed,
    /// By so many sockets an order, opened when it is accepted. An order has ended when all of them heard so.
    Each(NonZeroUsize),
    /// Not while orders are submitted. Afterwards the last one is read until it has ended, then all of them, and
    /// times are taken from the server's own stamps. Costs the server nothing while it works.
    Drain,
    /// Not at all: only acceptance is measured.
    Nothing,
}

impl Follow {
    /// In one word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Each(_) => "each",
            Self::Drain => "drain",
            Self::Nothing => "nothing",
        }
    }

    /// How many sockets follow an order.
    pub(crate) const fn watchers(self) -> usize {
        match self {
            Self::Each(watchers) => watchers.get(),
            Self::Feed | Self::Drain | Self::Nothing => 0,
        }
    }
}
