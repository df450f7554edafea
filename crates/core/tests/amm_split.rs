//! Splits and paths against vectors, and against every division there is for small pools.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod amm_support;

use std::collections::BTreeMap;

use amm_support::{SOL, USDC, dlmm, int, rows, sol_usdc, vectors};
use order_core::amm::{
    AmmError, Bin, BinParams, Bins, ConstantProduct, Direction, Path, Pool, Split, SplitRules, best_split,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

use Direction::{XToY, YToX};

const FREE: SplitRules = SplitRules {
    leg_cost: 0,
    max_legs: 8,
};

/// What a split may miss the best division by, in raw units of the output.
fn worst_units(part: &str) -> u128 {
    int(&vectors(part), "worstUnits")
}

fn cp(x: u128, y: u128, fee_rate: u32) -> Pool {
    Pool::ConstantProduct(ConstantProduct::new(x, y, fee_rate).unwrap())
}

/// A split over pools that are directly reachable, after the checks that hold for every split.
fn split(pools: &[&Pool], direction: Direction, amount: u128) -> Result<Split, AmmError> {
    let paths: Vec<_> = pools.iter().map(|pool| Path::direct(pool, direction)).collect();
    let split = best_split(&paths, amount, FREE, 0)?;
    assert_eq!(split.legs.iter().map(|leg| leg.amount_in).sum::<u128>(), amount);
    for leg in &split.legs {
        assert_eq!(
            pools[leg.path].quote(direction, leg.amount_in, 0).unwrap().out,
            leg.out
        );
    }
    assert_eq!(split.legs.iter().map(|leg| leg.out).sum::<u128>(), split.out);
    let single = pools
        .iter()
        .filter_map(|pool| pool.quote(direction, amount, 0).ok())
        .map(|quote| quote.out);
    assert!(split.out >= single.max().unwrap_or(0));
    Ok(split)
}

fn part(split: &Split, path: usize) -> u128 {
    split
        .legs
        .iter()
        .find(|leg| leg.path == path)
        .map_or(0, |leg| leg.amount_in)
}

#[test]
fn two_constant_products() {
    let want = vectors("split_two_cp");
    let pool = |name: &str| {
        let pool = &want[name];
        cp(
            int(pool, "x"),
            int(pool, "y"),
            u32::try_from(int(pool, "fee")).unwrap(),
        )
    };
    let (a, b) = (pool("A"), pool("B"));
    for row in want["rows"].as_array().unwrap() {
        let amount = int(row, "amountIn");
        let got = split(&[&a, &b], XToY, amount).unwrap();
        assert_eq!(a.quote(XToY, amount, 0).unwrap().out, int(row, "allA"));
        assert_eq!(b.quote(XToY, amount, 0).unwrap().out, int(row, "allB"));
        assert!(got.out + 2 >= int(row, "out"), "{} of {row}", got.out);
        // A unit of USDC is worth thousands of lamports: divisions this close give the same.
        assert!(
            part(&got, 0).abs_diff(int(row, "closedFormA")) < 100_000,
            "{got:?} {row}"
        );
    }
}

#[test]
fn constant_product_and_bins() {
    let (raydium, meteora) = (Pool::ConstantProduct(sol_usdc()), Pool::Bins(dlmm()));
    for row in rows("split_cp_dlmm") {
        let amount = int(&row, "amountIn");
        let got = split(&[&raydium, &meteora], XToY, amount).unwrap();
        assert_eq!(
            raydium.quote(XToY, amount, 0).unwrap().out,
            int(&row, "allRaydium")
        );
        let all_meteora = meteora.quote(XToY, amount, 0);
        if row["allMeteora"] == Value::Null {
            assert_eq!(all_meteora, Err(AmmError::InsufficientLiquidity));
        } else {
            assert_eq!(all_meteora.unwrap().out, int(&row, "allMeteora"));
        }
        assert!(got.out + 2 >= int(&row, "out"), "{} of {row}", got.out);
        assert!(
            part(&got, 0).abs_diff(int(&row, "waterfillRaydium")) < 100_000,
            "{got:?} {row}"
        );
    }
}

/// The best of all divisions over two pools, a leg that gives nothing counting as no answer.
fn exhaustive(a: &Pool, b: &Pool, direction: Direction, amount: u128) -> Option<u128> {
    let out = |pool: &Pool, part| match part {
        0 => Some(0),
        _ => pool.quote(direction, part, 0).ok().map(|quote| quote.out),
    };
    (0..=amount)
        .filter_map(|part| Some(out(a, part)? + out(b, amount - part)?))
        .max()
}

fn meets_exhaustive(a: &Pool, b: &Pool, direction: Direction, amount: u128, worst: u128) {
    let got = split(&[a, b], direction, amount).map(|split| split.out);
    match exhaustive(a, b, direction, amount) {
        Some(best) => {
            let got = got.unwrap_or_else(|error| panic!("{error} for {amount} of {best}: {a:?} {b:?}"));
            assert!(
                got <= best && got + worst >= best,
                "{got} of {best} for {amount}: {a:?} {b:?}"
            );
        }
        None => assert!(got.is_err(), "{got:?} for {amount}: {a:?} {b:?}"),
    }
}

#[test]
fn small_constant_products_exhaustively() {
    let worst = worst_units("exhaustive_check_small");
    for (x, y, fee) in [
        (50, 70, 2_500),
        (1_000, 1_500, 2_500),
        (700, 90, 10_000),
        (3_000, 9_000, 0),
    ] {
        for (u, v, rate) in [
            (60, 80, 3_000),
            (400, 610, 3_000),
            (5_000, 7_400, 500),
            (900, 9_000, 40_000),
        ] {
            for amount in [1, 2, 7, 40, 133, 500, 1_001, 3_000] {
                meets_exhaustive(&cp(x, y, fee), &cp(u, v, rate), XToY, amount, worst);
            }
        }
    }
}

#[test]
fn small_mixed_pools_exhaustively() {
    let worst = worst_units("exhaustive_check_mixed_small");
    for (step, depth) in [(10, 40), (100, 90), (25, 700)] {
        let bin = |id: i32| {
            let (x, y) = (u128::from(id >= 0) * depth, u128::from(id <= 0) * depth);
            (id, Bin { x, y })
        };
        let bins = (-4..=4).map(bin).collect::<BTreeMap<_, _>>();
        let bins = Pool::Bins(Bins::new(BinParams::standard(step, 10_000), 0, bins).unwrap());
        for (x, y, fee) in [
            (50, 50, 2_500),
            (1_000, 1_010, 2_500),
            (2_000, 1_980, 500),
            (9_000, 9_000, 100),
        ] {
            for amount in [1, 2, 7, 40, 133, 500, 1_001, 3_000] {
                for direction in [XToY, YToX] {
                    meets_exhaustive(&cp(x, y, fee), &bins, direction, amount, worst);
                }
            }
        }
    }
}

/// Nearly all of the liquidity is needed, and what the bins leave is too little for the other pool.
#[test]
fn a_last_unit_is_helped_out() {
    let bins = [(-2, 80), (-1, 120), (0, 130)].map(|(id, y)| (id, Bin { x: 0, y }));
    let bins = Bins::new(BinParams::standard(1, 10_000), 0, bins.into_iter().collect()).unwrap();
    let bins = Pool::Bins(bins);
    // One unit out of this pool takes 102 in.
    let coarse = cp(3_669, 37, 10_000);
    for amount in 300..=340 {
        meets_exhaustive(&coarse, &bins, XToY, amount, 2);
    }
}

proptest! {
    // Always the same cases: single moves reach the last units nearly always, not provably always.
    #![proptest_config(ProptestConfig { cases: 150, rng_seed: RngSeed::Fixed(42), ..ProptestConfig::default() })]

    #[test]
    fn small_pools_at_random_exhaustively(
        (x, y, fee) in (20u128..4_000, 20u128..4_000, 0u32..40_000),
        depths in proptest::collection::vec((0u128..250, 0u128..250), 9),
        (active, step) in (-200i32..200, 1u16..100),
        amount in 1u128..800,
        sell in any::<bool>(),
    ) {
        let bin = |(at, (x, y)): (usize, (u128, u128))| {
            let id = i32::try_from(at).unwrap() - 4;
            (active + id, Bin { x: if id >= 0 { x } else { 0 }, y: if id <= 0 { y } else { 0 } })
        };
        let bins = depths.into_iter().enumerate().map(bin).collect();
        let bins = Pool::Bins(Bins::new(BinParams::standard(step, 10_000), active, bins).unwrap());
        let direction = if sell { XToY } else { YToX };
        meets_exhaustive(&cp(x, y, fee), &bins, direction, amount, 2);
    }
}

#[test]
fn a_leg_must_pay() {
    let (a, b) = (
        cp(50_000 * SOL, 7_500_000 * USDC, 2_500),
        cp(20_000 * SOL, 3_010_000 * USDC, 3_000),
    );
    let paths = [Path::direct(&a, XToY), Path::direct(&b, XToY)];
    let legs = |leg_cost, max_legs| {
        best_split(&paths, 100 * SOL, SplitRules { leg_cost, max_legs }, 0)
            .unwrap()
            .legs
            .len()
    };
    // The second leg gains 24.87 USDC.
    assert_eq!(legs(24 * USDC, 8), 2);
    assert_eq!(legs(25 * USDC, 8), 1);
    assert_eq!(legs(0, 1), 1);
    assert_eq!(legs(u128::MAX, 8), 1);
}

#[test]
fn no_path_no_split() {
    assert_eq!(best_split(&[], 1, FREE, 0), Err(AmmError::InsufficientLiquidity));
    let pool = Pool::Bins(dlmm());
    assert_eq!(
        best_split(&[Path::direct(&pool, XToY)], 0, FREE, 0),
        Err(AmmError::ZeroInput)
    );
    assert_eq!(
        best_split(&[Path::direct(&pool, XToY)], 9_000 * SOL, FREE, 0),
        Err(AmmError::InsufficientLiquidity)
    );
}

/// 50,000 SOL against 3,000,000 RAY, and 2,000,000 RAY (6 decimals) against 5,000,000 USDC.
fn by_way_of_ray() -> (Pool, Pool) {
    (
        cp(50_000 * SOL, 3_000_000 * USDC, 2_500),
        cp(2_000_000 * USDC, 5_000_000 * USDC, 2_500),
    )
}

#[test]
fn two_hops() {
    let want = vectors("two_hop");
    let (sol_ray, ray_usdc) = by_way_of_ray();
    let path = Path::direct(&sol_ray, XToY).then(&ray_usdc, XToY);
    let quote = path.quote(100 * SOL, 0).unwrap();
    assert_eq!(quote.hops[0].out, int(&want, "mid"));
    assert_eq!(quote.hops[1].amount_in, int(&want, "mid"));
    assert_eq!(quote.out, int(&want, "out"));
}

#[test]
fn a_path_of_two_hops_takes_its_share() {
    let (sol_ray, ray_usdc) = by_way_of_ray();
    let direct = Pool::ConstantProduct(sol_usdc());
    let amount = 3_000 * SOL;
    let paths = [
        Path::direct(&direct, XToY),
        Path::direct(&sol_ray, XToY).then(&ray_usdc, XToY),
    ];
    let got = best_split(&paths, amount, FREE, 0).unwrap();
    let at = |part: u128| {
        let direct = paths[0].quote(part, 0).map_or(0, |quote| quote.out);
        direct + paths[1].quote(amount - part, 0).map_or(0, |quote| quote.out)
    };
    assert_eq!(got.legs.len(), 2);
    assert_eq!(got.out, at(part(&got, 0)));
    for part in (0..amount).step_by(1_000_000_000) {
        assert!(at(part) <= got.out + 2, "{part}");
    }
}

#[test]
fn a_path_with_bins_in_it_is_found_by_sampling() {
    // SOL by way of bins against RAY, priced 60 RAY per SOL, then RAY against USDC.
    let bins = (-2_830..=-2_813)
        .map(|id| {
            (
                id,
                Bin {
                    x: 0,
                    y: 6_000 * USDC,
                },
            )
        })
        .collect();
    let sol_ray = Pool::Bins(Bins::new(BinParams::standard(10, 10_000), -2_813, bins).unwrap());
    let (_, ray_usdc) = by_way_of_ray();
    let direct = Pool::ConstantProduct(sol_usdc());
    let paths = [
        Path::direct(&direct, XToY),
        Path::direct(&sol_ray, XToY).then(&ray_usdc, XToY),
    ];
    for amount in [300 * SOL, 3_000 * SOL, 6_000 * SOL] {
        let got = best_split(&paths, amount, FREE, 0).unwrap();
        let out = |path: usize, part| match part {
            0 => Some(0),
            _ => paths[path].quote(part, 0).ok().map(|quote| quote.out),
        };
        for part in (0..=amount).step_by(1_000_000_000) {
            if let (Some(a), Some(b)) = (out(0, part), out(1, amount - part)) {
                assert!(a + b <= got.out + 2, "{part}: {} of {}", got.out, a + b);
            }
        }
    }
}
