//! What makes a curve: all that the rest of the mathematics, and the venues, ask of a pool's price.

use super::marginal::MarginalRates;
use super::roots::Rate;
use super::{AmmError, Direction, Ratio, StartRate, SwapResult};

/// A way of pricing, with a pool's state. Amounts are raw units, times whole seconds of the venue's clock, the same one for
/// every call on one pool. A new curve is a file that implements this, and a line in the list in `pool.rs`.
pub(super) trait Curve {
    /// What exactly `amount_in` gives.
    fn quote(&self, direction: Direction, amount_in: u128, now_secs: u64) -> Result<SwapResult, AmmError>;

    /// Swaps exactly `amount_in`, and gives what [`Self::quote`] gives. After an error the pool is unchanged.
    fn swap(&mut self, direction: Direction, amount_in: u128, now_secs: u64) -> Result<SwapResult, AmmError>;

    /// The marginal price without fees: raw y per raw x.
    fn spot_price(&self) -> Result<Ratio, AmmError>;

    /// All that the pool holds, (x, y), fees of its liquidity providers included.
    fn reserves(&self) -> Result<(u128, u128), AmmError>;

    /// The most that the venues quote. A formula that would take anything, for next to nothing, is quoted only so far.
    fn quotable(&self, direction: Direction) -> u128;

    /// The most that can be paid in of what is quoted, counted until it is enough.
    fn capacity(&self, direction: Direction, now_secs: u64, enough: u128) -> u128;

    /// How the marginal rate falls with the amount.
    fn marginal_rates(&self, direction: Direction, now_secs: u64) -> Result<MarginalRates, AmmError>;

    /// Whether its marginal rates are a hyperbola, so that pools in a row are one virtual pool.
    fn is_hyperbola(&self) -> bool;

    /// What the first unit gives, net of the fee.
    fn start_rate(&self, direction: Direction, now_secs: u64) -> Result<Rate, AmmError>;

    /// How much of `amount` the pool takes at rates better than `next`, and what it gives for that; no less than it does.
    fn ahead_of(&self, direction: Direction, next: StartRate, amount: u128, now_secs: u64) -> (u128, u128);

    /// What a person wants to know of the pool beside its reserves, each under the name it has on the wire.
    fn terms(&self) -> Vec<(&'static str, i64)>;
}
