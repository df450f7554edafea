//! The least that an order accepts for what it pays.

use crate::amm::{Ratio, mul_div_ceil};
use crate::amount::Amount;
use crate::failure::Failure;
use crate::order_types::OrderKind;
use crate::price::{PRICE_SCALE, Price, PriceError};
use crate::spec::{OrderSpec, Protection};
use crate::token::Side;

/// What an order's own words rule out: executions below its limit price or below its `minAmountOut`. Of both, the one
/// that asks for more binds.
///
/// The minimum is one for the whole `amountIn`. An execution that takes only a part of it (immediate or cancel) is held
/// to the same part of the minimum, `⌈minAmountOut · paid / amountIn⌉`, as it is held to the limit for what it pays.
#[derive(Clone, Copy, Debug)]
pub struct Floor<'a> {
    spec: &'a OrderSpec,
    limit: Option<Price>,
    minimum: Option<Amount>,
}

impl<'a> Floor<'a> {
    /// The floor of a request with these prices in the place of its own.
    pub fn with(spec: &'a OrderSpec, kind: OrderKind) -> Self {
        Self {
            spec,
            limit: kind.limit_price(),
            minimum: match spec.protection {
                Protection::MinOut(minimum) => Some(minimum),
                Protection::Slippage(_) => None,
            },
        }
    }

    /// The least output for `paid`, in raw units, rounded up; `None` if the order names no price, and is protected by
    /// its slippage alone.
    ///
    /// # Errors
    /// [`Failure::OutOfRange`] when the limit is a price at which the amount cannot be expressed.
    pub fn least(&self, paid: Amount) -> Result<Option<Amount>, Failure> {
        let by_limit = self.limit.map(|limit| self.by_limit(limit, paid)).transpose()?;
        Ok(by_limit.max(self.least_by_minimum(paid)?))
    }

    /// What of that the order's own minimum asks for: its part for `paid`; `None` where a slippage protects instead.
    ///
    /// # Errors
    /// [`Failure::OutOfRange`] when it cannot be expressed, which takes more paid than was asked.
    pub fn least_by_minimum(&self, paid: Amount) -> Result<Option<Amount>, Failure> {
        let part = |minimum| self.by_minimum(minimum, paid);
        self.minimum.map(part).transpose()
    }

    fn by_limit(&self, limit: Price, paid: Amount) -> Result<Amount, Failure> {
        let least = limit.least_output(&self.spec.pair, self.spec.side, paid);
        least.map_err(|error| match error {
            PriceError::NoTrade | PriceError::TooLarge => Failure::OutOfRange,
        })
    }

    fn by_minimum(&self, minimum: Amount, paid: Amount) -> Result<Amount, Failure> {
        let asked = self.spec.amount_in;
        let part = mul_div_ceil(minimum.units(), paid.units(), asked.units());
        part.map(Amount::new).map_err(|_| Failure::OutOfRange)
    }

    /// The least output per input, both in raw units; `None` without a price, or if the ratio does not fit 128 bits.
    pub fn ratio(&self) -> Option<Ratio> {
        let by_limit = self.limit.map(|limit| self.ratio_of(limit));
        let by_minimum = self
            .minimum
            .map(|minimum| Some(Ratio::new(minimum.units(), self.spec.amount_in.units())));
        match (by_limit, by_minimum) {
            (Some(limit), Some(minimum)) => Some(greater(limit?, minimum?)),
            (Some(ratio), None) | (None, Some(ratio)) => ratio,
            (None, None) => None,
        }
    }

    /// The price of a sell, its reciprocal for a buy, in raw units.
    fn ratio_of(&self, limit: Price) -> Option<Ratio> {
        let pair = &self.spec.pair;
        let (up, down) = (
            u32::from(PRICE_SCALE) + u32::from(pair.base.decimals),
            u32::from(pair.quote.decimals),
        );
        let one = |exponent: u32| 10u128.checked_pow(exponent);
        let sell = Ratio::new(
            limit.units().checked_mul(one(down.saturating_sub(up))?)?,
            one(up.saturating_sub(down))?,
        );
        Some(match self.spec.side {
            Side::Sell => sell,
            Side::Buy => sell.inverted(),
        })
    }

    /// The price, quote per base, at which the whole size meets the floor; `None` if the order names no price.
    pub fn price(&self) -> Option<Price> {
        let OrderSpec {
            pair,
            side,
            amount_in,
            ..
        } = self.spec;
        // A minimum so small that it has no price rules nothing out.
        let of_minimum = |minimum| Price::of_trade(pair, *side, *amount_in, minimum).ok();
        let by_minimum = self.minimum.and_then(of_minimum);
        match (self.limit, by_minimum) {
            (Some(limit), Some(minimum)) => Some(match side {
                Side::Sell => limit.max(minimum),
                Side::Buy => limit.min(minimum),
            }),
            (price, None) | (None, price) => price,
        }
    }

    /// Whether an execution keeps to it.
    pub fn admits(&self, paid: Amount, received: Amount) -> bool {
        match self.least(paid) {
            Ok(least) => least.is_none_or(|least| received >= least),
            // The amount cannot be expressed at the limit, so nothing can have been executed within it.
            Err(_) => false,
        }
    }
}

fn greater(a: Ratio, b: Ratio) -> Ratio {
    use ruint::aliases::U256;
    let times = |x: u128, y: u128| U256::from(x) * U256::from(y);
    if times(a.num, b.den) >= times(b.num, a.den) {
        a
    } else {
        b
    }
}
