//! How an order is executed best: at one venue, over several pools, or by way of another token.
//!
//! Pure and deterministic: the venues' answers and the pools as they stood come in, a route comes out. The
//! best venue alone is the baseline ([`choose`]); more swaps are taken only where they bring in more than
//! they cost ([`route`]). Never worse than the baseline, in the quotes as in the pools.

mod arrival;
mod combine;
mod fillable;
mod leg_cost;
mod liquidity;
mod paths;
mod reason;
mod route;
mod rules;
mod single;

pub use arrival::{ArrivalPrice, NaiveSpotChoice};
pub use combine::{Market, RouteRequest, price_of_all, route};
pub use fillable::largest_within;
pub use liquidity::{LiquiditySnapshot, PoolSnapshot};
pub use paths::RuledOut;
pub use reason::RouteReason;
pub use route::{Alternatives, Combination, Route, RouteLeg};
pub use rules::{MOST_LEGS, RoutingPolicy};
pub use single::{best_quote, choose, minimum_out};
