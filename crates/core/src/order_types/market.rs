//! Market orders: at the best price there is, now.

use super::OrderKind;
use super::rules::{NewPrices, TypeRules};

pub(super) struct MarketOrder;

impl TypeRules for MarketOrder {
    fn replaced(&self, _prices: NewPrices) -> OrderKind {
        OrderKind::Market
    }
}
