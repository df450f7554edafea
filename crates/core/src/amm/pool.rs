//! One face for every curve. This is the one list of them.

use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::marginal::MarginalRates;
use super::{AmmError, Bins, ConstantProduct, Direction, Ratio, StartRate, SwapResult};

macro_rules! curves {
    ($($(#[$about:meta])* $curve:ident = $name:literal),+ $(,)?) => {
        /// A pool on any curve, and all that its price depends on.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub enum Pool {
            $($(#[$about])* $curve($curve),)+
        }

        /// How a pool prices.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum CurveKind {
            $($(#[$about])* #[serde(rename = $name)] $curve,)+
        }

        impl CurveKind {
            /// All curves.
            pub const ALL: &[Self] = &[$(Self::$curve),+];

            /// The name in the configuration and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$curve => $name,)+
                }
            }
        }

        impl Pool {
            /// How it prices.
            pub const fn kind(&self) -> CurveKind {
                match self {
                    $(Self::$curve(_) => CurveKind::$curve,)+
                }
            }

            pub(super) fn curve(&self) -> &dyn Curve {
                match self {
                    $(Self::$curve(curve) => curve,)+
                }
            }

            fn curve_mut(&mut self) -> &mut dyn Curve {
                match self {
                    $(Self::$curve(curve) => curve,)+
                }
            }
        }
    };
}

curves! {
    /// `x·y` never falls.
    ConstantProduct = "constant_product",
    /// Liquidity in bins of constant price.
    Bins = "bins",
}

impl Pool {
    /// What exactly `amount_in` raw units give at `now_secs` (whole seconds of the venue's clock, the
    /// same one for every call on this pool; only volatility fees depend on it).
    ///
    /// # Errors
    /// Those of [`ConstantProduct::quote`] and [`Bins::quote`].
    pub fn quote(
        &self,
        direction: Direction,
        amount_in: u128,
        now_secs: u64,
    ) -> Result<SwapResult, AmmError> {
        self.curve().quote(direction, amount_in, now_secs)
    }

    /// Swaps exactly `amount_in` raw units at `now_secs`. Gives what [`Self::quote`] gives.
    ///
    /// # Errors
    /// Those of [`Self::quote`]; the pool is then unchanged.
    pub fn swap(
        &mut self,
        direction: Direction,
        amount_in: u128,
        now_secs: u64,
    ) -> Result<SwapResult, AmmError> {
        self.curve_mut().swap(direction, amount_in, now_secs)
    }

    /// The marginal price without fees: raw y per raw x.
    ///
    /// # Errors
    /// [`AmmError::InsufficientLiquidity`] for an empty constant product, [`AmmError::InvalidPool`].
    pub fn spot_price(&self) -> Result<Ratio, AmmError> {
        self.curve().spot_price()
    }

    /// All that the pool holds, (x, y) in raw units, fees of its liquidity providers included.
    ///
    /// After a swap the input side has grown by `amount_in − protocol_fee − fund_fee` and the output
    /// side has fallen by `out`, exactly.
    ///
    /// # Errors
    /// [`AmmError::Overflow`] if the bins' sum does not fit 128 bits.
    pub fn reserves(&self) -> Result<(u128, u128), AmmError> {
        self.curve().reserves()
    }

    /// The most that the venues quote, in raw units; a unit more is taken for a mistake. Of a constant product it is what the
    /// pool holds of the same token, at which the price has fallen to a quarter.
    pub fn quotable(&self, direction: Direction) -> u128 {
        self.curve().quotable(direction)
    }

    /// The most that can be paid in of what is quoted, in raw units, counted until it is enough.
    pub fn capacity(&self, direction: Direction, now_secs: u64, enough: u128) -> u128 {
        self.curve().capacity(direction, now_secs, enough)
    }

    /// What the first unit gives.
    ///
    /// # Errors
    /// [`AmmError::InsufficientLiquidity`] if there is nothing to be had, [`AmmError::InvalidPool`].
    pub fn start_rate(&self, direction: Direction, now_secs: u64) -> Result<StartRate, AmmError> {
        Ok(StartRate::of(&self.curve().start_rate(direction, now_secs)?))
    }

    /// What a person wants to know of the pool beside its reserves, each under the name it has on the wire.
    pub fn terms(&self) -> Vec<(&'static str, i64)> {
        self.curve().terms()
    }

    pub(super) fn marginal_rates(
        &self,
        direction: Direction,
        now_secs: u64,
    ) -> Result<MarginalRates, AmmError> {
        self.curve().marginal_rates(direction, now_secs)
    }
}
