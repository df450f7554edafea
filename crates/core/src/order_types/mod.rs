//! The types of orders. Each has a module with its fields and with what is different for its orders; everything else asks
//! these modules, so that a new type is a new module and a line in [`OrderKind`].

mod limit;
mod market;
mod rules;
mod sniper;
mod stop_limit;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

pub use self::limit::LimitOrder;
use self::market::MarketOrder;
use self::rules::TypeRules;
pub use self::rules::{NewPrices, NotApplicable, Standing};
use self::sniper::SniperOrder;
pub use self::stop_limit::StopLimitOrder;
use crate::failure::Failure;
use crate::price::Price;
use crate::time_in_force::TimeInForce;
use crate::token::Side;
use crate::trigger::{Trigger, WaitsFor};

/// An order's type, with what only orders of that type have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum_discriminants(
    name(OrderType),
    doc = "The types of orders, as they are named on the wire and in the store.",
    derive(Hash, PartialOrd, Ord, VariantArray, EnumString, IntoStaticStr),
    strum(serialize_all = "snake_case")
)]
pub enum OrderKind {
    /// At the best price there is, now.
    Market,
    /// At its limit or better.
    Limit(LimitOrder),
    /// A limit order from the moment at which the market touches its stop.
    StopLimit(StopLimitOrder),
    /// In the block in which a pool of its pair opens.
    Sniper,
}

impl OrderType {
    /// All types.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl OrderKind {
    fn rules(&self) -> &dyn TypeRules {
        match self {
            Self::Market => &MarketOrder,
            Self::Limit(order) => order,
            Self::StopLimit(order) => order,
            Self::Sniper => &SniperOrder,
        }
    }

    /// The type, without its fields.
    pub fn order_type(&self) -> OrderType {
        self.into()
    }

    /// The type's name on the wire.
    pub fn as_str(&self) -> &'static str {
        self.order_type().as_str()
    }

    /// The worst price at which it may execute, quote per base, if it names one.
    pub fn limit_price(&self) -> Option<Price> {
        self.rules().limit_price()
    }

    /// The price of the market that must be touched before anything else happens, if it has such a stop.
    pub fn stop(&self, side: Side) -> Option<Trigger> {
        self.rules().stop(side)
    }

    /// What a fresh order waits for before it looks at the market at all. It does so once, and first.
    pub fn waits_first(&self) -> Option<WaitsFor> {
        self.rules().waits_first()
    }

    /// Whether an order with this time in force takes the part of its size that its price lets through.
    pub fn fills_in_part(&self, time_in_force: TimeInForce) -> bool {
        time_in_force == TimeInForce::Ioc && self.rules().may_fill_in_part()
    }

    /// What the order waits for after this failure, instead of failing; `None` if it fails.
    pub fn rests_on(&self, failure: Failure, standing: Standing) -> Option<WaitsFor> {
        self.rules().rests_on(failure, standing)
    }

    /// The same type with other prices.
    ///
    /// # Errors
    /// [`NotApplicable`] names the field that this type does not have, or that has had its effect.
    pub fn with_prices(&self, prices: NewPrices) -> Result<Self, NotApplicable> {
        self.rules().with_prices(prices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price::new(7);

    fn one_of(order_type: OrderType) -> OrderKind {
        match order_type {
            OrderType::Market => OrderKind::Market,
            OrderType::Limit => OrderKind::Limit(LimitOrder { limit_price: PRICE }),
            OrderType::StopLimit => OrderKind::StopLimit(StopLimitOrder {
                stop_price: PRICE,
                limit_price: PRICE,
            }),
            OrderType::Sniper => OrderKind::Sniper,
        }
    }

    #[test]
    fn a_type_has_one_name_on_the_wire_and_in_the_store() {
        for order_type in OrderType::ALL {
            let kind = one_of(*order_type);
            let stored = serde_json::to_value(kind).unwrap();
            assert_eq!(stored["type"], order_type.as_str());
            assert_eq!(order_type.as_str().parse(), Ok(*order_type));
            assert_eq!(serde_json::from_value::<OrderKind>(stored).unwrap(), kind);
        }
    }

    #[test]
    fn a_price_that_a_type_does_not_have_is_refused_by_name() {
        for order_type in OrderType::ALL {
            let kind = one_of(*order_type);
            let stop = kind.with_prices(NewPrices {
                stop_price: Some(PRICE),
                ..NewPrices::default()
            });
            assert_eq!(
                stop.is_ok(),
                kind.stop(Side::Sell).is_some(),
                "{kind:?}: {stop:?}"
            );
            let limit = kind.with_prices(NewPrices {
                limit_price: Some(PRICE),
                ..NewPrices::default()
            });
            assert_eq!(limit.is_ok(), kind.limit_price().is_some(), "{kind:?}: {limit:?}");
        }
    }
}
