//! Quotes of a market whose pools are configured as the independently computed vectors describe them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::venue::{QuoteRequest, VenueId};
use order_mock_dex::MarketSettings;
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use serde_json::Value;
use support::{market, settings, token, venue};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../core/tests/vectors/amm.json")).unwrap()
}

fn units(value: &Value) -> Amount {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Amount::new(text.parse().unwrap())
}

fn raydium() -> MarketSettings {
    settings(
        r#"
        profile = "instant"
        price = "frozen"
        [[raydium.pools]]
        base = "SOL"
        quote = "USDC"
        base_reserve = "50000"
        quote_reserve = "7500000"
        fee_rate = 2500
        "#,
    )
}

fn meteora(vectors: &Value) -> MarketSettings {
    let params = &vectors["dlmm_params"];
    let mut text = format!(
        "profile = \"instant\"\nprice = \"frozen\"\n[[meteora.pools]]\nbase = \"SOL\"\nquote = \"USDC\"\n\
         bin_step = {}\nactive_id = {}\nbase_factor = {}\nvariable_fee_control = {}\nfilter_secs = {}\n\
         decay_secs = {}\nreduction_bps = {}\nmax_accumulator = {}\nprotocol_share_bps = {}\nbins = [",
        params["binStep"],
        params["active"],
        params["baseFactor"],
        params["variableFeeControl"],
        params["filter"],
        params["decay"],
        params["reduction"],
        params["maxVA"],
        params["protocolShare"],
    );
    for (id, held) in params["bins"].as_object().unwrap() {
        text += &format!(
            "{{ id = {id}, base_raw = {}, quote_raw = {} }},",
            held[0], held[1]
        );
    }
    settings(&(text + "]"))
}

async fn quotes_are(
    settings: &MarketSettings,
    at: VenueId,
    (token_in, token_out): (&str, &str),
    rows: &[Value],
) {
    for row in rows {
        // A fresh market for each: one quote must not colour the next.
        let market = market(settings);
        let request = QuoteRequest {
            token_in: token(token_in),
            token_out: token(token_out),
            amount_in: units(&row["amountIn"]),
        };
        let quote = venue(&market, at).quote(&request).await;
        if row["out"].as_u64() == Some(0) {
            assert_eq!(quote, Err(VenueError::ZeroOutput), "{row}");
            continue;
        }
        let quote = quote.unwrap();
        assert_eq!(quote.amount_out.amount, units(&row["out"]), "{row}");
        assert_eq!(quote.fee.amount, units(&row["fee"]), "{row}");
        if let Some(impact) = row.get("impactBps") {
            assert_eq!(Amount::new(quote.price_impact_bps.into()), units(impact), "{row}");
        }
    }
}

#[tokio::test]
async fn raydium_quotes_to_the_unit() {
    let vectors = vectors();
    let sells = vectors["cpmm_exact_in_sell_SOL"].as_array().unwrap();
    quotes_are(&raydium(), RAYDIUM, ("SOL", "USDC"), sells).await;
    let buys = [vectors["cpmm_exact_in_buy_SOL_100USDC"].clone()];
    quotes_are(&raydium(), RAYDIUM, ("USDC", "SOL"), &buys).await;
}

#[tokio::test]
async fn meteora_quotes_to_the_unit() {
    let vectors = vectors();
    let sells = vectors["dlmm_sell_SOL"].as_array().unwrap();
    quotes_are(&meteora(&vectors), METEORA, ("SOL", "USDC"), sells).await;
    let buys = vectors["dlmm_buy_SOL"].as_array().unwrap();
    quotes_are(&meteora(&vectors), METEORA, ("USDC", "SOL"), buys).await;
}

#[tokio::test]
async fn a_second_swap_meets_what_the_first_one_left() {
    let vectors = vectors();
    let market = market(&raydium());
    for row in vectors["cpmm_two_swaps_state"].as_array().unwrap() {
        let request = QuoteRequest {
            token_in: token("SOL"),
            token_out: token("USDC"),
            amount_in: units(&row["amountIn"]),
        };
        let transaction = support::built(&market, 1, RAYDIUM, &request).await;
        support::decided(&*market, &transaction).await;
        let pools = market.pools();
        let pool = pools.iter().find(|pool| pool.venue == RAYDIUM).unwrap();
        assert_eq!(Amount::new(pool.books.reserves.base), units(&row["newX"]));
        assert_eq!(Amount::new(pool.books.reserves.quote), units(&row["newY"]));
    }
}
