//! What a pool would take at each marginal rate: the view that limits, arbitrage and splits share.
//!
//! Closed forms over real numbers, evaluated in fixed point. They say where to look; what a swap really
//! gives is only ever taken from a quote.

use super::roots::{Rate, Wide, fixed, isqrt, whole};
use super::{AmmError, BinStep, Bins, ConstantProduct, Direction, FEE_UNIT, Pool, RATE_UNIT};

/// How a pool's marginal rate falls with the amount.
#[derive(Debug, Clone)]
pub(super) enum Curve {
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

impl Pool {
    /// The pool's curve in one direction at `now_secs`.
    pub(super) fn curve(&self, direction: Direction, now_secs: u64) -> Result<Curve, AmmError> {
        match self {
            Self::ConstantProduct(pool) => Ok(Curve::Hyperbola(Box::new(Hyperbola::of(pool, direction)?))),
            Self::Bins(pool) => steps_of(pool, direction, now_secs).map(Curve::Steps),
        }
    }
}

impl Hyperbola {
    pub(super) fn of(pool: &ConstantProduct, direction: Direction) -> Result<Self, AmmError> {
        if pool.x == 0 || pool.y == 0 {
            return Err(AmmError::InsufficientLiquidity);
        }
        let (x, y) = direction.in_out(pool.x, pool.y);
        Ok(Self {
            x: fixed(x),
            y: fixed(y),
            kept: Wide::from(pool.kept_rate()?),
        })
    }

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

impl Curve {
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

/// The bins as steps of height `p·(1 − r)`.
fn steps_of(pool: &Bins, direction: Direction, now_secs: u64) -> Result<Vec<Step>, AmmError> {
    let mut steps: Vec<Step> = Vec::new();
    for bin in pool.depth(direction, now_secs)? {
        let mut rate = net_rate(direction, &bin);
        // Walking back towards the volatility reference, a fee can fall faster than the price: such a bin
        // cannot be had before the one in front of it, so it counts as no better.
        if let Some(last) = steps.last().filter(|last| rate.at_least(&last.rate)) {
            rate = last.rate;
        }
        steps.push(Step {
            rate,
            size: bin.amount_in,
            out: bin.out,
        });
    }
    Ok(steps)
}

/// What a bin gives for its input, net of its fee.
pub(super) fn net_rate(direction: Direction, bin: &BinStep) -> Rate {
    let kept = Wide::from(RATE_UNIT.saturating_sub(bin.rate));
    let unit = Wide::from(RATE_UNIT);
    // The price is y per x, in the 64 fractional bits that `fixed` has too.
    let (x, y) = (fixed(1), Wide::from(bin.price_q64));
    let (paid, got) = direction.in_out(x, y);
    Rate::new(got * kept, paid * unit)
}
