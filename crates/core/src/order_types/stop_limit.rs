//! Stop-limit orders: a limit order from the moment at which the market touches the stop.

use serde::{Deserialize, Serialize};

use super::OrderKind;
use super::limit::rests_on_its_limit;
use super::rules::{NewPrices, Standing, TypeRules};
use crate::failure::Failure;
use crate::price::Price;
use crate::token::Side;
use crate::trigger::{Trigger, WaitsFor};

/// What a stop-limit order has besides the usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLimitOrder {
    /// The market's price at which it becomes a limit order, quote per base.
    pub stop_price: Price,
    /// The worst price at which it may execute, quote per base.
    pub limit_price: Price,
}

impl TypeRules for StopLimitOrder {
    fn limit_price(&self) -> Option<Price> {
        Some(self.limit_price)
    }

    fn stop(&self, side: Side) -> Option<Trigger> {
        Some(Trigger::stop(side, self.stop_price))
    }

    fn waits_first(&self) -> Option<WaitsFor> {
        Some(WaitsFor::Stop)
    }

    fn rests_on(&self, failure: Failure, standing: Standing) -> Option<WaitsFor> {
        rests_on_its_limit(failure, standing)
    }

    fn replaced(&self, prices: NewPrices) -> OrderKind {
        OrderKind::StopLimit(Self {
            stop_price: prices.stop_price.unwrap_or(self.stop_price),
            limit_price: prices.limit_price.unwrap_or(self.limit_price),
        })
    }
}
