//! Pools of bins against recordings of the real program: every payout, refusal, state and end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeMap;

use order_core::amm::{AmmError, Bin, BinParams, Bins, Direction, Volatility};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Recording {
    pools: Vec<RecordedPool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedPool {
    #[serde(flatten)]
    params: BinParams,
    active: i32,
    volatility: Volatility,
    bins: BTreeMap<String, [String; 2]>,
    swaps: Vec<Value>,
    bins_after: BTreeMap<String, [String; 2]>,
}

fn bins(held: &BTreeMap<String, [String; 2]>) -> BTreeMap<i32, Bin> {
    let bin = |(id, [x, y]): (&String, &[String; 2])| {
        let (x, y) = (x.parse().unwrap(), y.parse().unwrap());
        (id.parse().unwrap(), Bin { x, y })
    };
    held.iter()
        .map(bin)
        .filter(|(_, bin)| bin.x > 0 || bin.y > 0)
        .collect()
}

fn number<T: std::str::FromStr>(swap: &Value, key: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    let value = &swap[key];
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap()
}

/// What the swap left behind, as the recording has it.
fn state(pool: &Bins) -> (i32, Volatility) {
    (pool.active, pool.volatility)
}

fn recorded_state(swap: &Value) -> (i32, Volatility) {
    let volatility = Volatility {
        accumulator: number(swap, "accumulator"),
        reference: number(swap, "reference"),
        id_reference: number(swap, "idReference"),
        last_update_secs: number(swap, "lastUpdateSecs"),
    };
    (number(swap, "active"), volatility)
}

#[test]
fn bins_do_as_the_program_does() {
    let recording: Recording = serde_json::from_str(include_str!("vectors/dlmm-program.json")).unwrap();
    let (mut swaps, mut payouts, mut states, mut ends) = (0, 0, 0, 0);
    let mut differs = Vec::new();
    for (n, recorded) in recording.pools.iter().enumerate() {
        let mut pool = Bins::new(recorded.params, recorded.active, bins(&recorded.bins)).unwrap();
        pool.volatility = recorded.volatility;
        for (at, swap) in recorded.swaps.iter().enumerate() {
            let direction = match swap["direction"].as_str().unwrap() {
                "xToY" => Direction::XToY,
                _ => Direction::YToX,
            };
            let before = pool.clone();
            let result = pool.swap(direction, number(swap, "amountIn"), number(swap, "now"));
            swaps += 1;
            let paid = if swap
                .get("refused")
                .is_some_and(|refused| *refused != Value::Bool(false))
            {
                result == Err(AmmError::InsufficientLiquidity) && pool == before
            } else {
                result
                    .as_ref()
                    .is_ok_and(|swapped| swapped.out == number::<u128>(swap, "out"))
            };
            payouts += usize::from(paid);
            if swap.get("active").is_none() {
                states += usize::from(pool == before);
                continue;
            }
            let same = state(&pool) == recorded_state(swap);
            states += usize::from(same);
            if !(paid && same) {
                differs.push(format!(
                    "pool {n} swap {at}: {result:?}\n is {:?}\nnot {swap}",
                    state(&pool)
                ));
            }
        }
        let held: BTreeMap<i32, Bin> = pool
            .bins
            .iter()
            .filter(|(_, bin)| bin.x > 0 || bin.y > 0)
            .map(|(id, bin)| (*id, *bin))
            .collect();
        ends += usize::from(held == bins(&recorded.bins_after));
    }
    let pools = recording.pools.len();
    println!("{payouts} payouts and {states} states of {swaps}, {ends} ends of {pools}");
    assert!(
        (payouts, states, ends) == (swaps, swaps, pools),
        "{payouts} payouts and {states} states of {swaps}, {ends} ends of {pools}\n{}",
        differs
            .iter()
            .take(5)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    );
}
