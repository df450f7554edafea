//! What an admin sets moves all pairs of a token together, so that the sandbox gives nothing away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::sync::Arc;

use order_core::amount::Amount;
use order_core::price::Price;
use order_core::token::{Symbol, TokenRegistry};
use order_core::venue::QuoteRequest;
use order_mock_dex::Market;
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::{market, quiet, token, venue};

fn price(text: &str) -> Price {
    Price::from_decimal(text.parse().unwrap()).unwrap()
}

fn set(market: &Market, base: &str, quote: &str, to: Price) {
    let symbol = |name: &str| -> Symbol { name.parse().unwrap() };
    market.set_price(symbol(base), symbol(quote), to).unwrap();
}

/// The best that any venue gives; `None` where no venue trades the pair, or none takes the size.
async fn best(market: &Arc<Market>, token_in: &str, token_out: &str, amount: u128) -> Option<u128> {
    let mut best = None;
    for at in [METEORA, RAYDIUM] {
        let request = QuoteRequest {
            token_in: token(token_in),
            token_out: token(token_out),
            amount_in: Amount::new(amount),
        };
        let quoted = venue(market, at).quote(&request).await;
        best = best.max(quoted.ok().map(|quote| quote.amount_out.amount.units()));
    }
    best
}

/// What a whole base token brings, in raw units of the quote token.
async fn bid(market: &Arc<Market>, base: &str, quote: &str) -> u128 {
    let one = 10u128.pow(u32::from(token(base).decimals));
    best(market, base, quote, one).await.unwrap()
}

/// To within a part in a hundred: pools follow the world's price as far as their fees let it pay.
fn assert_about(now: u128, expected: u128, what: &str) {
    assert!(
        now.abs_diff(expected) * 100 < expected,
        "{what}: {now}, not {expected}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tokens_other_pairs_move_along() {
    let market = market(&quiet());
    let [jup, ray, jup_usdc] = [
        bid(&market, "JUP", "SOL").await,
        bid(&market, "RAY", "SOL").await,
        bid(&market, "JUP", "USDC").await,
    ];
    set(&market, "SOL", "USDC", price("165"));
    for (name, before) in [("JUP", jup), ("RAY", ray)] {
        assert_about(bid(&market, name, "SOL").await, before * 150 / 165, name);
    }
    assert_about(
        bid(&market, "JUP", "USDC").await,
        jup_usdc,
        "JUP itself is worth what it was",
    );
}

const TOKENS: [&str; 7] = ["USDC", "USDT", "SOL", "ETH", "JUP", "RAY", "BONK"];

/// Every way round over three pools and back, with about ten dollars.
async fn no_free_round_trip(market: &Arc<Market>, after: &str) {
    for start in TOKENS {
        for second in TOKENS {
            for third in TOKENS {
                let distinct = start != second && second != third && third != start;
                let worth_ten = TokenRegistry::default().find(start).unwrap().decimals;
                let paid = 10u128.pow(u32::from(worth_ten));
                if !distinct {
                    continue;
                }
                let Some(out) = best(market, start, second, paid).await else {
                    continue;
                };
                let Some(out) = best(market, second, third, out).await else {
                    continue;
                };
                let Some(back) = best(market, third, start, out).await else {
                    continue;
                };
                assert!(
                    back <= paid,
                    "{start} {second} {third} gives {back} for {paid} after {after}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_sequence_of_prices_opens_a_free_round_trip() {
    let pairs = [
        ("SOL", "USDC"),
        ("ETH", "USDC"),
        ("JUP", "USDC"),
        ("RAY", "USDC"),
        ("BONK", "USDC"),
        ("RAY", "SOL"),
        ("JUP", "SOL"),
    ];
    for seed in 0..4 {
        let market = market(&quiet());
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        no_free_round_trip(&market, "nothing").await;
        for _ in 0..6 {
            let (base, quote) = pairs[rng.random_range(0..pairs.len())];
            let decimals = usize::from(token(quote).decimals);
            let to = bid(&market, base, quote).await * rng.random_range(970..1_030) / 1_000;
            let one = 10u128.pow(u32::from(token(quote).decimals));
            let to = format!("{}.{:0decimals$}", to / one, to % one);
            set(&market, base, quote, price(&to));
            no_free_round_trip(&market, &format!("{base}/{quote} at {to}")).await;
        }
    }
}
