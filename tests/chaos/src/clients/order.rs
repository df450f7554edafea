//! What clients ask for.

use serde_json::{Value, json};

use super::USERS;
use crate::dice::Dice;

/// An order before it is one.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) user: &'static str,
    pub(super) key: String,
    pub(super) body: Value,
}

/// What is paid, what is wanted, and the most that is paid, in whole tokens.
const SWAPS: [(&str, &str, u64); 10] = [
    ("SOL", "USDC", 60),
    ("USDC", "SOL", 9_000),
    ("ETH", "USDC", 3),
    ("USDC", "ETH", 9_000),
    ("RAY", "USDC", 4_000),
    ("USDC", "JUP", 5_000),
    ("BONK", "USDC", 90_000_000),
    ("USDT", "USDC", 20_000),
    ("RAY", "SOL", 2_000),
    ("SOL", "JUP", 20),
];

/// A random order of a random user.
pub(super) fn wish(dice: &Dice, number: u64) -> Wish {
    let user = dice.one_of(&USERS);
    let (token_in, token_out, most) = dice.one_of(&SWAPS);
    let mut body = json!({
        "tokenIn": token_in,
        "tokenOut": token_out,
        "amountIn": format!("{}.{:02}", 1 + dice.below(most), dice.below(100)),
        "slippageBps": dice.one_of(&[1, 20, 50, 50, 100, 500]),
        "priority": dice.one_of(&["low", "normal", "normal", "high"]),
        "userId": user,
    });
    if dice.percent(30) {
        body["clientOrderId"] = json!(format!("client-order-{number}"));
    }
    Wish {
        user,
        key: format!("key-{number}"),
        body,
    }
}
