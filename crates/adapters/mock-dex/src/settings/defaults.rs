//! The pools of a market that nobody configured: deep enough for a demonstration, with different fees, and
//! at prices that agree with each other.

use std::ops::RangeInclusive;

use order_core::amm::{CurveKind, bin_price_q64, mul_div_floor};
use order_core::decimal::Decimal;
use order_core::token::{Token, TokenRegistry};

use super::{BinSettings, BinsPool, ConstantProductPool, Exact, PoolSettings};

/// Base, quote, reserves in whole tokens, fee in units of 10⁻⁶.
const RAYDIUM: [(&str, &str, u64, u64, u32); 10] = [
    ("SOL", "USDC", 50_000, 7_500_000, 2_500),
    ("SOL", "USDC", 4_000, 600_000, 500),
    ("ETH", "USDC", 2_500, 7_500_000, 2_500),
    ("RAY", "USDC", 1_600_000, 4_000_000, 2_500),
    ("JUP", "USDC", 4_000_000, 3_200_000, 2_500),
    ("BONK", "USDC", 150_000_000_000, 3_000_000, 4_000),
    ("USDT", "USDC", 5_000_000, 5_000_000, 100),
    ("RAY", "SOL", 1_200_000, 20_000, 2_500),
    ("JUP", "SOL", 1_500_000, 8_000, 2_500),
    ("ETH", "SOL", 1_000, 20_000, 3_000),
];

/// The shape of a default pool of bins.
struct BinShape {
    base: &'static str,
    quote: &'static str,
    /// Whole quote tokens for so many whole base tokens.
    price: (u64, u64),
    bin_step: u16,
    base_factor: u32,
    /// How many bins on either side of the active one.
    reach: i32,
    /// What each bin is worth, in whole quote tokens.
    depth: u64,
}

const METEORA: [BinShape; 9] = [
    shape("SOL", "USDC", (150, 1), (10, 10_000), (70, 60_000)),
    shape("ETH", "USDC", (3_000, 1), (10, 12_000), (70, 50_000)),
    shape("RAY", "USDC", (25, 10), (20, 10_000), (40, 40_000)),
    shape("JUP", "USDC", (8, 10), (20, 10_000), (40, 30_000)),
    shape("BONK", "USDC", (2, 100_000), (25, 10_000), (35, 40_000)),
    shape("USDT", "USDC", (1, 1), (1, 10_000), (60, 100_000)),
    shape("RAY", "SOL", (1, 60), (20, 10_000), (40, 250)),
    shape("JUP", "SOL", (8, 1_500), (20, 12_500), (40, 120)),
    shape("BONK", "SOL", (2, 15_000_000), (25, 10_000), (35, 200)),
];

const fn shape(
    base: &'static str,
    quote: &'static str,
    price: (u64, u64),
    (bin_step, base_factor): (u16, u32),
    (reach, depth): (i32, u64),
) -> BinShape {
    BinShape {
        base,
        quote,
        price,
        bin_step,
        base_factor,
        reach,
        depth,
    }
}

fn known(tokens: &TokenRegistry, base: &str, quote: &str) -> bool {
    tokens.find(base).is_some() && tokens.find(quote).is_some()
}

/// The sections of a market in which nobody configured a venue.
pub(super) const SECTIONS: [(&str, CurveKind); 2] = [
    ("raydium", CurveKind::ConstantProduct),
    ("meteora", CurveKind::Bins),
];

/// The pools, of tokens that are registered, that a section has where it says nothing of them.
pub(super) fn pools(section: &str, tokens: &TokenRegistry) -> Vec<PoolSettings> {
    match section {
        "raydium" => raydium(tokens)
            .into_iter()
            .map(PoolSettings::ConstantProduct)
            .collect(),
        "meteora" => meteora(tokens).into_iter().map(PoolSettings::Bins).collect(),
        _ => Vec::new(),
    }
}

fn raydium(tokens: &TokenRegistry) -> Vec<ConstantProductPool> {
    let whole = |amount: u64| Some(Exact(Decimal::new(amount.into(), 0)));
    RAYDIUM
        .into_iter()
        .filter(|(base, quote, ..)| known(tokens, base, quote))
        .map(
            |(base, quote, base_reserve, quote_reserve, fee_rate)| ConstantProductPool {
                base: base.into(),
                quote: quote.into(),
                base_reserve: whole(base_reserve),
                base_reserve_raw: None,
                quote_reserve: whole(quote_reserve),
                quote_reserve_raw: None,
                fee_rate,
                opens_after_blocks: 0,
            },
        )
        .collect()
}

fn meteora(tokens: &TokenRegistry) -> Vec<BinsPool> {
    METEORA
        .iter()
        .filter_map(|shape| pool_of_bins(shape, tokens))
        .collect()
}

fn pool_of_bins(shape: &BinShape, tokens: &TokenRegistry) -> Option<BinsPool> {
    let (base, quote) = (tokens.find(shape.base)?, tokens.find(shape.quote)?);
    let target = target_q64(shape.price, base, quote)?;
    let active_id = last_bin_at_or_below(shape.bin_step, target)?;
    let depth = u128::from(shape.depth).checked_mul(one(quote)?)?;
    let ids: RangeInclusive<i32> = active_id - shape.reach..=active_id + shape.reach;
    let bins = ids
        .map(|id| bin(shape.bin_step, id, active_id, depth))
        .collect::<Option<_>>()?;
    Some(BinsPool {
        base: shape.base.into(),
        quote: shape.quote.into(),
        bin_step: shape.bin_step,
        active_id,
        base_factor: shape.base_factor,
        variable_fee_control: None,
        filter_secs: None,
        decay_secs: None,
        reduction_bps: None,
        max_accumulator: None,
        protocol_share_bps: None,
        bins,
        opens_after_blocks: 0,
    })
}

/// A bin worth `depth` raw quote units: quote below the active bin, base above it, half and half in it.
fn bin(step: u16, id: i32, active: i32, depth: u128) -> Option<BinSettings> {
    let raw = |units: u128| Some(Exact(Decimal::new(units, 0)));
    let (base_worth, quote) = match id.cmp(&active) {
        std::cmp::Ordering::Less => (0, depth),
        std::cmp::Ordering::Equal => (depth / 2, depth / 2),
        std::cmp::Ordering::Greater => (depth, 0),
    };
    let base = mul_div_floor(base_worth, 1 << 64, bin_price_q64(step, id).ok()?).ok()?;
    Some(BinSettings {
        id,
        base: None,
        base_raw: raw(base),
        quote: None,
        quote_raw: raw(quote),
    })
}

fn one(token: Token) -> Option<u128> {
    10u128.checked_pow(u32::from(token.decimals))
}

/// A price in raw quote per raw base, Q64.64.
fn target_q64((quote_amount, base_amount): (u64, u64), base: Token, quote: Token) -> Option<u128> {
    let num = u128::from(quote_amount).checked_mul(one(quote)?)?;
    let den = u128::from(base_amount).checked_mul(one(base)?)?;
    mul_div_floor(num, 1 << 64, den).ok()
}

/// The bin whose price is the nearest at or below `target`, by halving: prices grow with the id.
fn last_bin_at_or_below(step: u16, target: u128) -> Option<i32> {
    // Beyond e^43 no price fits Q64.64.
    let bound = 430_000 / i32::from(step.max(1));
    let (mut low, mut high) = (-bound, bound);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if bin_price_q64(step, middle).ok()? <= target {
            low = middle
        } else {
            high = middle - 1
        }
    }
    Some(low)
}
