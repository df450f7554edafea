//! What a pool would take at each marginal rate: the view that limits, arbitrage and splits share.
//!
//! Closed forms over real numbers, evaluated in fixed point. They say where to look; what a swap really
//! gives is only ever taken from a quote.

use super::FEE_UNIT;
use super::roots::{Rate, Wide, isqrt, whole};

/// How a pool's marginal rate falls with the amount.
#[derive(Debug, Clone)]
pub(super) enum MarginalRates {
    /// Continuously, from `γ·y/x`.
    Hyperbola(Box<Hyperbola>),
    /// In steps of constant rate, best first.
    Steps(Vec<Step>),
}

/// A constant product pool, real or virtual: it gives `y·γa/(x + γa)` for `a`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hyperbola {
    /// Reserve of the input token, fixed point; not zero.
    pub(super) x: Wide,
    /// Reserve of the output token, fixed point; not zero.
    pub(super) y: Wide,
    /// `γ`, what the fee leaves, of [`FEE_UNIT`]; not zero.
    pub(super) kept: Wide,
}

/// An amount that is exchanged at one rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Output per input, net of the fee.
    pub(super) rate: Rate,
    /// How much input it takes, fee included, raw units.
    pub(super) size: u128,
    /// What it gives when it is used up, raw units.
    pub(super) out: u128,
}

impl Hyperbola {
    /// The marginal rate of the first unit: `γ·y/x`.
    pub(super) fn start(&self) -> Rate {
        Rate::new(self.y * self.kept, self.x * Wide::from(FEE_UNIT))
    }

    /// The amount after which the marginal rate `γxy/(x + γa)²` has fallen to `rate`:
    /// `a = (√(γxy/rate) − x)/γ`, fixed point; zero if it is below `rate` from the start. `rate` is not zero.
    pub(super) fn taken_until(&self, rate: &Rate) -> Wide {
        let square = self.x * self.y * self.kept * rate.den / (rate.num * Wide::from(FEE_UNIT));
        self.gross(isqrt(square).saturating_sub(self.x))
    }

    /// `√(xy/γ)`, fixed point: the pool's weight when an input is shared at equal marginal rates.
    pub(super) fn weight(&self) -> Wide {
        isqrt(self.x * self.y * Wide::from(FEE_UNIT) / self.kept)
    }

    /// `net/γ`.
    pub(super) fn gross(&self, net: Wide) -> Wide {
        net * Wide::from(FEE_UNIT) / self.kept
    }

    /// This pool followed by another one, as one pool: with `s = x₂ + γ₂y₁`, `x = x₁x₂/s`, `y = γ₂y₁y₂/s`,
    /// and the first one's fee. `None` if nothing is left of it.
    pub(super) fn then(&self, next: &Self) -> Option<Self> {
        let unit = Wide::from(FEE_UNIT);
        let sum = next.x * unit + next.kept * self.y;
        let x = self.x * next.x * unit / sum;
        let y = next.kept * self.y * next.y / sum;
        (!x.is_zero() && !y.is_zero()).then_some(Self {
            x,
            y,
            kept: self.kept,
        })
    }
}

impl MarginalRates {
    /// The most that can be put in at any rate, in raw units.
    pub(super) fn capacity(&self) -> u128 {
        match self {
            Self::Hyperbola(pool) => u128::MAX - whole(pool.x),
            Self::Steps(steps) => steps
                .iter()
                .fold(0, |sum: u128, step| sum.saturating_add(step.size)),
        }
    }

    /// How much input has a marginal rate of at least `rate`, in raw units rounded down.
    pub(super) fn taken_until(&self, rate: &Rate) -> u128 {
        match self {
            Self::Hyperbola(pool) => whole(pool.taken_until(rate)),
            Self::Steps(steps) => steps
                .iter()
                .take_while(|step| step.rate.at_least(rate))
                .fold(0, |sum: u128, step| sum.saturating_add(step.size)),
        }
    }
}
