//! The world's prices, which arbitrage brings to the pools: a seeded random walk in integers, by block.
//!
//! Each token has a factor of its own, and a pair's price is its anchor times the base's factor over the
//! quote's. So pairs that share a token move together, and no free round trip opens between them.

use order_core::amm::{Ratio, mul_div_floor};
use order_core::price::{PRICE_SCALE, Price};
use order_core::token::{Pair, Symbol};
use rand::RngCore;
use rand_chacha::ChaCha8Rng;

use crate::rng;

/// A factor of one.
const ONE: i128 = 1_000_000_000_000;

/// A factor never falls below a thousandth.
const FLOOR: i128 = ONE / 1_000;

/// The standard deviation of a block's step, in 10⁻⁹: one basis point, about 90 % a year.
const VOLATILITY_PPB: i128 = 100_000;

/// The tokens that are worth a dollar move this much a block, in 10⁻⁹.
const STABLE_VOLATILITY_PPB: i128 = 2_000;

/// What the others are priced in does not move against itself.
const NUMERAIRE: &str = "USDC";
const STABLE: [&str; 1] = ["USDT"];

/// A factor is pulled back by its distance from one over this many blocks, so that a market left alone for
/// weeks stays within the reach of its pools: it strays by 1.2 % (one standard deviation).
const REVERSION_BLOCKS: i128 = 30_000;

/// One token's way, from block 0 on.
#[derive(Debug)]
struct Walk {
    stream: ChaCha8Rng,
    block: u64,
    factor: i128,
    volatility_ppb: i128,
}

impl Walk {
    fn new(seed: u64, token: Symbol) -> Self {
        let volatility_ppb = match token.as_str() {
            NUMERAIRE => 0,
            name if STABLE.contains(&name) => STABLE_VOLATILITY_PPB,
            _ => VOLATILITY_PPB,
        };
        Self {
            stream: rng::price_stream(seed, token),
            block: 0,
            factor: ONE,
            volatility_ppb,
        }
    }

    /// The factor at a block, or where the walk is already, if that is later.
    fn at(&mut self, block: u64) -> u128 {
        if self.volatility_ppb == 0 {
            self.block = self.block.max(block);
        }
        while self.block < block {
            self.step();
        }
        self.factor.unsigned_abs()
    }

    fn step(&mut self) {
        self.block += 1;
        // The ones among 64 fair bits: mean 32, standard deviation 4, and nearly normal.
        let deviation = i128::from(self.stream.next_u64().count_ones()) - 32;
        let moved = self.factor * deviation * self.volatility_ppb / (4 * 1_000_000_000);
        let pulled = (ONE - self.factor) / REVERSION_BLOCKS;
        self.factor = (self.factor + moved + pulled).max(FLOOR);
    }
}

/// The price of a pair in the world outside.
#[derive(Debug)]
pub(crate) struct Reference {
    pair: Pair,
    anchor: Price,
    base: Walk,
    quote: Walk,
}

impl Reference {
    pub(crate) fn new(seed: u64, pair: Pair, anchor: Price) -> Self {
        let (base, quote) = (
            Walk::new(seed, pair.base.symbol),
            Walk::new(seed, pair.quote.symbol),
        );
        Self {
            pair,
            anchor,
            base,
            quote,
        }
    }

    /// The price at a block; saturates.
    pub(crate) fn price(&mut self, block: u64) -> Price {
        let (base, quote) = (self.base.at(block), self.quote.at(block));
        Price::new(mul_div_floor(self.anchor.units(), base, quote).unwrap_or(u128::MAX))
    }

    /// Makes this the price at a block; the walk goes on from there.
    pub(crate) fn set(&mut self, price: Price, block: u64) {
        let (base, quote) = (self.base.at(block), self.quote.at(block));
        self.anchor = Price::new(mul_div_floor(price.units(), quote, base).unwrap_or(u128::MAX));
    }

    /// The price at a block in raw quote per raw base; `None` if that does not fit a ratio.
    pub(crate) fn ratio(&mut self, block: u64) -> Option<Ratio> {
        let price = self.price(block);
        to_ratio(price, &self.pair)
    }
}

/// A price as raw quote per raw base.
fn to_ratio(price: Price, pair: &Pair) -> Option<Ratio> {
    let (base, quote) = (u32::from(pair.base.decimals), u32::from(pair.quote.decimals));
    let num = price
        .units()
        .checked_mul(10u128.checked_pow(quote.saturating_sub(base))?)?;
    let den = 10u128.checked_pow(u32::from(PRICE_SCALE) + base.saturating_sub(quote))?;
    Some(Ratio::new(num, den))
}

/// Raw quote per raw base as a price; `None` if it does not fit.
pub(crate) fn to_price(ratio: Ratio, pair: &Pair) -> Option<Price> {
    let (base, quote) = (u32::from(pair.base.decimals), u32::from(pair.quote.decimals));
    // First the larger power of ten, so that small prices keep their digits.
    let exponent = i64::from(PRICE_SCALE) + i64::from(base) - i64::from(quote);
    let power = 10u128.checked_pow(u32::try_from(exponent).ok()?)?;
    mul_div_floor(ratio.num, power, ratio.den).ok().map(Price::new)
}

#[cfg(test)]
mod tests {
    use order_core::token::TokenRegistry;

    use super::*;

    fn pair(base: &str, quote: &str) -> Pair {
        let tokens = TokenRegistry::default();
        Pair {
            base: tokens.find(base).unwrap(),
            quote: tokens.find(quote).unwrap(),
        }
    }

    fn price(text: &str) -> Price {
        Price::from_decimal(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_same_seed_walks_the_same_way_in_strides_of_any_length() {
        let walk = |seed, stride: usize| {
            let mut reference = Reference::new(seed, pair("SOL", "USDC"), price("150"));
            (0..=1_000u64)
                .step_by(stride)
                .map(|block| reference.price(block))
                .last()
                .unwrap()
        };
        assert_eq!(walk(7, 1), walk(7, 500));
        assert_ne!(walk(7, 1), walk(8, 1));
        assert_ne!(walk(7, 1), price("150"));
    }

    #[test]
    fn hours_stay_within_reach_and_a_stable_coin_is_stable() {
        for (base, widest) in [("SOL", 1_000u128), ("USDT", 20)] {
            let mut reference = Reference::new(1, pair(base, "USDC"), price("100"));
            for block in (100..=60_000).step_by(100) {
                let now = reference.price(block).units();
                let away = now.abs_diff(price("100").units()) * 10_000 / price("100").units();
                assert!(away <= widest, "{base} strayed by {away} bp at block {block}");
            }
        }
    }

    #[test]
    fn pairs_that_share_a_token_agree() {
        let mut legs = [
            ("RAY", "SOL", "0.5"),
            ("SOL", "USDC", "100"),
            ("RAY", "USDC", "50"),
        ]
        .map(|(base, quote, anchor)| Reference::new(3, pair(base, quote), price(anchor)));
        let [ray_sol, sol, ray] = legs.each_mut().map(|leg| leg.price(10_000).units());
        let through = mul_div_floor(ray_sol, sol, price("1").units()).unwrap();
        assert!(through.abs_diff(ray) * 1_000_000 < ray, "{through} against {ray}");
    }

    #[test]
    fn a_price_that_is_set_is_the_price() {
        let mut reference = Reference::new(1, pair("SOL", "USDC"), price("150"));
        reference.set(price("160"), 500);
        let now = reference.price(500).units();
        assert!(now.abs_diff(price("160").units()) < 1_000_000_000);
        assert_eq!(
            to_ratio(price("160"), &pair("SOL", "USDC")),
            Some(Ratio::new(160 * 10u128.pow(18), 10u128.pow(21)))
        );
        assert_eq!(
            to_price(Ratio::new(160, 1_000), &pair("SOL", "USDC")),
            Some(price("160"))
        );
    }
}
