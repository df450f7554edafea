//! Orders with their histories and transactions, as an audit reads them, and the audit itself.

use std::time::Duration;

use order_core::amount::Amount;
use order_core::audit::{
    AuditAssumptions, AuditedAttempt, AuditedEvent, AuditedOrder, Auditor, Invariant, LandedTransaction,
    Report,
};
use order_core::id::OrderId;
use order_core::order::{AttemptOutcome, Event, Execution, Order};
use order_core::order_types::OrderKind;
use order_core::price::Price;
use order_core::routing::RouteReason;
use order_core::spec::{OrderSpec, Protection};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::venue::{Fill, TxId};
use uuid::Uuid;

use super::routing_support::{RAYDIUM, request, sized};

pub const FILL: Fill = Fill {
    amount_in: Amount::new(10),
    amount_out: Amount::new(9),
    slot: 3,
};
pub const TX: TxId = TxId([1; 64]);

pub fn id(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

pub fn spec() -> OrderSpec {
    OrderSpec {
        time_in_force: TimeInForce::Gtc,
        ..sized(&request("SOL", "USDC", 10), Protection::Slippage(50))
    }
}

pub fn up_to_submitted() -> Vec<Event> {
    let venue = RAYDIUM;
    let price = Price::new(1);
    vec![
        Event::Routing {
            attempt: 1,
            quotes: Vec::new(),
            arrival: None,
        },
        Event::BestDex {
            venue,
            price,
            reason: RouteReason::OnlyQuote,
            min_out: Amount::new(9),
            legs: Vec::new(),
            weighed: Default::default(),
        },
        Event::Building { venue },
        Event::Submitted { venue, tx_id: TX },
    ]
}

pub fn confirmed() -> Event {
    let amount_out = FILL.amount_out.with_decimals(6);
    let executed_price = Price::new(1);
    Event::Confirmed(Execution {
        venue: RAYDIUM,
        tx_id: TX,
        executed_price,
        amount_out,
        fill: FILL,
    })
}

pub fn history(events: Vec<Event>, outcome: Option<AttemptOutcome>) -> AuditedOrder {
    history_of(OrderKind::Market, events, outcome)
}

pub fn history_of(kind: OrderKind, events: Vec<Event>, outcome: Option<AttemptOutcome>) -> AuditedOrder {
    history_with(OrderSpec { kind, ..spec() }, events, outcome)
}

pub fn history_with(spec: OrderSpec, events: Vec<Event>, outcome: Option<AttemptOutcome>) -> AuditedOrder {
    let (mut order, first) = Order::accept(id(1), spec, Timestamp::from_millis(0));
    let mut recorded = vec![AuditedEvent {
        event: first,
        epoch: 0,
    }];
    for event in events {
        let event = order.apply(event, Timestamp::from_millis(5)).unwrap();
        recorded.push(AuditedEvent { event, epoch: 1 });
    }
    let attempt = AuditedAttempt {
        number: 1,
        tx_id: TX,
        min_out: Amount::new(9),
        outcome,
    };
    AuditedOrder {
        order,
        idempotency_key: Some("key".parse().unwrap()),
        events: recorded,
        attempts: vec![attempt],
    }
}

pub fn good() -> AuditedOrder {
    let mut events = up_to_submitted();
    events.push(confirmed());
    history(events, Some(AttemptOutcome::Landed(FILL)))
}

pub fn landed() -> LandedTransaction {
    let Fill {
        amount_in,
        amount_out,
        slot,
    } = FILL;
    LandedTransaction {
        tx_id: TX,
        order_id: id(1),
        slot,
        amount_in,
        amount_out,
    }
}

pub fn audit(orders: &[AuditedOrder], ledger: &[LandedTransaction]) -> Report {
    let mut auditor = Auditor::new(
        AuditAssumptions {
            max_attempts: 3,
            drained: true,
            clock_skew: Duration::ZERO,
        },
        ledger.iter().copied(),
    );
    orders.iter().for_each(|order| auditor.order(order));
    auditor.finish()
}

pub fn assert_caught(report: &Report, invariant: Invariant) {
    assert!(
        report.figure(invariant).violated > 0,
        "{invariant:?} was not caught:\n{report}"
    );
}
