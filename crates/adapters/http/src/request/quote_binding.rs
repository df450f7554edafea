//! An order that names a quote is held to it: to its minimum, its tokens and its amount.

use order_core::order_types::OrderKind;

use super::fields::{Fields, Read};
use super::order::OrderRules;
use super::quote_id::QuotedTerms;
use super::swap::Swap;

/// The quote that the order names, if it is one of ours. One that has expired still says what the order was, should
/// this be a request that was accepted in time.
pub fn held_to(fields: &mut Fields<'_>, rules: OrderRules<'_>, kind: Option<OrderKind>) -> Read<QuotedTerms> {
    let id = fields.text("quoteId");
    id.and_then(|id| {
        let refused = match (rules.seal.open(&id, rules.owner), kind) {
            (Some(_), Some(OrderKind::Limit(_) | OrderKind::StopLimit(_) | OrderKind::Sniper)) => {
                ("not_applicable", "does not apply to this order type")
            }
            (Some(terms), _) => {
                if terms.expires_at <= rules.now {
                    let message = "has expired; ask for another quote";
                    fields.errors.late("quoteId", "quote_expired", message);
                }
                return Some(terms);
            }
            (None, _) => ("unknown_quote", "is no quote of this service"),
        };
        fields.errors.contradiction("quoteId", refused.0, refused.1);
        None
    })
}

/// Names every way in which the order is not what was quoted.
pub fn agrees(fields: &mut Fields<'_>, terms: &QuotedTerms, swap: &Swap) {
    let mut differs = |field, quoted: String| {
        let message = format!("is not what was quoted, which is {quoted}");
        fields.errors.contradiction(field, "quote_mismatch", message);
    };
    if terms.token_in != swap.token_in.symbol {
        differs("tokenIn", terms.token_in.to_string());
    }
    if terms.token_out != swap.token_out.symbol {
        differs("tokenOut", terms.token_out.to_string());
    }
    if terms.token_in == swap.token_in.symbol && terms.amount_in != swap.amount_in {
        let quoted = terms.amount_in.with_decimals(swap.token_in.decimals);
        differs("amountIn", quoted.to_string());
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use order_core::amount::Amount;
    use order_core::spec::Protection;
    use order_core::time::Timestamp;
    use order_core::token::TokenRegistry;
    use order_ports::contract::fixtures::two_venues;
    use serde_json::{Value, json};

    use super::*;
    use crate::request::order::read_order;
    use crate::request::quote_id::QuoteSigner;

    /// A quote of so many SOL for USDC, good until then.
    fn quote_of(amount_in: u128, expires_at: i64) -> String {
        QuoteSigner::new(b"key").seal(
            &QuotedTerms {
                token_in: "SOL".parse().unwrap(),
                token_out: "USDC".parse().unwrap(),
                amount_in: Amount::new(amount_in),
                min_out: Amount::new(223_651_125),
                expires_at: Timestamp::from_millis(expires_at),
            },
            None,
        )
    }

    /// The protection of an order of 1.5 SOL for USDC with these members, read at 1,000 ms; or the problem.
    fn read(changes: &Value) -> Result<Protection, Value> {
        let mut order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5"});
        for (name, value) in changes.as_object().unwrap() {
            order[name] = value.clone();
        }
        let registry = TokenRegistry::default();
        let rules = OrderRules {
            owner: None,
            registry: &registry,
            venues: &two_venues(),
            slippage_bps: 50,
            seal: &QuoteSigner::new(b"key"),
            now: Timestamp::from_millis(1_000),
        };
        read_order(order.to_string().as_bytes(), &HeaderMap::new(), rules)
            .and_then(|requested| requested.late.map_or(Ok(requested.spec.protection), Err))
            .map_err(|problem| serde_json::from_str(&problem.into_message()).unwrap())
    }

    #[test]
    fn an_order_that_names_a_quote_has_its_minimum() {
        let protection = read(&json!({"quoteId": quote_of(1_500_000_000, 1_001)}));
        assert_eq!(protection, Ok(Protection::MinOut(Amount::new(223_651_125))));
    }

    #[test]
    fn a_quote_that_does_not_fit_is_refused_by_name() {
        let good = || quote_of(1_500_000_000, 1_001);
        for (changes, status, field, code) in [
            (
                json!({"quoteId": quote_of(1_500_000_000, 1_000)}),
                422,
                "quoteId",
                "quote_expired",
            ),
            (json!({"quoteId": "QUO1-x"}), 422, "quoteId", "unknown_quote"),
            (
                json!({"quoteId": good(), "amountIn": "1.6"}),
                422,
                "amountIn",
                "quote_mismatch",
            ),
            (
                json!({"quoteId": good(), "tokenOut": "ETH"}),
                422,
                "tokenOut",
                "quote_mismatch",
            ),
            (
                json!({"quoteId": good(), "slippageBps": 10}),
                400,
                "quoteId",
                "conflicting_fields",
            ),
        ] {
            let problem = read(&changes).unwrap_err();
            assert_eq!(problem["status"], status, "{changes}");
            assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
            assert_eq!(problem["errors"][0]["field"], field, "{changes}");
            assert_eq!(problem["errors"][0]["code"], code, "{changes}");
        }
    }
}
