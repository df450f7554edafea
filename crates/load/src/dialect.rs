//! The few names in which servers differ.

use serde_json::{Map, Number, Value};

/// What a server calls things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The contract's own names.
    Contract,
    /// The Node peer: an order is `amount`, as a number, between two tokens, and of no other type than market.
    Peer,
}

impl Dialect {
    /// The path that takes orders.
    pub(crate) const SUBMIT: &str = "/api/orders/execute";

    /// The path of the socket that tells of all orders.
    pub(crate) const FEED: &str = "/ws/orders";

    /// The path of an order.
    pub(crate) fn order(id: &str) -> String {
        format!("/api/orders/{id}")
    }

    /// The path of the socket that tells one order's history.
    pub(crate) fn history(id: &str) -> String {
        format!("/api/orders/updates/{id}")
    }

    /// An order, written by the contract, as this server wants it.
    pub(crate) fn body(self, order: &Map<String, Value>) -> String {
        let body = match self {
            Self::Contract => order.clone(),
            Self::Peer => as_peer(order),
        };
        Value::Object(body).to_string()
    }
}

fn as_peer(order: &Map<String, Value>) -> Map<String, Value> {
    let mut body = order.clone();
    body.remove("type");
    body.remove("side");
    if let Some(amount) = body.remove("amountIn").or_else(|| body.remove("amount")) {
        let number = amount.as_str().and_then(|text| text.parse::<Number>().ok());
        body.insert("amount".into(), number.map_or(amount, Value::Number));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(dialect: Dialect, order: &str) -> String {
        dialect.body(&serde_json::from_str(order).unwrap())
    }

    #[test]
    fn the_peer_is_told_an_amount_as_a_number() {
        let order = r#"{"type":"market","tokenIn":"SOL","tokenOut":"USDC","amountIn":"0.10"}"#;
        assert_eq!(
            body(Dialect::Peer, order),
            r#"{"amount":0.10,"tokenIn":"SOL","tokenOut":"USDC"}"#
        );
        assert_eq!(
            body(Dialect::Contract, order),
            r#"{"amountIn":"0.10","tokenIn":"SOL","tokenOut":"USDC","type":"market"}"#
        );
    }
}
