//! What a route may look like: by configuration, and by the order's own wish.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::token::Token;
use crate::venue::VenueId;

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

/// Which routes an order allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteLimits {
    /// The only venues that may be used, each once and by name; empty for all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub venues: Vec<VenueId>,
    /// How many swaps there may be at most; the configuration may allow fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_legs: Option<u8>,
}

impl RouteLimits {
    /// Whether there are none.
    pub const fn is_none(&self) -> bool {
        self.venues.is_empty() && self.max_legs.is_none()
    }

    /// Whether this venue may be used.
    pub fn allows(&self, venue: VenueId) -> bool {
        self.venues.is_empty() || self.venues.contains(&venue)
    }

    /// How many swaps there may be.
    pub fn most_legs(&self, policy: &RoutingPolicy) -> u8 {
        let most = policy.max_legs.min(MOST_LEGS);
        self.max_legs.map_or(most, |own| own.min(most)).max(1)
    }
}
