//! What a route may look like: by configuration, and by the order's own wish.

use crate::amount::Amount;
use crate::spec::RouteLimits;
use crate::token::Token;

/// No transaction has more swaps.
pub const MOST_LEGS: u8 = 8;

/// When another swap is worth it, by configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutingPolicy {
    /// The chain's native token, in which its fees are paid.
    pub native: Token,
    /// What each swap beyond the first costs, and so must bring in at least: its part of the network fee, in raw units of
    /// the native token.
    pub leg_cost: Amount,
    /// How many swaps a route may have, from 1 to [`MOST_LEGS`].
    pub max_legs: u8,
}

impl Default for RoutingPolicy {
    fn default() -> Self {
        Self {
            native: Token::SOL,
            // 0.00002 SOL.
            leg_cost: Amount::new(20_000),
            max_legs: 4,
        }
    }
}

impl RoutingPolicy {
    /// How many swaps a route may have at most that an order limits so.
    pub fn most_legs(&self, limits: &RouteLimits) -> u8 {
        let most = self.max_legs.min(MOST_LEGS);
        limits.max_legs.map_or(most, |own| own.min(most)).max(1)
    }
}
