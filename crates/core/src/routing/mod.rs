//! How an order is executed best: at one venue, over several pools, or by way of another token.
//!
//! Pure and deterministic: the venues' answers and the pools as they stood come in, a route comes out. The
//! best venue alone is the baseline ([`choose`]); more swaps are taken only where they bring in more than
//! they cost ([`route`]). Never worse than the baseline, in the quotes as in the pools.

mod arrival;
mod combine;
mod leg_cost;
mod reason;
mod roads;
mod route;
mod rules;
mod single;
mod view;
mod within;

pub use arrival::{Arrival, SpotRule};
pub use combine::{Ask, Market, price_of_all, route};
pub use reason::RouteReason;
pub use roads::RuledOut;
pub use route::{Combination, Route, RouteLeg, Weighed};
pub use rules::{MOST_LEGS, RouteLimits, RoutingPolicy};
pub use single::{best_quote, choose, minimum_out};
pub use view::{PoolsView, VisiblePool};
pub use within::largest_within;
