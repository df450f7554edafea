//! Exact integer mathematics of automated market makers.
//!
//! Lives here: what a pool gives for an amount, what it looks like afterwards, and what follows from
//! those two: minimum outputs, splits over several pools, limits, arbitrage. Everything is in raw units
//! (`u128`; wider where a product needs it) and rounds against the trader.
//!
//! Must not be here: floating point, clocks (time comes in as whole seconds), randomness, tokens and
//! their decimals, venues and their names. Nothing here knows the rest of the crate.

mod arbitrage;
mod bins;
mod bound;
mod constant_product;
mod curve;
mod decimal_string;
mod error;
mod limit;
mod marginal;
mod min_out;
mod path;
mod pool;
mod roots;
mod split;
mod swap;
mod wide;

pub use arbitrage::arbitrage;
pub use bins::{Bin, BinParams, Bins, Held, RATE_UNIT, Volatility, bin_price_q64};
pub use bound::{StartRate, split_bound};
pub use constant_product::{ConstantProduct, FEE_UNIT};
pub use error::AmmError;
pub use limit::{average_max, marginal_max};
pub use min_out::min_out;
pub use path::{Hop, Path, PathQuote};
pub use pool::{CurveKind, Pool};
pub use split::{Split, SplitLeg, SplitRules, best_split};
pub use swap::{BinStep, Direction, Ratio, SwapResult};
pub use wide::{mul_div_ceil, mul_div_floor};
