//! How an order was executed, as `GET /api/orders/{id}/execution` tells it.

use order_core::amount::Amount;
use order_core::explain::{
    Candidate, Chosen, ExplainedAttempt, Explanation, Measured, Rejected, Verdict, explain,
};
use order_core::order::Order;
use order_core::routing::NaiveSpotChoice;
use order_core::spec::OrderSpec;
use order_core::token::Token;
use poem_openapi::Object;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::Example;
use serde::Serialize;

use super::example;
use super::order::{filled_minimum, own_minimum};
use super::quote::{LegView, QuoteView, UnavailableView, split};
use super::text::{Code, Decimal, Dex, Format, Id, StatusName, Text, Time, TxHash, one_of};

/// The route that was taken.
#[derive(Object, Serialize)]
#[oai(rename = "TakenRoute", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct TakenView {
    /// The venue; of several, that of the largest part of the input.
    dex: Text<Dex>,
    /// The swaps, in order.
    legs: Vec<LegView>,
    /// What was to be paid in all, in tokenIn.
    amount_in: Text<Decimal>,
    /// What was to come out in all, in tokenOut.
    amount_out: Text<Decimal>,
    /// Quote per base, net of fees.
    price: Text<Decimal>,
    /// The least that was accepted, in tokenOut.
    min_amount_out: Text<Decimal>,
    /// Why this route.
    reason: String,
}

/// A kind of route that was considered.
struct RouteKind;

const VENUE: &str = "venue";
const SPLIT: &str = "split";
const AROUND: &str = "around";
const ANY_COMBINATION: &str = "any_combination";

impl Format for RouteKind {
    const SHARED: Option<&'static str> = Some("RouteKind");

    fn schema() -> MetaSchema {
        one_of("A kind of route.", [VENUE, SPLIT, AROUND, ANY_COMBINATION])
    }
}

/// A route that was not taken.
#[derive(Object, Serialize)]
#[oai(rename = "RejectedRoute", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct RejectedView {
    /// What kind of route: the whole size at one venue; the size divided over pools of the pair; the same with a
    /// way by another token; or any combination of pools, none of which was worth computing.
    route: Text<RouteKind>,
    /// The venue, where it is one.
    #[oai(nullable)]
    dex: Option<Text<Dex>>,
    /// How many swaps; null where none were computed.
    #[oai(nullable)]
    legs: Option<u8>,
    /// What it would have given, in tokenOut; for a combination that was not computed at the most.
    amount_out: Text<Decimal>,
    /// Why it was not taken.
    reason: String,
}

/// What the rule would have done that takes the best spot price after fees, whatever the size.
#[derive(Object, Serialize)]
#[oai(rename = "SpotRule", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct SpotRuleView {
    /// The venue that it takes.
    dex: Text<Dex>,
    /// What that venue's pool would have given, in tokenOut; null if it could not fill the size.
    #[oai(nullable)]
    amount_out: Option<Text<Decimal>>,
}

/// One attempt.
#[derive(Object, Serialize)]
#[oai(rename = "Attempt", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct AttemptView {
    /// Its number, from 1.
    attempt: u8,
    /// When the quotes were in.
    at: Text<Time>,
    /// Every quote.
    quotes: Vec<QuoteView>,
    /// The venues that gave none.
    unavailable: Vec<UnavailableView>,
    /// Quote per base, fees aside, in the pair's deepest pool; null if it could not be seen.
    #[oai(nullable)]
    mid_price: Option<Text<Decimal>>,
    /// What the spot-price rule would have done; null if the pools could not be seen.
    #[oai(nullable)]
    spot_rule: Option<SpotRuleView>,
    /// The route that was taken; null if there was none.
    #[oai(nullable)]
    route: Option<TakenView>,
    /// What each further swap had to bring in, in tokenOut; null where only one was allowed.
    #[oai(nullable)]
    leg_cost: Option<Text<Decimal>>,
    /// The routes that were not taken.
    rejected: Vec<RejectedView>,
    /// The transaction, in base58.
    #[oai(nullable)]
    tx_hash: Option<Text<TxHash>>,
    /// Why the attempt failed, if it did.
    #[oai(nullable)]
    error: Option<String>,
    /// The stable code of that reason.
    #[oai(nullable)]
    code: Option<Text<Code>>,
}

/// How well it was executed. Basis points have up to four decimals and are rounded down.
#[derive(Object, Serialize)]
#[oai(rename = "ExecutionResult", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct ResultView {
    /// The venue; of several, that of the largest part of the input.
    dex: Text<Dex>,
    /// The transaction, in base58.
    tx_hash: Text<TxHash>,
    /// Where it landed.
    slot: u64,
    /// What was paid, in tokenIn.
    amount_in: Text<Decimal>,
    /// What was received, in tokenOut.
    amount_out: Text<Decimal>,
    /// The trader's own minimum for what was paid: minAmountOut of the order, or of a partial fill its part,
    /// minAmountOut · amountIn / the order's amountIn, rounded up. Null when a slippage protects instead. What was
    /// accepted at the least, a limit included, is minAmountOut of the attempt's route.
    #[oai(nullable)]
    min_amount_out_filled: Option<Text<Decimal>>,
    /// Quote per base, net of fees.
    executed_price: Text<Decimal>,
    /// What its route was expected to give, in tokenOut.
    #[oai(nullable)]
    quoted_amount_out: Option<Text<Decimal>>,
    /// By how much less than that came out; negative for more.
    #[oai(nullable)]
    slippage_bps: Option<Text<Decimal>>,
    /// The mid price when the attempt began.
    #[oai(nullable)]
    mid_price: Option<Text<Decimal>>,
    /// By how much less came out than at that price, fees and price impact included.
    #[oai(nullable)]
    cost_against_mid_bps: Option<Text<Decimal>>,
    /// The best venue alone.
    #[oai(nullable)]
    best_venue: Option<Text<Dex>>,
    /// What it quoted, in tokenOut.
    #[oai(nullable)]
    best_venue_amount_out: Option<Text<Decimal>>,
    /// By how much more came out than that.
    #[oai(nullable)]
    gain_over_best_venue_bps: Option<Text<Decimal>>,
    /// What the spot-price rule would have given, in tokenOut; null if it could not have filled the size.
    #[oai(nullable)]
    spot_rule_amount_out: Option<Text<Decimal>>,
    /// By how much more came out than by that rule.
    #[oai(nullable)]
    gain_over_spot_rule_bps: Option<Text<Decimal>>,
}

/// How an order was executed, and how well. Parts that there are not (yet) are null.
#[derive(Object, Serialize)]
#[oai(rename = "Execution", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionView {
    /// The order.
    order_id: Text<Id>,
    /// Where it stands.
    status: Text<StatusName>,
    /// The trader's own minimum: at least this much comes out of the whole amountIn, in tokenOut; null when a slippage
    /// protects instead.
    #[oai(nullable)]
    min_amount_out: Option<Text<Decimal>>,
    /// Its attempts, in order.
    attempts: Vec<AttemptView>,
    /// How well it was executed; null until it is.
    #[oai(nullable)]
    result: Option<ResultView>,
}

impl ExecutionView {
    /// What is told of that order.
    pub fn new(order: &Order, explanation: &Explanation) -> Self {
        let spec = order.spec();
        Self {
            order_id: Text::of(order.id()),
            status: Text::name(order.status().as_str()),
            min_amount_out: own_minimum(order).map(Text::of),
            attempts: explanation
                .attempts
                .iter()
                .map(|attempt| AttemptView::new(spec, attempt))
                .collect(),
            result: explanation
                .result
                .as_ref()
                .map(|result| ResultView::new(order, result)),
        }
    }
}

fn of(amount: Amount, token: Token) -> Text<Decimal> {
    Text::of(amount.with_decimals(token.decimals))
}

impl AttemptView {
    fn new(spec: &OrderSpec, attempt: &ExplainedAttempt) -> Self {
        let (quotes, unavailable) = split(&attempt.quotes);
        let chosen = attempt.chosen.as_ref();
        let cost = chosen.filter(|chosen| !chosen.leg_cost.is_zero());
        let rejected = chosen.map_or(&[][..], |chosen| &chosen.rejected);
        Self {
            attempt: attempt.number,
            at: Text::at(attempt.at),
            quotes,
            unavailable,
            mid_price: attempt.arrival.and_then(|arrival| arrival.mid).map(Text::of),
            spot_rule: attempt
                .arrival
                .and_then(|arrival| arrival.spot_rule)
                .map(|rule| SpotRuleView::new(spec, rule)),
            route: chosen.map(|chosen| TakenView::new(spec, chosen)),
            leg_cost: cost.map(|chosen| of(chosen.leg_cost, spec.token_out)),
            rejected: rejected
                .iter()
                .map(|rejected| RejectedView::new(spec, rejected))
                .collect(),
            tx_hash: attempt.tx_id.map(Text::of),
            error: attempt.failure.map(|failure| failure.to_string()),
            code: attempt.failure.map(|failure| Text::name(failure.code())),
        }
    }
}

impl SpotRuleView {
    fn new(spec: &OrderSpec, rule: NaiveSpotChoice) -> Self {
        Self {
            dex: Text::of(rule.venue),
            amount_out: rule.out.map(|out| of(out, spec.token_out)),
        }
    }
}

impl TakenView {
    fn new(spec: &OrderSpec, chosen: &Chosen) -> Self {
        Self {
            dex: Text::of(chosen.venue),
            legs: chosen.legs.iter().map(LegView::from).collect(),
            amount_in: of(chosen.amount_in, spec.token_in),
            amount_out: of(chosen.amount_out, spec.token_out),
            price: Text::of(chosen.price),
            min_amount_out: of(chosen.min_out, spec.token_out),
            reason: chosen.reason.to_string(),
        }
    }
}

impl RejectedView {
    fn new(spec: &OrderSpec, rejected: &Rejected) -> Self {
        let (route, dex, legs) = match rejected.candidate {
            Candidate::Venue(venue) => (VENUE, Some(venue), Some(1)),
            Candidate::Split(legs) => (SPLIT, None, Some(legs)),
            Candidate::Around(legs) => (AROUND, None, Some(legs)),
            Candidate::AnyCombination => (ANY_COMBINATION, None, None),
        };
        let reason = match rejected.verdict {
            Verdict::NotMore => "gives no more than the route taken".to_owned(),
            Verdict::DoesNotPay { cost } => {
                let cost = cost.with_decimals(spec.token_out.decimals);
                format!("gives more, but less than its further swaps must bring in, which is {cost}")
            }
        };
        Self {
            route: Text::name(route),
            dex: dex.map(Text::of),
            legs,
            amount_out: of(rejected.amount_out, spec.token_out),
            reason,
        }
    }
}

impl ResultView {
    fn new(order: &Order, result: &Measured) -> Self {
        let (spec, execution) = (order.spec(), &result.execution);
        let out = |amount: Amount| of(amount, spec.token_out);
        Self {
            dex: Text::of(execution.venue),
            tx_hash: Text::of(execution.tx_id),
            slot: execution.fill.slot,
            amount_in: of(execution.fill.amount_in, spec.token_in),
            amount_out: Text::of(execution.amount_out),
            min_amount_out_filled: filled_minimum(order, execution).map(Text::of),
            executed_price: Text::of(execution.executed_price),
            quoted_amount_out: result.quoted.map(out),
            slippage_bps: result.slippage.map(Text::of),
            mid_price: result.mid.map(Text::of),
            cost_against_mid_bps: result.cost_against_mid.map(Text::of),
            best_venue: result.best_venue.map(|(venue, _)| Text::of(venue)),
            best_venue_amount_out: result.best_venue.map(|(_, amount)| out(amount)),
            gain_over_best_venue_bps: result.gain_over_best_venue.map(Text::of),
            spot_rule_amount_out: result.spot_rule.and_then(|rule| rule.out).map(out),
            gain_over_spot_rule_bps: result.gain_over_spot_rule.map(Text::of),
        }
    }
}

impl Example for ExecutionView {
    fn example() -> Self {
        let (order, history) = (example::order(), example::history());
        Self::new(&order, &explain(&order, &history))
    }
}
