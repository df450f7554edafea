//! Which orders are submitted.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::dialect::Dialect;

/// Orders as the contract writes them, submitted in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderMix {
    orders: Vec<Map<String, Value>>,
}

/// An order in a mix cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOrder {
    /// It is no JSON object.
    #[error("an order is a JSON object, as POST /api/orders/execute takes it")]
    NotJson(#[from] serde_json::Error),
    /// The number before it is none, or unreasonable.
    #[error("what stands before `*` must be a number from 1 to {MOST}")]
    Weight,
}

/// How many times one order may stand in a mix.
const MOST: usize = 1_000;

/// Both directions, for about the same value, so that the pools stay where they are.
const USUAL: [&str; 2] = [
    r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"0.1"}"#,
    r#"{"tokenIn":"USDC","tokenOut":"SOL","amountIn":"15"}"#,
];

impl Default for OrderMix {
    fn default() -> Self {
        // What is written above is JSON.
        Self::parse(&USUAL).unwrap_or(Self { orders: Vec::new() })
    }
}

impl OrderMix {
    /// A mix of these orders; `3*{…}` stands for three of one kind. Without any it is the usual mix.
    ///
    /// # Errors
    /// [`InvalidOrder`].
    pub fn parse(orders: &[impl AsRef<str>]) -> Result<Self, InvalidOrder> {
        if orders.is_empty() {
            return Ok(Self::default());
        }
        let mut all = Vec::new();
        for order in orders {
            let (weight, order) = weighted(order.as_ref())?;
            all.extend(std::iter::repeat_n(serde_json::from_str(order)?, weight));
        }
        Ok(Self { orders: all })
    }

    /// The bodies, made once.
    pub(crate) fn bodies(&self, dialect: Dialect) -> Bodies {
        Bodies {
            bodies: self
                .orders
                .iter()
                .map(|order| dialect.body(order).into())
                .collect(),
            next: AtomicUsize::new(0),
        }
    }
}

fn weighted(text: &str) -> Result<(usize, &str), InvalidOrder> {
    let text = text.trim();
    if text.starts_with('{') {
        return Ok((1, text));
    }
    let (weight, order) = text.split_once('*').unwrap_or(("1", text));
    match weight.trim().parse() {
        Ok(weight) if (1..=MOST).contains(&weight) => Ok((weight, order)),
        Ok(_) | Err(_) => Err(InvalidOrder::Weight),
    }
}

/// Request bodies, handed out in turn.
pub(crate) struct Bodies {
    bodies: Vec<Bytes>,
    next: AtomicUsize,
}

impl Bodies {
    pub(crate) fn next(&self) -> Bytes {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        self.bodies
            .get(n % self.bodies.len().max(1))
            .cloned()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_come_in_turn_and_by_weight() {
        let mix = OrderMix::parse(&[r#"2*{"n":1}"#, r#"{"n":"2*3"}"#]).unwrap();
        let bodies = mix.bodies(Dialect::Contract);
        let three: Vec<_> = (0..4).map(|_| bodies.next()).collect();
        assert_eq!(
            three,
            [r#"{"n":1}"#, r#"{"n":1}"#, r#"{"n":"2*3"}"#, r#"{"n":1}"#]
        );
    }

    #[test]
    fn the_usual_mix_goes_both_ways() {
        assert_eq!(OrderMix::default().orders.len(), USUAL.len());
        assert_eq!(OrderMix::parse(&[] as &[&str]).unwrap(), OrderMix::default());
    }

    #[test]
    fn what_is_no_order_is_refused() {
        let refused = |text: &str| OrderMix::parse(&[text]).unwrap_err().to_string();
        assert!(refused("0*{}").contains("from 1 to"), "{}", refused("0*{}"));
        assert!(refused("lots*{}").contains("from 1 to"));
        assert!(refused("{").contains("JSON object"));
        assert!(refused("[]").contains("JSON object"));
    }
}
