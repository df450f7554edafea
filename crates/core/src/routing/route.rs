//! A route, and what was weighed against it.

use serde::{Deserialize, Serialize};

use super::reason::RouteReason;
use crate::amount::{Amount, Quantity};
use crate::price::Price;
use crate::venue::{Leg, Quote, QuoteRequest, VenueId};

/// What will be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The venue; of several, that of the largest part of the input.
    pub venue: VenueId,
    /// Why this one.
    pub reason: RouteReason,
    /// The swaps, in order.
    pub legs: Vec<RouteLeg>,
    /// What is paid in all; less than was asked for only where a limit lets no more through.
    pub amount_in: Quantity,
    /// What is expected to come out in all, net of fees.
    pub amount_out: Quantity,
    /// The fees in all, in the input token. A second swap's fee counts as its share of the swap's input.
    pub fee: Quantity,
    /// Quote per base, net of fees.
    pub price: Price,
    /// How far the size itself moves the prices, in basis points; the average over the parts of the input.
    pub price_impact_bps: u32,
    /// The least output that will be accepted, in raw units.
    pub min_out: Amount,
    /// What was weighed against it.
    pub weighed: Alternatives,
}

/// One swap of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteLeg {
    /// What is executed.
    pub swap: Leg,
    /// The pool's fee, part of what goes in, in raw units.
    pub fee: Amount,
}

impl Route {
    /// The whole size at one venue, as it quoted.
    pub(super) fn single(
        request: &QuoteRequest,
        quote: &Quote,
        reason: RouteReason,
        min_out: Amount,
    ) -> Self {
        let swap = Leg {
            venue: quote.venue,
            pool: quote.pool.clone(),
            token_in: request.token_in,
            token_out: request.token_out,
            amount_in: request.amount_in,
            amount_out: quote.amount_out.amount,
        };
        Self {
            venue: quote.venue,
            reason,
            legs: vec![RouteLeg {
                swap,
                fee: quote.fee.amount,
            }],
            amount_in: quote.amount_in,
            amount_out: quote.amount_out,
            fee: quote.fee,
            price: quote.price,
            price_impact_bps: quote.price_impact_bps,
            min_out,
            weighed: Alternatives::default(),
        }
    }

    /// The swaps, to be signed.
    pub fn swaps(&self) -> Vec<Leg> {
        self.legs.iter().map(|leg| leg.swap.clone()).collect()
    }

    /// The swaps as the history records them: none where there is but one for the whole size, since the
    /// venue's quote says it all.
    pub fn recorded_legs(&self, asked: Amount) -> Vec<Leg> {
        match self.legs.as_slice() {
            [leg] if leg.swap.amount_in == asked => Vec::new(),
            _ => self.swaps(),
        }
    }
}

/// What a route was weighed against, besides the quotes of single venues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternatives {
    /// What each swap beyond the first had to bring in, in raw units of the output token.
    #[serde(rename = "c", default, skip_serializing_if = "nothing")]
    pub leg_cost: Amount,
    /// No combination of pools can give more than this; so little above the best venue alone that none was
    /// sought.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Amount>,
    /// The best division of the size over the pools of the pair.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Combination>,
    /// The best division over these and ways by one token in between, where such a way looked better.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Combination>,
}

const fn nothing(amount: &Amount) -> bool {
    amount.is_zero()
}

impl Alternatives {
    /// Whether there is nothing to record.
    pub const fn is_empty(&self) -> bool {
        self.leg_cost.is_zero() && self.at_most.is_none() && self.split.is_none() && self.around.is_none()
    }
}

/// A combination of swaps that was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combination {
    /// How many swaps.
    #[serde(rename = "n")]
    pub legs: u8,
    /// What they give together, in raw units.
    #[serde(rename = "o")]
    pub out: Amount,
}
