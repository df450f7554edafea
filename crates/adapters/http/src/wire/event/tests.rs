//! Every event, to the letter; and fixtures for other tests.

use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::id::OrderId;
use order_core::order::Order;
use order_core::order_types::LimitOrder;
use order_core::order_types::OrderKind;
use order_core::price::Price;
use order_core::routing::RouteReason;
use order_core::spec::{OrderSpec, Terms};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::trigger::WaitsFor;
use order_core::venue::{Fill, PoolId, Quote};
use order_ports::contract::fixtures::{METEORA, RAYDIUM, name, spec};
use serde_json::{Value, json};

use super::*;

pub fn id() -> OrderId {
    OrderId::from_uuid(uuid::uuid!("01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e"))
}

pub fn market_order() -> Order {
    let spec = OrderSpec {
        owner: name("desk"),
        client_order_id: Some(name("mine-1")),
        ..spec()
    };
    Order::accept(id(), spec, Timestamp::from_millis(1_000)).0
}

pub fn execution() -> Execution {
    let amount_out = Amount::new(224_250_000);
    Execution {
        venue: RAYDIUM,
        tx_id: TxId([7; 64]),
        executed_price: Price::new(149_500_000_000_000_000_000),
        amount_out: amount_out.with_decimals(6),
        fill: Fill {
            amount_in: Amount::new(1_500_000_000),
            amount_out,
            slot: 7,
        },
    }
}

fn wire(event: Event) -> Value {
    let event = RecordedEvent {
        order_id: id(),
        seq: 3,
        at: Timestamp::from_millis(1_234),
        event,
    };
    let live = LiveEvent::new(event, None);
    let value: Value = serde_json::from_str(&encode(&live)).unwrap();
    assert_eq!(value, serde_json::to_value(EventView::from(&live)).unwrap());
    value
}

/// What an event should be, given what only its kind has.
fn with(status: &str, fields: Value) -> Value {
    let mut event = json!({"orderId": id().to_string(), "seq": 3, "status": status, "timestamp": 1234});
    event
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    event
}

fn mirrored(status: &str, fields: Value) -> Value {
    let mut event = with(status, fields.clone());
    event["meta"] = fields;
    event
}

#[test]
fn an_event_is_written_in_the_order_in_which_it_is_read() {
    let event = RecordedEvent {
        order_id: id(),
        seq: 1,
        at: Timestamp::from_millis(9),
        event: Event::Pending,
    };
    let expected = format!(
        r#"{{"orderId":"{}","seq":1,"status":"pending","timestamp":9}}"#,
        id()
    );
    assert_eq!(encode(&LiveEvent::new(event.clone(), None)), expected);
    // An order that its owner has named has that name in each of its events.
    let expected = format!(
        r#"{{"orderId":"{}","clientOrderId":"desk \"7\"","seq":1,"status":"pending","timestamp":9}}"#,
        id()
    );
    assert_eq!(encode(&LiveEvent::new(event, Some(name("desk \"7\"")))), expected);
}

#[test]
fn events_without_data_have_no_meta() {
    for (event, status) in [
        (Event::Pending, "pending"),
        (Event::Cancelled, "cancelled"),
        (Event::Expired, "expired"),
    ] {
        assert_eq!(wire(event), with(status, json!({})));
    }
}

#[test]
fn waiting_says_what_for_and_what_was_replaced() {
    let waiting = |waits_for, terms| {
        wire(Event::Waiting {
            waits_for,
            terms,
            refused: None,
        })
    };
    let plain = json!({"waitingFor": "stop", "meta": {"waitingFor": "stop"}});
    assert_eq!(waiting(WaitsFor::Stop, None), with("waiting", plain));
    let terms = Terms {
        kind: OrderKind::Limit(LimitOrder {
            limit_price: Price::new(151_500_000_000_000_000_000),
        }),
        time_in_force: TimeInForce::Gtd(Timestamp::from_millis(0)),
    };
    let fields =
        json!({"waitingFor": "limit", "limitPrice": "151.5", "expiresAt": "1970-01-01T00:00:00.000Z"});
    let mut mirrored = fields.clone();
    mirrored["meta"] = fields;
    assert_eq!(waiting(WaitsFor::Limit, Some(terms)), with("waiting", mirrored));
}

#[test]
fn waiting_again_after_a_refusal_says_how_often_and_how_long() {
    let event = wire(Event::Waiting {
        waits_for: WaitsFor::Limit,
        terms: None,
        refused: Some(Refusal {
            count: 3,
            rest_ms: 1_600,
        }),
    });
    let fields = json!({"waitingFor": "limit", "refusals": 3, "restMs": 1_600});
    let mut mirrored = fields.clone();
    mirrored["meta"] = fields;
    assert_eq!(event, with("waiting", mirrored));
}

#[test]
fn routing_carries_the_quotes_and_names_who_gave_none() {
    let quote = Quote {
        venue: METEORA,
        pool: PoolId("pool".into()),
        amount_in: Amount::new(1_500_000_000).with_decimals(9),
        amount_out: Amount::new(224_250_000).with_decimals(6),
        fee: Amount::new(3_000_000).with_decimals(9),
        price: Price::new(149_500_000_000_000_000_000),
        price_impact_bps: 4,
    };
    let good = QuoteAnswer {
        venue: METEORA,
        result: Ok(quote.clone()),
    };
    let bad = QuoteAnswer {
        venue: RAYDIUM,
        result: Err(VenueError::Timeout),
    };
    let shown = json!({
        "dex": "Meteora", "price": "149.5", "amountOut": "224.25", "fee": "0.003", "priceImpactBps": 4,
    });
    assert_eq!(
        wire(Event::Routing {
            attempt: 2,
            quotes: vec![good.clone(), bad],
            arrival: None,
        }),
        with(
            "routing",
            json!({
                "attempt": 2, "quotes": [shown],
                "unavailable": [{
                    "dex": "Raydium", "error": "the venue did not answer in time", "code": "timeout",
                }],
                "meta": {"rQuote": null, "mQuote": "149.5"},
            })
        )
    );
    let other = Quote {
        venue: RAYDIUM,
        price: Price::new(150_000_000_000_000_000_000),
        ..quote
    };
    let other = QuoteAnswer {
        venue: RAYDIUM,
        result: Ok(other),
    };
    let both = wire(Event::Routing {
        attempt: 1,
        quotes: vec![good, other],
        arrival: None,
    });
    assert_eq!(both["meta"], json!({"rQuote": "150", "mQuote": "149.5"}));
    assert!(both.get("unavailable").is_none());
}

#[test]
fn the_way_to_the_venue_is_mirrored_in_meta() {
    let (venue, tx_id) = (RAYDIUM, TxId([7; 64]));
    let tx = tx_id.to_string();
    let reason = RouteReason::MostOut {
        over: METEORA,
        by_ppm: 6_711,
    };
    let price = Price::new(149_500_000_000_000_000_000);
    let best = Event::BestDex {
        venue,
        price,
        reason,
        min_out: Amount::new(1),
        legs: Vec::new(),
        weighed: Default::default(),
    };
    let why = "most output after fees and price impact: 0.6711 % more than Meteora";
    assert_eq!(
        wire(best),
        mirrored(
            "best_dex",
            json!({"dex": "Raydium", "price": "149.5", "reason": why})
        )
    );
    assert_eq!(
        wire(Event::Building { venue }),
        mirrored("building", json!({"dex": "Raydium"}))
    );
    let sent = json!({"dex": "Raydium", "txHash": tx});
    assert_eq!(
        wire(Event::Submitted { venue, tx_id }),
        mirrored("submitted", sent)
    );
    let unknown = json!({"dex": "Raydium", "txHash": tx, "unknown": true});
    assert_eq!(
        wire(Event::OutcomeUnknown { venue, tx_id }),
        mirrored("submitted", unknown)
    );
}

#[test]
fn the_end_is_mirrored_in_meta() {
    let execution = execution();
    let shown = json!({
        "dex": "Raydium", "txHash": execution.tx_id.to_string(), "executedPrice": "149.5", "amountOut": "224.25",
    });
    assert_eq!(wire(Event::Confirmed(execution)), mirrored("confirmed", shown));
    let failure = Failure::Venue(VenueError::SlippageExceeded);
    let error = "slippage exceeded: the output fell below the minimum";
    let why = json!({"error": error, "code": "slippage_exceeded"});
    assert_eq!(wire(Event::Failed { failure }), mirrored("failed", why));
    let again = json!({"attempt": 2, "delayMs": 2000, "error": error, "code": "slippage_exceeded"});
    assert_eq!(
        wire(Event::Retrying {
            attempt: 2,
            delay_ms: 2_000,
            failure
        }),
        mirrored("retrying", again)
    );
}
