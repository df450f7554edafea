//! Limit orders: at the limit or better, however long that takes.

use serde::{Deserialize, Serialize};

use super::OrderKind;
use super::rules::{NewPrices, Standing, TypeRules};
use crate::failure::{Failure, VenueError};
use crate::price::Price;
use crate::trigger::WaitsFor;

/// What a limit order has besides the usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitOrder {
    /// The worst price at which it may execute, quote per base.
    pub limit_price: Price,
}

impl TypeRules for LimitOrder {
    fn limit_price(&self) -> Option<Price> {
        Some(self.limit_price)
    }

    fn rests_on(&self, failure: Failure, standing: Standing) -> Option<WaitsFor> {
        rests_on_its_limit(failure, standing)
    }

    fn replaced(&self, prices: NewPrices) -> OrderKind {
        OrderKind::Limit(Self {
            limit_price: prices.limit_price.unwrap_or(self.limit_price),
        })
    }
}

/// A limit that may rest waits for better prices and deeper pools, and outlasts venues that do not answer. Once its
/// transaction is at the venue, only a price that has gone by is a reason to rest again: the others are failures of the
/// attempt, as for any order.
pub(super) fn rests_on_its_limit(failure: Failure, standing: Standing) -> Option<WaitsFor> {
    let rests = match failure {
        Failure::Venue(VenueError::SlippageExceeded | VenueError::InsufficientLiquidity) => true,
        Failure::NoQuotes => !standing.submitted,
        Failure::Venue(_) | Failure::OutOfRange => false,
    };
    (standing.may_rest && rests).then_some(WaitsFor::Limit)
}
