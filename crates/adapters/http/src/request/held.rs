//! An order that names a quote is held to it: to its minimum, its tokens and its amount.

use order_core::order::OrderKind;

use super::fields::{Fields, Read};
use super::order::OrderRules;
use super::quote_id::QuotedTerms;
use super::swap::Swap;

/// The quote that the order names, if it is one of ours and still good.
pub fn held_to(fields: &mut Fields<'_>, rules: OrderRules<'_>, kind: Option<OrderKind>) -> Read<QuotedTerms> {
    let id = fields.text("quoteId");
    id.and_then(|id| {
        let refused = match (rules.seal.open(&id), kind) {
            (Some(_), Some(OrderKind::Limit { .. } | OrderKind::StopLimit { .. } | OrderKind::Sniper)) => {
                ("not_applicable", "does not apply to this order type")
            }
            (Some(terms), _) if terms.expires_at > rules.now => return Some(terms),
            (Some(_), _) => ("quote_expired", "has expired; ask for another quote"),
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
