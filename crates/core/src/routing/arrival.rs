//! Where the market stood when an order came to it: what its execution is measured against.

use serde::{Deserialize, Serialize};

use super::paths::RouteHop;
use crate::amm::{Direction, Ratio};
use crate::amount::Amount;
use crate::price::Price;
use crate::token::{Pair, Side};
use crate::venue::VenueId;

/// The market at an attempt's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrivalPrice {
    /// Quote per base, fees aside, in the pair's deepest pool; none without a pool of the pair.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub mid: Option<Price>,
    /// What the spot-price rule would have done.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub spot_rule: Option<NaiveSpotChoice>,
}

/// The choice by `price·(1 − fee)` on spot prices, which knows nothing of the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NaiveSpotChoice {
    /// The venue that it takes.
    #[serde(rename = "d")]
    pub venue: VenueId,
    /// What that venue's pool gives for the whole size, in raw units; none if it cannot fill it.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub out: Option<Amount>,
}

/// Reads the market off the pair's roads, which come best start first.
pub(super) fn arrival(
    route_hops: &[RouteHop<'_>],
    pair: &Pair,
    side: Side,
    amount_in: Amount,
    secs: u64,
) -> ArrivalPrice {
    let deepest = route_hops.iter().max_by_key(|hop| {
        let held = hop.pool.state.reserves().unwrap_or_default();
        // Of equally deep ones the first by name.
        (
            hop.direction.in_out(held.0, held.1).1,
            std::cmp::Reverse(&hop.pool.id),
        )
    });
    let spot_rule = route_hops
        .first()
        .filter(|hop| hop.start.is_some())
        .map(|hop| NaiveSpotChoice {
            venue: hop.pool.venue,
            out: hop
                .pool
                .state
                .quote(hop.direction, amount_in.units(), secs)
                .ok()
                .map(|swap| Amount::new(swap.out)),
        });
    ArrivalPrice {
        mid: deepest.and_then(|hop| mid(hop, pair, side)),
        spot_rule,
    }
}

fn mid(hop: &RouteHop<'_>, pair: &Pair, side: Side) -> Option<Price> {
    let y_per_x = hop.pool.state.spot_price().ok()?;
    // A sell pays base in, so that a road along x → y is priced in quote per base as it stands.
    let along = (side == Side::Sell) == (hop.direction == Direction::XToY);
    let Ratio { num, den } = if along { y_per_x } else { y_per_x.inverted() };
    Price::of_trade(pair, Side::Sell, Amount::new(den), Amount::new(num)).ok()
}
