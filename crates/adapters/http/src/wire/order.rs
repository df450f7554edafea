//! An order as `GET /api/orders` shows it.

use order_core::amount::{Amount, Quantity};
use order_core::order::{Execution, Order, State};
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::price::Price;
use order_core::spec::Protection;
use order_core::time_in_force::TimeInForce;
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::example;
use super::text::{
    Code, Cursor, Decimal, Dex, Force, Id, Kind, Name, PriorityName, SideName, StatusName, Symbol, Text,
    Time, TxHash, WaitsForName,
};

/// An order and how far it has come. Parts that it does not have (yet) are null.
#[derive(Object, Serialize)]
#[oai(rename = "Order", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    /// Its id.
    order_id: Text<Id>,
    /// The caller's own id of it, unique for the owner.
    #[oai(nullable)]
    client_order_id: Option<Text<Name>>,
    /// Whose order it is.
    user_id: Text<Name>,
    /// What kind of order it is.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: Text<Kind>,
    /// Whether the pair's base token is bought or sold.
    side: Text<SideName>,
    /// What is paid.
    token_in: Text<Symbol>,
    /// What is wanted.
    token_out: Text<Symbol>,
    /// How much is paid, in tokenIn.
    amount_in: Text<Decimal>,
    /// How much of it was paid: less where a limit let only a part through, and the rest was cancelled.
    #[oai(nullable)]
    amount_in_filled: Option<Text<Decimal>>,
    /// The only venues that may be used; empty for all of them.
    venues: Vec<Text<Dex>>,
    /// How many swaps there may be at most; null if that is left to the service.
    #[oai(nullable)]
    max_legs: Option<u8>,
    /// At most this much less than the quote, in basis points; null when minAmountOut protects instead.
    #[oai(nullable)]
    slippage_bps: Option<u16>,
    /// At least this much comes out of the whole amountIn, in tokenOut; null when slippageBps protects instead.
    #[oai(nullable)]
    min_amount_out: Option<Text<Decimal>>,
    /// What that came to for amountInFilled, so that at least this much had to come out: the same where all was
    /// filled, and minAmountOut · amountInFilled / amountIn, rounded up, where a part was. Null until then.
    #[oai(nullable)]
    min_amount_out_filled: Option<Text<Decimal>>,
    /// Quote per base.
    #[oai(nullable)]
    limit_price: Option<Text<Decimal>>,
    /// Quote per base.
    #[oai(nullable)]
    stop_price: Option<Text<Decimal>>,
    /// How long it lives.
    time_in_force: Text<Force>,
    /// Until when, if its time in force is gtd.
    #[oai(nullable)]
    expires_at: Option<Text<Time>>,
    /// Who goes first.
    priority: Text<PriorityName>,
    /// Where it stands.
    status: Text<StatusName>,
    /// What it waits for, while it does: limit, stop or pool.
    #[oai(nullable)]
    waiting_for: Option<Text<WaitsForName>>,
    /// Submitted, and the venue has not said for long what became of it. Nobody guesses.
    unknown: bool,
    /// The venue it is being built for, was sent to or was executed on.
    #[oai(nullable)]
    dex: Option<Text<Dex>>,
    /// Quote per base, net of fees.
    #[oai(nullable)]
    executed_price: Option<Text<Decimal>>,
    /// What was received, in tokenOut.
    #[oai(nullable)]
    amount_out: Option<Text<Decimal>>,
    /// The transaction, in base58.
    #[oai(nullable)]
    tx_hash: Option<Text<TxHash>>,
    /// Why it failed.
    #[oai(nullable)]
    error: Option<String>,
    /// The stable code of that reason.
    #[oai(nullable)]
    code: Option<Text<Code>>,
    /// How many attempts have begun.
    attempts: u8,
    /// How often the venue has refused a transaction of it because the price had gone by its limit. Each time the order
    /// rests twice as long before it is tried again; none of these counts as an attempt.
    refusals: u32,
    /// The sequence number of its last event.
    version: u32,
    /// When it was accepted.
    created_at: Text<Time>,
    /// When its last event happened.
    updated_at: Text<Time>,
}

impl From<&Order> for OrderView {
    fn from(order: &Order) -> Self {
        let (spec, progress, state) = (order.spec(), order.progress(), order.state());
        let terms = order.terms();
        let (limit_price, stop_price) = prices(terms.kind);
        let slippage_bps = match spec.protection {
            Protection::Slippage(bps) => Some(bps),
            Protection::MinOut(_) => None,
        };
        let execution = if let State::Confirmed(execution) = state {
            Some(execution)
        } else {
            None
        };
        let failure = if let State::Failed { failure } = state {
            Some(failure)
        } else {
            None
        };
        Self {
            order_id: Text::of(order.id()),
            client_order_id: spec.client_order_id.as_ref().map(Text::of),
            user_id: Text::of(&spec.owner),
            kind: Text::name(spec.kind.as_str()),
            side: Text::name(spec.side.as_str()),
            token_in: Text::of(spec.token_in.symbol),
            token_out: Text::of(spec.token_out.symbol),
            amount_in: Text::of(spec.quantity_in()),
            amount_in_filled: execution.map(|execution| {
                let paid = execution.fill.amount_in;
                Text::of(paid.with_decimals(spec.token_in.decimals))
            }),
            venues: spec.route.venues.iter().map(Text::of).collect(),
            max_legs: spec.route.max_legs,
            slippage_bps,
            min_amount_out: own_minimum(order).map(Text::of),
            min_amount_out_filled: execution
                .and_then(|execution| filled_minimum(order, execution))
                .map(Text::of),
            limit_price: limit_price.map(Text::of),
            stop_price: stop_price.map(Text::of),
            time_in_force: Text::name(terms.time_in_force.as_str()),
            expires_at: expiry(terms.time_in_force),
            priority: Text::name(spec.priority.as_str()),
            status: Text::name(state.status().as_str()),
            waiting_for: waiting_for(state),
            unknown: matches!(state, State::Submitted { unknown: true, .. }),
            dex: state.venue().map(Text::of),
            executed_price: execution.map(|execution| Text::of(execution.executed_price)),
            amount_out: execution.map(|execution| Text::of(execution.amount_out)),
            tx_hash: state.tx_id().map(Text::of),
            error: failure.map(ToString::to_string),
            code: failure.map(|failure| Text::name(failure.code())),
            attempts: progress.attempt,
            refusals: progress.refusals,
            version: progress.version,
            created_at: Text::at(order.created_at()),
            updated_at: Text::at(progress.updated_at),
        }
    }
}

/// The trader's own minimum for the whole order.
pub fn own_minimum(order: &Order) -> Option<Quantity> {
    minimum_for(order, order.spec().amount_in)
}

/// The trader's own minimum for what was filled.
pub fn filled_minimum(order: &Order, execution: &Execution) -> Option<Quantity> {
    minimum_for(order, execution.fill.amount_in)
}

/// No more is filled than was asked, so that the part can be expressed as the whole can.
fn minimum_for(order: &Order, paid: Amount) -> Option<Quantity> {
    let least = order.floor().least_by_minimum(paid).ok()??;
    Some(least.with_decimals(order.spec().token_out.decimals))
}

/// The limit and the stop of a kind of order.
pub const fn prices(kind: OrderKind) -> (Option<Price>, Option<Price>) {
    match kind {
        OrderKind::Market | OrderKind::Sniper => (None, None),
        OrderKind::Limit(LimitOrder { limit_price }) => (Some(limit_price), None),
        OrderKind::StopLimit(StopLimitOrder {
            stop_price,
            limit_price,
        }) => (Some(limit_price), Some(stop_price)),
    }
}

/// Until when, for gtd.
pub fn expiry(time_in_force: TimeInForce) -> Option<Text<Time>> {
    match time_in_force {
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
        TimeInForce::Gtd(until) => Some(Text::at(until)),
    }
}

fn waiting_for(state: &State) -> Option<Text<WaitsForName>> {
    match state {
        State::Waiting { waits_for } => Some(Text::name(waits_for.as_str())),
        State::Pending
        | State::Routing
        | State::Building { .. }
        | State::Submitted { .. }
        | State::Confirmed(_)
        | State::Failed { .. }
        | State::Cancelled
        | State::Expired => None,
    }
}

impl Example for OrderView {
    fn example() -> Self {
        Self::from(&example::order())
    }
}

/// A page of orders, the newest first.
#[derive(Object, Serialize)]
#[oai(rename = "OrderPage", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
pub struct OrderPageView {
    /// The orders.
    pub items: Vec<OrderView>,
    /// Where to go on; null on the last page.
    #[oai(nullable)]
    pub next_cursor: Option<Text<Cursor>>,
}

impl Example for OrderPageView {
    fn example() -> Self {
        Self {
            items: vec![OrderView::example()],
            next_cursor: Some(Text::name("01939c3e7a407c5e9d8e0f3b8a1c2d4e")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::event::tests::{execution, id, market_order};
    use order_core::failure::{Failure, VenueError};
    use order_core::order::Event;
    use order_core::time::Timestamp;

    #[test]
    fn a_fresh_order_has_its_request_and_nulls() {
        let order = market_order();
        assert_eq!(
            serde_json::to_value(OrderView::from(&order)).unwrap(),
            json!({
                "orderId": id().to_string(), "clientOrderId": "mine-1", "userId": "desk", "type": "market",
                "side": "sell", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5",
                "amountInFilled": null, "venues": [], "maxLegs": null, "slippageBps": 50,
                "minAmountOut": null, "minAmountOutFilled": null, "limitPrice": null, "stopPrice": null, "timeInForce": "gtc",
                "expiresAt": null, "priority": "normal", "status": "pending", "waitingFor": null, "unknown": false, "dex": null,
                "executedPrice": null, "amountOut": null, "txHash": null, "error": null, "code": null,
                "attempts": 0, "refusals": 0, "version": 1, "createdAt": "1970-01-01T00:00:01.000Z",
                "updatedAt": "1970-01-01T00:00:01.000Z",
            })
        );
    }

    #[test]
    fn a_failed_order_says_why() {
        let mut order = market_order();
        let failure = Failure::Venue(VenueError::InsufficientLiquidity);
        order
            .apply(Event::Failed { failure }, Timestamp::from_millis(2_000))
            .unwrap();
        let view = serde_json::to_value(OrderView::from(&order)).unwrap();
        assert_eq!(view["status"], "failed");
        assert_eq!(view["code"], "insufficient_liquidity");
        assert_eq!(view["error"], "insufficient liquidity for this size");
    }

    #[test]
    fn a_confirmed_order_shows_its_execution() {
        let mut order = market_order();
        let execution = execution();
        for event in [
            Event::Routing {
                attempt: 1,
                quotes: Vec::new(),
                arrival: None,
            },
            Event::Building {
                venue: execution.venue,
            },
            Event::Submitted {
                venue: execution.venue,
                tx_id: execution.tx_id,
            },
            Event::Confirmed(execution),
        ] {
            order.apply(event, Timestamp::from_millis(2_000)).unwrap();
        }
        let view = serde_json::to_value(OrderView::from(&order)).unwrap();
        assert_eq!(view["dex"], "Raydium");
        assert_eq!(view["executedPrice"], "149.5");
        assert_eq!(view["amountOut"], "224.25");
        assert_eq!(view["txHash"], execution.tx_id.to_string());
        assert_eq!((&view["attempts"], &view["version"]), (&json!(1), &json!(5)));
    }
}
