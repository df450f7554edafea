//! What is asked for: the request of an order, as it never changes.

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Quantity};
use crate::id::{ClientOrderId, Owner};
use crate::order_types::OrderKind;
use crate::priority::Priority;
use crate::time_in_force::TimeInForce;
use crate::token::{Pair, Side, Token};
use crate::trace::TraceParent;
use crate::venue::VenueId;

/// How the trader is protected from a price that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// At most this much less than the quote, in basis points (0 to 10,000).
    Slippage(u16),
    /// At least this much comes out, in raw units.
    MinOut(Amount),
}

/// What was asked for. Never changes once the order is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSpec {
    /// The owner of the order.
    pub owner: Owner,
    /// The owner's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_order_id: Option<ClientOrderId>,
    /// What kind, with its prices.
    #[serde(flatten)]
    pub kind: OrderKind,
    /// What is paid.
    pub token_in: Token,
    /// What is wanted.
    pub token_out: Token,
    /// The pair in market order, and so what prices mean.
    pub pair: Pair,
    /// Whether the pair's base is bought or sold.
    pub side: Side,
    /// How much is paid, in raw units of `token_in`; never zero.
    pub amount_in: Amount,
    /// How the trader is protected.
    pub protection: Protection,
    /// Whether that is the slippage of this service, since the request named none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slippage_by_default: bool,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// How urgent it is.
    pub priority: Priority,
    /// Which routes it allows.
    #[serde(default, skip_serializing_if = "RouteLimits::is_none")]
    pub route: RouteLimits,
    /// Where it stands in its caller's trace, if the caller said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceParent>,
}

impl OrderSpec {
    /// The input with its decimals.
    pub const fn quantity_in(&self) -> Quantity {
        self.amount_in.with_decimals(self.token_in.decimals)
    }

    /// Whether this is the same request, sent again. One that leaves the slippage to the service is the same
    /// whatever the service says in the meantime, and each sending has a place of its own in the caller's trace.
    pub fn is_same_request(&self, other: &Self) -> bool {
        let protection = if self.slippage_by_default && other.slippage_by_default {
            other.protection
        } else {
            self.protection
        };
        let as_other = Self {
            protection,
            slippage_by_default: other.slippage_by_default,
            trace: other.trace,
            ..self.clone()
        };
        as_other == *other
    }
}

/// What an order's owner may change while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Its type, which stays what it is, with its prices.
    #[serde(flatten)]
    pub kind: OrderKind,
    /// How long it lives.
    pub time_in_force: TimeInForce,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An order as it was stored before it was remembered whether its slippage is the service's own.
    const STORED: &str = r#"{
        "owner": "desk", "type": "market", "token_in": {"symbol": "SOL", "decimals": 9},
        "token_out": {"symbol": "USDC", "decimals": 6}, "side": "sell",
        "pair": {"base": {"symbol": "SOL", "decimals": 9}, "quote": {"symbol": "USDC", "decimals": 6}},
        "amount_in": "1000000000", "protection": {"slippage": 50}, "time_in_force": "gtc", "priority": "normal"
    }"#;

    #[test]
    fn an_order_from_before_defaults_were_remembered_is_read_as_chosen() {
        let spec: OrderSpec = serde_json::from_str(STORED).unwrap();
        assert!(!spec.slippage_by_default);
        let text = serde_json::to_string(&spec).unwrap();
        assert!(!text.contains("slippage_by_default"), "{text}");
        let left = OrderSpec {
            slippage_by_default: true,
            ..spec.clone()
        };
        let text = serde_json::to_string(&left).unwrap();
        assert_eq!(serde_json::from_str::<OrderSpec>(&text).unwrap(), left);
        // One that was stored before must know its own request again, too.
        assert!(left.is_same_request(&spec) && spec.is_same_request(&left));
    }
}
