//! Sniper orders: in the block in which a pool of the pair opens.

use super::OrderKind;
use super::rules::{NewPrices, Standing, TypeRules};
use crate::failure::{Failure, VenueError};
use crate::trigger::WaitsFor;

pub(super) struct SniperOrder;

impl TypeRules for SniperOrder {
    fn waits_first(&self) -> Option<WaitsFor> {
        Some(WaitsFor::Pool)
    }

    /// It waits until a pool of its pair is there for it, also while venues are silent.
    fn rests_on(&self, failure: Failure, standing: Standing) -> Option<WaitsFor> {
        let rests = match failure {
            Failure::Venue(VenueError::UnknownToken) => !standing.submitted,
            Failure::NoQuotes => standing.waits_for_pool,
            Failure::Venue(_) | Failure::OutOfRange => false,
        };
        rests.then_some(WaitsFor::Pool)
    }

    fn replaced(&self, _prices: NewPrices) -> OrderKind {
        OrderKind::Sniper
    }
}
