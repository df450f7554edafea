//! What is asked of an order's type.

use super::OrderKind;
use crate::failure::Failure;
use crate::price::Price;
use crate::token::Side;
use crate::trigger::{Trigger, WaitsFor};

/// Where an order stands when an attempt of it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its time in force lets it rest until its terms are met.
    pub may_rest: bool,
    /// Its transaction is at the venue.
    pub submitted: bool,
    /// It has waited for a pool until now.
    pub waits_for_pool: bool,
}

/// The prices that an order's owner puts in the place of those it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewPrices {
    /// Quote per base.
    pub limit_price: Option<Price>,
    /// Quote per base.
    pub stop_price: Option<Price>,
    /// The market has touched the stop that the order had.
    pub stop_reached: bool,
}

/// A field that an order cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct NotApplicable {
    /// Its name on the wire.
    pub field: &'static str,
    /// Why not.
    pub reason: &'static str,
}

impl NotApplicable {
    const fn to_type(field: &'static str) -> Self {
        Self {
            field,
            reason: "does not apply to this order type",
        }
    }
}

/// What is different for orders of one type. What a type does not say is as for a market order.
pub(super) trait TypeRules {
    /// As [`OrderKind::limit_price`].
    fn limit_price(&self) -> Option<Price> {
        None
    }

    /// As [`OrderKind::stop`].
    fn stop(&self, _side: Side) -> Option<Trigger> {
        None
    }

    /// As [`OrderKind::waits_first`].
    fn waits_first(&self) -> Option<WaitsFor> {
        None
    }

    /// Whether a part of the size can keep to the order's price where all of it cannot.
    fn may_fill_in_part(&self) -> bool {
        self.limit_price().is_some()
    }

    /// As [`OrderKind::rests_on`].
    fn rests_on(&self, _failure: Failure, _standing: Standing) -> Option<WaitsFor> {
        None
    }

    /// The type with these prices, of which it has been checked that it has them.
    fn replaced(&self, prices: NewPrices) -> OrderKind;

    /// As [`OrderKind::with_prices`].
    fn with_prices(&self, prices: NewPrices) -> Result<OrderKind, NotApplicable> {
        if prices.stop_price.is_some() {
            // Which side it is on does not matter here.
            if self.stop(Side::Sell).is_none() {
                return Err(NotApplicable::to_type("stopPrice"));
            }
            if prices.stop_reached {
                return Err(NotApplicable {
                    field: "stopPrice",
                    reason: "has been reached",
                });
            }
        }
        if prices.limit_price.is_some() && self.limit_price().is_none() {
            return Err(NotApplicable::to_type("limitPrice"));
        }
        Ok(self.replaced(prices))
    }
}
