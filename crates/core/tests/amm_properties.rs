//! Laws of the market makers that hold for every pool and amount.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeMap;

use order_core::amm::{
    Bin, BinParams, Bins, ConstantProduct, Direction, Path, Pool, Ratio, SplitRules, Volatility, arbitrage,
    average_max, best_split, bin_price_q64, marginal_max, min_out, mul_div_ceil, mul_div_floor,
};
use proptest::prelude::*;
use ruint::aliases::U256;

fn direction() -> impl Strategy<Value = Direction> + Clone {
    prop_oneof![Just(Direction::XToY), Just(Direction::YToX)]
}

/// Amounts of every magnitude: uniform ones would nearly all have 128 bits.
fn amount() -> impl Strategy<Value = u128> + Clone {
    prop_oneof![
        8 => (any::<u128>(), 0u32..128).prop_map(|(bits, shift)| bits >> shift),
        1 => Just(0),
        1 => Just(u128::MAX),
    ]
}

/// Any state at all, sensible or not.
fn any_pool() -> impl Strategy<Value = Pool> {
    let constant_product = (amount(), amount(), prop_oneof![0u32..1_000_000, any::<u32>()])
        .prop_map(|(x, y, fee_rate)| Pool::ConstantProduct(ConstantProduct { x, y, fee_rate }));
    prop_oneof![constant_product, any_bins().prop_map(Pool::Bins)]
}

fn any_params() -> impl Strategy<Value = BinParams> {
    (any::<u16>(), any::<[u32; 5]>(), any::<[u64; 2]>()).prop_map(|(bin_step, [a, b, c, d, e], [f, g])| {
        BinParams {
            bin_step,
            base_factor: a,
            variable_fee_control: b,
            filter_secs: f,
            decay_secs: g,
            reduction_bps: c,
            max_accumulator: d,
            protocol_share_bps: e,
        }
    })
}

fn any_bins() -> impl Strategy<Value = Bins> {
    let params = prop_oneof![
        any_params(),
        (1u16..200, 0u32..30_000).prop_map(|(step, factor)| BinParams::standard(step, factor))
    ];
    let id = || prop_oneof![-50i32..50, any::<i32>()];
    let volatility = (any::<u32>(), any::<u32>(), id(), any::<u64>()).prop_map(
        |(accumulator, reference, id_reference, last_update_secs)| Volatility {
            accumulator,
            reference,
            id_reference,
            last_update_secs,
        },
    );
    let bin = (amount(), amount()).prop_map(|(x, y)| Bin { x, y });
    let bins = prop::collection::btree_map(id(), bin.clone(), 0..12);
    (params, id(), bins, volatility, bin).prop_map(|(params, active, bins, volatility, fees)| {
        let mut pool = Bins::new(BinParams::standard(1, 1), 0, BTreeMap::new()).unwrap();
        (pool.params, pool.active, pool.bins, pool.volatility) = (params, active, bins, volatility);
        (pool.lp_fees.x, pool.lp_fees.y) = (fees.x, fees.y);
        pool
    })
}

/// A pool as it could stand on a venue, up to 10²⁰ raw units a side.
fn real_pool() -> impl Strategy<Value = Pool> {
    let reserve = || 1_000u128..100_000_000_000_000_000_000;
    let constant_product = (reserve(), reserve(), 0u32..50_000)
        .prop_map(|(x, y, fee_rate)| Pool::ConstantProduct(ConstantProduct { x, y, fee_rate }));
    let depths = prop::collection::vec((0u128..1_000_000_000_000, 0u128..1_000_000_000_000), 15);
    let bins =
        (1u16..100, 0u32..20_000, -2_000i32..2_000, depths).prop_map(|(step, factor, active, depths)| {
            let bin = |(at, (x, y)): (usize, (u128, u128))| {
                let id = i32::try_from(at).unwrap() - 7;
                (
                    active + id,
                    Bin {
                        x: if id >= 0 { x } else { 0 },
                        y: if id <= 0 { y } else { 0 },
                    },
                )
            };
            let bins = depths.into_iter().enumerate().map(bin).collect();
            Pool::Bins(Bins::new(BinParams::standard(step, factor), active, bins).unwrap())
        });
    prop_oneof![constant_product, bins]
}

/// What the pool's holdings are worth in y, bin by bin at its own price, Q64.64; a measure that trading may
/// not lower in the way that `x·y` may not fall.
fn worth(pool: &Pool) -> U256 {
    match pool {
        Pool::ConstantProduct(pool) => U256::from(pool.x) * U256::from(pool.y),
        Pool::Bins(pool) => pool.bins.iter().fold(U256::ZERO, |sum, (id, bin)| {
            let price = bin_price_q64(pool.params.bin_step, *id).unwrap();
            sum + U256::from(bin.x) * U256::from(price) + (U256::from(bin.y) << 64)
        }),
    }
}

proptest! {
    #[test]
    fn nothing_panics(
        pool in any_pool(), other in any_pool(), direction in direction(), amount in amount(),
        (num, den) in (amount(), amount()), now in any::<u64>(), slippage in any::<u32>(),
    ) {
        let ratio = Ratio::new(num, den);
        let quote = pool.quote(direction, amount, now);
        let mut traded = pool.clone();
        prop_assert_eq!(traded.swap(direction, amount, now), quote.clone());
        if quote.is_err() {
            prop_assert_eq!(&traded, &pool);
        }
        let _ = (pool.spot_price(), pool.reserves());
        let _ = marginal_max(&pool, direction, ratio, now);
        let _ = arbitrage(&pool, ratio, now);
        if let Pool::ConstantProduct(pool) = &pool {
            let _ = pool.quote_out(direction, amount);
        }
        if let Pool::Bins(pool) = &pool {
            let _ = (pool.fee_rate(now), pool.depth(direction, now));
        }
        prop_assert!(min_out(amount, slippage) <= amount);
        let rules = SplitRules { leg_cost: num, max_legs: 3 };
        let paths = [
            Path::direct(&pool, direction),
            Path::direct(&other, direction),
            Path::direct(&other, direction).then(&pool, direction.reversed()),
        ];
        let _ = best_split(&paths, amount, rules, now);
    }

    #[test]
    fn averages_never_panic(
        pool in any_pool(), direction in direction(), (num, den) in (amount(), amount()), now in any::<u64>(),
    ) {
        if let Ok(most @ 1..) = average_max(&pool, direction, Ratio::new(num, den), now) {
            let quote = pool.quote(direction, most, now).unwrap();
            prop_assert!(U256::from(quote.out) * U256::from(den) >= U256::from(most) * U256::from(num));
        }
    }

    #[test]
    fn bin_prices_never_panic_and_never_fall(step in any::<u16>(), id in any::<i32>()) {
        if let (Ok(low), Ok(high)) = (bin_price_q64(step, id), bin_price_q64(step, id.saturating_add(1))) {
            prop_assert!(0 < low && low <= high);
        }
    }

    #[test]
    fn quotients_meet_their_definition(a in amount(), b in amount(), c in amount()) {
        let product = U256::from(a) * U256::from(b);
        if let Ok(floor) = mul_div_floor(a, b, c) {
            let low = U256::from(floor) * U256::from(c);
            prop_assert!(low <= product && product - low < U256::from(c));
        }
        if let Ok(ceil) = mul_div_ceil(a, b, c) {
            let high = U256::from(ceil) * U256::from(c);
            prop_assert!(high >= product && high - product < U256::from(c));
        }
    }

    #[test]
    fn minimum_is_the_least_whole_amount_within_the_tolerance(quote in amount(), slippage in 0u32..=10_000) {
        let (min, kept) = (U256::from(min_out(quote, slippage)), U256::from(10_000 - slippage));
        let (exact, unit) = (U256::from(quote) * kept, U256::from(10_000));
        prop_assert!(min * unit >= exact);
        prop_assert!(min.is_zero() || (min - U256::ONE) * unit < exact);
    }

    #[test]
    fn pools_never_lose(pool in real_pool(), trades in prop::collection::vec((direction(), amount(), 0u64..900), 1..8)) {
        let (mut pool, mut now) = (pool, 0);
        for (direction, amount, pause) in trades {
            now += pause;
            let before = pool.clone();
            if let Ok(swap) = pool.swap(direction, amount, now) {
                prop_assert!(worth(&pool) >= worth(&before));
                let (x, y) = before.reserves().unwrap();
                let (had_in, had_out) = direction.in_out(x, y);
                let (x, y) = pool.reserves().unwrap();
                let kept = swap.amount_in - swap.protocol_fee - swap.fund_fee;
                prop_assert_eq!(direction.in_out(x, y), (had_in + kept, had_out - swap.out));
                prop_assert!(swap.protocol_fee + swap.fund_fee <= swap.fee && swap.fee <= swap.amount_in);
                prop_assert!(swap.impact_bps <= 10_000);
            }
        }
    }

    #[test]
    fn there_and_back_never_gains(pool in real_pool(), direction in direction(), amount in amount(), pause in 0u64..900) {
        let mut pool = pool;
        if let Ok(there) = pool.swap(direction, amount, 0)
            && let Ok(back) = pool.swap(direction.reversed(), there.out, pause)
        {
            prop_assert!(back.out <= amount);
        }
    }

    #[test]
    fn more_in_never_gives_less(pool in real_pool(), direction in direction(), amount in amount(), more in amount()) {
        let (low, high) = (amount.min(more), amount.max(more));
        if let (Ok(low), Ok(high)) = (pool.quote(direction, low, 0), pool.quote(direction, high, 0)) {
            prop_assert!(low.out <= high.out);
        }
    }

    #[test]
    fn one_more_unit_never_gives_less(pool in real_pool(), direction in direction(), amount in 0u128..10_000_000_000_000) {
        if let (Ok(low), Ok(high)) = (pool.quote(direction, amount, 0), pool.quote(direction, amount + 1, 0)) {
            prop_assert!(low.out <= high.out);
        }
    }

    #[test]
    fn exact_out_is_the_price_of_that_output(
        (x, y, fee_rate) in (1u128..1 << 90, 2u128..1 << 90, 0u32..1_000_000),
        direction in direction(), share in 1u128..1_000,
    ) {
        let pool = ConstantProduct { x, y, fee_rate };
        let (_, reserve) = direction.in_out(x, y);
        let out = (reserve / 1_000 * share).max(1);
        if let Ok(asked) = pool.quote_out(direction, out) {
            let paid = pool.quote(direction, asked.amount_in).unwrap();
            prop_assert!(paid.out >= out);
            prop_assert_eq!(paid.fee, asked.fee);
        }
    }

    #[test]
    fn splits_are_whole_and_beat_each_path(
        pools in prop::collection::vec(real_pool(), 1..5), direction in direction(),
        amount in 1u128..1_000_000_000_000_000, leg_cost in 0u128..1_000_000, max_legs in 1usize..5,
    ) {
        let paths: Vec<_> = pools.iter().map(|pool| Path::direct(pool, direction)).collect();
        if let Ok(split) = best_split(&paths, amount, SplitRules { leg_cost, max_legs }, 0) {
            prop_assert_eq!(split.legs.iter().map(|leg| leg.amount_in).sum::<u128>(), amount);
            prop_assert_eq!(split.legs.iter().map(|leg| leg.out).sum::<u128>(), split.out);
            prop_assert!((1..=max_legs).contains(&split.legs.len()));
            for leg in &split.legs {
                prop_assert_eq!(paths[leg.path].quote(leg.amount_in, 0).unwrap().out, leg.out);
            }
            let net = split.out.saturating_sub(leg_cost * (split.legs.len() as u128 - 1));
            for path in &paths {
                prop_assert!(path.quote(amount, 0).map_or(0, |quote| quote.out) <= net);
            }
        }
    }

    #[test]
    fn arbitrage_gains_and_then_stops(pool in real_pool(), num in 1u128..1_000_000, den in 1u128..1_000_000) {
        let (mut pool, reference) = (pool, Ratio::new(num, den));
        if let Some(swap) = arbitrage(&pool, reference, 0).unwrap() {
            pool.swap(swap.direction, swap.amount_in, 0).unwrap();
            if let Some(again) = arbitrage(&pool, reference, 0).unwrap() {
                // Only rounding can have left anything.
                prop_assert_eq!(again.direction, swap.direction);
            }
        }
    }
}
