//! Whether a market meets an order's terms: the one rule that says so.
//!
//! The watcher asks it before it wakes a resting order, the worker before it executes one, whatever the order's type
//! and time in force, and the audit holds executions against the same [`Floor`]. None of them has a rule of its own,
//! since two rules for one question differ some day: an order is then woken for nothing, over and over, or executed at
//! a price that its owner has ruled out.

mod assess;
mod stop;

pub(crate) use assess::rests_on;
pub use assess::{Assessment, Check, Outlook, assess, check};
pub use stop::{ReachedStop, reached_stop, stop_price};

use crate::order::{Order, State};
use crate::time::Timestamp;
use crate::time_in_force::TimeInForce;
use crate::trigger::{Trigger, WaitsFor};

/// Whether the order's time is up: nothing of it may be sent any more.
pub fn is_expired(order: &Order, now: Timestamp) -> bool {
    order
        .terms()
        .time_in_force
        .until()
        .is_some_and(|until| now >= until)
}

/// The price that a resting order waits for; `None` while it waits for a pool, or for nothing.
///
/// Whether that price is there, [`check`] says: for a stop it is compared with [`stop_price`], for a limit with the
/// price of the order's whole size by the best route.
pub fn trigger(order: &Order) -> Option<Trigger> {
    let State::Waiting { waits_for } = order.state() else {
        return None;
    };
    let side = order.spec().side;
    match waits_for {
        WaitsFor::Stop => order.terms().kind.stop(side),
        WaitsFor::Limit => Some(Trigger::limit(side, order.floor().price()?)),
        WaitsFor::Pool => None,
    }
}

/// Whether the order may rest until its limit is met.
pub(crate) fn may_rest(order: &Order) -> bool {
    match order.terms().time_in_force {
        TimeInForce::Gtc | TimeInForce::Gtd(_) => true,
        TimeInForce::Ioc | TimeInForce::Fok => false,
    }
}
