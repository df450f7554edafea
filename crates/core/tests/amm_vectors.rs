//! The market makers' mathematics against vectors that were computed independently.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod amm_support;

use amm_support::{SOL, USDC, dlmm, int, rows, sol_usdc, vectors};
use order_core::amm::{
    AmmError, ConstantProduct, Direction, Pool, Ratio, SwapResult, arbitrage, average_max, bin_price_q64,
    marginal_max, min_out,
};
use ruint::aliases::U256;
use serde_json::Value;

use Direction::{XToY, YToX};

#[test]
fn constant_product_exact_in() {
    let pool = sol_usdc();
    for row in rows("cpmm_exact_in_sell_SOL") {
        let quote = pool.quote(XToY, int(&row, "amountIn"));
        if int(&row, "out") == 0 {
            assert_eq!(quote, Err(AmmError::ZeroOutput));
            continue;
        }
        meets(&quote.unwrap(), &row);
    }
    let row = vectors("cpmm_exact_in_buy_SOL_100USDC");
    meets(&pool.quote(YToX, int(&row, "amountIn")).unwrap(), &row);
}

fn meets(result: &SwapResult, row: &Value) {
    assert_eq!(result.amount_in, int(row, "amountIn"));
    assert_eq!(result.fee, int(row, "fee"), "{row}");
    assert_eq!(result.out, int(row, "out"), "{row}");
    if row.get("net").is_some() {
        assert_eq!(result.net(), int(row, "net"), "{row}");
    }
    if row.get("impactBps").is_some() {
        assert_eq!(u128::from(result.impact_bps), int(row, "impactBps"), "{row}");
    }
    if row.get("protocolFee").is_some() {
        assert_eq!(result.protocol_fee, int(row, "protocolFee"), "{row}");
    }
    if row.get("fundFee").is_some() {
        assert_eq!(result.fund_fee, int(row, "fundFee"), "{row}");
    }
}

#[test]
fn constant_product_exact_out() {
    let pool = sol_usdc();
    for row in rows("cpmm_exact_out") {
        meets(&pool.quote_out(XToY, int(&row, "out")).unwrap(), &row);
    }
}

#[test]
fn constant_product_state_after_swaps() {
    let mut pool = sol_usdc();
    for row in rows("cpmm_two_swaps_state") {
        meets(&pool.swap(XToY, int(&row, "amountIn")).unwrap(), &row);
        assert_eq!((pool.x, pool.y), (int(&row, "newX"), int(&row, "newY")));
    }
}

#[test]
fn minimum_out() {
    let quote = sol_usdc().quote(XToY, 100 * SOL).unwrap().out;
    for row in rows("min_out") {
        let slippage = u32::try_from(int(&row, "slippageBps")).unwrap();
        assert_eq!(min_out(quote, slippage), int(&row, "minOut"));
        assert!(min_out(quote, slippage) - int(&row, "minOutFloor") <= 1);
    }
}

#[test]
fn bin_prices() {
    for row in rows("dlmm_prices") {
        let id = i32::try_from(row["id"].as_i64().unwrap()).unwrap();
        let price = bin_price_q64(u16::try_from(int(&row, "step")).unwrap(), id).unwrap();
        assert_eq!(price, int(&row, "priceQ64"), "bin {id}");
        // Raw USDC per raw SOL is 10⁻³ of USDC per SOL; six more decimals are printed, to the nearest.
        let billion = U256::from(1_000_000_000_u64);
        let half = U256::ONE << 63;
        let micros: U256 = (U256::from(price) * billion + half) >> 64;
        let printed = row["usdcPerSol"].as_str().unwrap().replace('.', "");
        assert_eq!(micros, U256::from(printed.parse::<u128>().unwrap()), "bin {id}");
    }
}

#[test]
fn bin_fee_rates() {
    for row in rows("dlmm_rate_by_va") {
        let accumulator = u32::try_from(int(&row, "va")).unwrap();
        assert_eq!(u128::from(dlmm().params.rate(accumulator)), int(&row, "rate"));
    }
}

#[test]
fn bins_both_ways() {
    for (part, direction) in [("dlmm_sell_SOL", XToY), ("dlmm_buy_SOL", YToX)] {
        for row in rows(part) {
            let mut pool = dlmm();
            let quote = pool.quote(direction, int(&row, "amountIn"), 0).unwrap();
            meets(&quote, &row);
            let steps = row["steps"].as_array().unwrap();
            assert_eq!(quote.steps.len(), steps.len());
            for (got, want) in quote.steps.iter().zip(steps) {
                assert_eq!(i64::from(got.bin), want["bin"].as_i64().unwrap());
                assert_eq!(u128::from(got.rate), int(want, "rate"));
                assert_eq!(got.amount_in, int(want, "amountIn"));
                assert_eq!(got.fee, int(want, "fee"));
                assert_eq!(got.out, int(want, "out"));
                assert_eq!(got.price_q64, int(want, "priceQ64"));
            }
            assert_eq!(pool.swap(direction, int(&row, "amountIn"), 0).unwrap(), quote);
            assert_eq!(i64::from(pool.active), row["endActive"].as_i64().unwrap());
        }
    }
}

#[test]
fn bins_run_out_of_liquidity() {
    assert!(vectors("dlmm_out_of_liquidity").is_null());
    // 390,000 USDC lie at and below 150, so 3,000 SOL are too many; so are 400,000 USDC upwards.
    assert_eq!(
        dlmm().quote(XToY, 3_000 * SOL, 0),
        Err(AmmError::InsufficientLiquidity)
    );
    assert_eq!(
        dlmm().quote(YToX, 400_000 * USDC, 0),
        Err(AmmError::InsufficientLiquidity)
    );
}

#[test]
fn bin_volatility_decays() {
    let mut pool = dlmm();
    let start = 1_000;
    pool.swap(XToY, 1_000 * SOL, start).unwrap();
    let want = vectors("dlmm_volatility_decay");
    for (key, later) in [
        ("afterBigSwap", 0),
        ("plus10s", 10),
        ("plus60s", 60),
        ("plus700s", 700),
    ] {
        assert_eq!(u128::from(pool.fee_rate(start + later)), int(&want, key), "{key}");
    }
}

#[test]
fn bins_keep_their_books() {
    let mut pool = Pool::Bins(dlmm());
    for (direction, amount, now) in [
        (XToY, 1_000 * SOL, 5),
        (YToX, 90_000 * USDC, 7),
        (XToY, 7 * SOL, 900),
    ] {
        let before = pool.reserves().unwrap();
        let swap = pool.swap(direction, amount, now).unwrap();
        let (old_in, old_out) = direction.in_out(before.0, before.1);
        let after = pool.reserves().unwrap();
        let (new_in, new_out) = direction.in_out(after.0, after.1);
        assert_eq!(new_in, old_in + amount - swap.protocol_fee - swap.fund_fee);
        assert_eq!(new_out, old_out - swap.out);
    }
}

#[test]
fn pools_survive_json() {
    let whole = ConstantProduct {
        x: u128::MAX,
        y: u128::MAX - 1,
        fee_rate: 1,
    };
    let mut traded = dlmm();
    traded.swap(XToY, 1_000 * SOL, 5).unwrap();
    for pool in [Pool::ConstantProduct(whole), Pool::Bins(traded)] {
        let text = serde_json::to_string(&pool).unwrap();
        assert_eq!(serde_json::from_str::<Pool>(&text).unwrap(), pool, "{text}");
    }
}

#[test]
fn spot_prices() {
    assert_eq!(
        Pool::ConstantProduct(sol_usdc()).spot_price(),
        Ok(Ratio::new(7_500_000 * USDC, 50_000 * SOL))
    );
    assert_eq!(
        Pool::Bins(dlmm()).spot_price(),
        Ok(Ratio::new(2_767_200_750_216_550_409, 1 << 64))
    );
}

#[test]
fn limit_of_149() {
    let want = vectors("limit_149_raydium");
    let pool = Pool::ConstantProduct(sol_usdc());
    let limit = Ratio::new(149 * USDC, SOL);
    let marginal = marginal_max(&pool, XToY, limit, 0).unwrap();
    assert_eq!(marginal, int(&want, "iocMarginalMax"));
    let out = pool.quote(XToY, marginal, 0).unwrap().out;
    assert_eq!(out, int(&want, "outThere"));
    // Four decimals of USDC per SOL, to the nearest.
    let average = (out * 10_000_000 + marginal / 2) / marginal;
    assert_eq!(
        average.to_string(),
        want["avgThere"].as_str().unwrap().replace('.', "")
    );

    let meets = |amount| pool.quote(XToY, amount, 0).unwrap().out * SOL >= amount * 149 * USDC;
    let most = average_max(&pool, XToY, limit, 0).unwrap();
    assert!(meets(most) && meets(int(&want, "fokAverageMax")));
    // Rounding lets a few amounts below the largest one miss the limit; the vector's was found by halving
    // and stops at one of those. Ours is the largest indeed: nothing meets the limit up to the real solution
    // 7,500,000/149 − 50,000/0.9975 = 210.257186590 of the continuous formula.
    assert!(most >= int(&want, "fokAverageMax"));
    assert!((most + 1..=210_257_186_591).all(|amount| !meets(amount)));
}

#[test]
fn arbitrage_to_153() {
    let want = vectors("arb_to_153");
    let mut pool = Pool::ConstantProduct(sol_usdc());
    let reference = Ratio::new(153 * USDC, SOL);
    let swap = arbitrage(&pool, reference, 0).unwrap().unwrap();
    assert_eq!((swap.direction, swap.amount_in), (YToX, int(&want, "dyUSDC")));
    assert_eq!(swap.out, int(&want, "outSOL"));
    // The price at which the last unit was bought, fees aside: the edge of the band, 153·0.9975.
    let (x, y) = (50_000 * SOL - swap.out, 7_500_000 * USDC + swap.net());
    let spot = (y * 10_000_000 + x / 2) / x;
    assert_eq!(
        spot.to_string(),
        want["newSpot"].as_str().unwrap().replace('.', "")
    );
    assert_eq!(want["newSpot"], want["bandLow"]);
    // Afterwards there is nothing left to gain.
    pool.swap(swap.direction, swap.amount_in, 0).unwrap();
    assert_eq!(arbitrage(&pool, reference, 0), Ok(None));
}

#[test]
fn arbitrage_empties_the_bins_that_are_worth_it() {
    let mut pool = Pool::Bins(dlmm());
    // Net of their fees, bins -1898 (149.86) and -1899 (149.71) are above 149.6, bin -1900 (149.56) is not.
    let swap = arbitrage(&pool, Ratio::new(149_600 * USDC, 1_000 * SOL), 0)
        .unwrap()
        .unwrap();
    assert_eq!(swap.direction, XToY);
    assert_eq!(
        swap.steps.iter().map(|step| step.bin).collect::<Vec<_>>(),
        [-1898, -1899]
    );
    pool.swap(XToY, swap.amount_in, 0).unwrap();
    assert_eq!(
        arbitrage(&pool, Ratio::new(149_600 * USDC, 1_000 * SOL), 0),
        Ok(None)
    );
}
