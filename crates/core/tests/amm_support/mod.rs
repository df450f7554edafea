//! The vectors, and the pools that they were computed for.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::collections::BTreeMap;

use order_core::amm::{Bin, BinParams, Bins, ConstantProduct};
use serde_json::Value;

/// One SOL in raw units.
pub const SOL: u128 = 1_000_000_000;
/// One USDC in raw units; RAY has as many decimals.
pub const USDC: u128 = 1_000_000;

/// The whole file, or one named part of it.
pub fn vectors(part: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../vectors/amm.json")).unwrap();
    all.get(part).unwrap_or_else(|| panic!("no part {part}")).clone()
}

/// An integer, written as a number or as a string.
pub fn int(value: &Value, key: &str) -> u128 {
    let value = value.get(key).unwrap_or_else(|| panic!("no {key} in {value}"));
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
        .parse()
        .unwrap()
}

/// A part that is a list.
pub fn rows(part: &str) -> Vec<Value> {
    vectors(part).as_array().unwrap().clone()
}

/// 50,000 SOL against 7,500,000 USDC, 25 basis points.
pub fn sol_usdc() -> ConstantProduct {
    ConstantProduct::new(50_000 * SOL, 7_500_000 * USDC, 2_500).unwrap()
}

/// The pool of bins that the vectors describe.
pub fn dlmm() -> Bins {
    let params = vectors("dlmm_params");
    let field = |key| u32::try_from(int(&params, key)).unwrap();
    let mut bins = BTreeMap::new();
    for (id, held) in params["bins"].as_object().unwrap() {
        let amount = |side: usize| held[side].to_string().parse().unwrap();
        bins.insert(
            id.parse().unwrap(),
            Bin {
                x: amount(0),
                y: amount(1),
            },
        );
    }
    let fees = BinParams {
        bin_step: u16::try_from(field("binStep")).unwrap(),
        base_factor: field("baseFactor"),
        variable_fee_control: field("variableFeeControl"),
        filter_secs: u64::from(field("filter")),
        decay_secs: u64::from(field("decay")),
        reduction_bps: field("reduction"),
        max_accumulator: field("maxVA"),
        protocol_share_bps: field("protocolShare"),
    };
    assert_eq!(fees, BinParams::standard(10, 10_000));
    assert_eq!(fees.rate(0), field("baseFeeRate"));
    let active = params["active"].as_i64().unwrap();
    Bins::new(fees, i32::try_from(active).unwrap(), bins).unwrap()
}
