//! Why a route was chosen, for people and for the record.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::decimal::Decimal;
use crate::venue::VenueId;

/// Why a route was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum RouteReason {
    /// It pays out more than the runner-up.
    MostOut {
        /// The runner-up.
        over: VenueId,
        /// By how much, in units of 10⁻⁶ of the runner-up's output.
        by_ppm: u64,
    },
    /// It pays out the same as another and comes first by name.
    TieByName {
        /// The other.
        with: VenueId,
    },
    /// No other venue gave a quote.
    OnlyQuote,
    /// Several swaps together pay out more than the best venue alone, their cost considered.
    Combined {
        /// How many swaps.
        legs: u8,
        /// The best venue alone.
        over: VenueId,
        /// By how much, in units of 10⁻⁶ of that venue's output.
        by_ppm: u64,
    },
    /// As much as the limit lets through.
    WithinLimit {
        /// How many swaps.
        legs: u8,
    },
    /// No venue alone can fill it; several swaps together can.
    OnlyCombined {
        /// How many swaps.
        legs: u8,
    },
}

impl std::fmt::Display for RouteReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |ppm: u64| Decimal::new(u128::from(ppm), 4);
        match self {
            Self::MostOut { over, by_ppm } => {
                let percent = percent(*by_ppm);
                write!(
                    f,
                    "most output after fees and price impact: {percent} % more than {over}"
                )
            }
            Self::TieByName { with } => write!(f, "same output as {with}; the first by name is taken"),
            Self::OnlyQuote => f.write_str("the only venue that gave a quote"),
            Self::Combined { legs, over, by_ppm } => {
                let percent = percent(*by_ppm);
                write!(
                    f,
                    "{legs} swaps together give {percent} % more than {over}, the best venue alone"
                )
            }
            Self::WithinLimit { legs: 1 } => f.write_str("as much as the limit lets through, in one swap"),
            Self::WithinLimit { legs } => {
                write!(f, "as much as the limit lets through, in {legs} swaps")
            }
            Self::OnlyCombined { legs } => {
                write!(f, "no venue alone can fill it; {legs} swaps together can")
            }
        }
    }
}

/// By how much `more` exceeds `base`, in units of 10⁻⁶ of it.
pub(super) fn gain_ppm(more: Amount, base: Amount) -> u64 {
    let gain = more
        .units()
        .saturating_sub(base.units())
        .saturating_mul(1_000_000)
        .checked_div(base.units());
    gain.and_then(|ppm| u64::try_from(ppm).ok()).unwrap_or(u64::MAX)
}
