//! An order that names a quote is held to it: to its minimum, its tokens and its amount.

use order_core::order_types::OrderKind;

use crate::api::rules::OrderRules;
use crate::quote_id::QuotedTerms;
use crate::request::error::Errors;
use crate::request::fields::{Field, Parsed};
use crate::request::swap::Swap;
use crate::wire::text::{QuoteId, Text};

/// The quote that the order names, if it is one of ours. One that has expired still says what the order was, should
/// this be a request that was accepted in time.
pub fn held_to(
    errors: &mut Errors,
    id: Field<'_, Text<QuoteId>>,
    rules: OrderRules<'_>,
    kind: Option<OrderKind>,
) -> Parsed<QuotedTerms> {
    id.read(errors).and_then(|id| {
        let (code, message) = match (rules.signer.verify(id.as_str(), rules.owner), kind) {
            (Some(_), Some(OrderKind::Limit { .. } | OrderKind::StopLimit { .. } | OrderKind::Sniper)) => {
                ("not_applicable", "does not apply to this order type")
            }
            (Some(terms), _) => {
                if terms.expires_at <= rules.now {
                    errors.stale("quoteId", "quote_expired", "has expired; ask for another quote");
                }
                return Some(terms);
            }
            (None, _) => ("unknown_quote", "is no quote of this service"),
        };
        errors.contradiction("quoteId", code, message);
        None
    })
}

/// Names every way in which the order is not what was quoted.
pub fn agrees(errors: &mut Errors, terms: &QuotedTerms, swap: &Swap) {
    let mut differs = |field, quoted: String| {
        let message = format!("is not what was quoted, which is {quoted}");
        errors.contradiction(field, "quote_mismatch", message);
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
    use order_core::amount::Amount;
    use order_core::spec::Protection;
    use order_core::time::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::execute::read_example;
    use crate::api::rules::example_signer;

    /// A quote of so many SOL for USDC, good until then.
    fn quote_of(amount_in: u128, expires_at: i64) -> String {
        example_signer().sign(
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
        read_example(&order.to_string())
            .and_then(|requested| requested.stale.map_or(Ok(requested.spec.protection), Err))
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
