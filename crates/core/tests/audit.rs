//! The auditor passes a good history and catches every way in which one can be bad.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod audit_support;
mod routing_support;

use audit_support::{
    FILL, assert_caught, audit, confirmed, good, history, history_of, history_with, id, landed, spec,
    up_to_submitted,
};
use order_core::amount::Amount;
use order_core::audit::{
    AuditAssumptions, AuditedEvent, Auditor, Invariant, LandedTransaction, Report, SubscriberLog,
};
use order_core::failure::{Failure, VenueError};
use order_core::order::{AttemptOutcome, Event, Order};
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::price::Price;
use order_core::spec::{OrderSpec, Protection, Terms};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::trigger::WaitsFor;
use order_core::venue::{PoolId, Quote, QuoteAnswer, TxId};
use routing_support::{METEORA, RAYDIUM};
use std::time::Duration;

#[test]
fn a_good_history_has_no_violation() {
    let report = audit(&[good()], &[landed()]);
    assert_eq!(report.violated(), 0, "{report}");
    assert!(report.figure(Invariant::ExecutedOnce).checked > 0);
}

#[test]
fn executions_must_match_what_the_order_says() {
    let twice = LandedTransaction {
        tx_id: TxId([2; 64]),
        ..landed()
    };
    let report = audit(&[good()], &[landed(), twice]);
    assert_caught(&report, Invariant::ExecutedOnce);
    assert_caught(&report, Invariant::ExecutionWrittenAhead);
    assert_caught(&audit(&[good()], &[]), Invariant::ConfirmedIsExecuted);
    assert_caught(&audit(&[], &[landed()]), Invariant::ExecutionHasOrder);

    let failure = Failure::Venue(VenueError::InsufficientLiquidity);
    let mut events = up_to_submitted();
    events.push(Event::Failed { failure });
    let failed = history(
        events,
        Some(AttemptOutcome::Dead(VenueError::InsufficientLiquidity)),
    );
    assert_caught(&audit(&[failed], &[landed()]), Invariant::EndedIsNotExecuted);
}

#[test]
fn what_lands_while_the_store_is_read_is_no_violation() {
    let assumptions = AuditAssumptions {
        max_attempts: 3,
        drained: false,
        clock_skew: Duration::ZERO,
    };
    let mut auditor = Auditor::new(assumptions, []);
    auditor.order(&good());
    assert_eq!(auditor.awaited(), 1);
    let foreign = LandedTransaction {
        order_id: id(7),
        ..landed()
    };
    auditor.landed_since([foreign]);
    assert_eq!(auditor.awaited(), 1);
    auditor.landed_since([foreign, landed()]);
    assert_eq!(auditor.awaited(), 0);
    let report = auditor.finish();
    assert_eq!(report.violated(), 0, "{report}");
    assert_eq!(report.figure(Invariant::ConfirmedIsExecuted).checked, 1);
}

#[test]
fn what_had_landed_before_the_order_was_read_cannot_be_news_to_it() {
    let assumptions = AuditAssumptions {
        max_attempts: 3,
        drained: false,
        clock_skew: Duration::ZERO,
    };
    let mut unaware = good();
    let (order, first) = Order::accept(id(1), spec(), Timestamp::from_millis(0));
    unaware.order = order;
    unaware.events = vec![AuditedEvent {
        event: first,
        epoch: 0,
    }];
    unaware.attempts.clear();
    let mut auditor = Auditor::new(assumptions, [landed()]);
    auditor.order(&unaware);
    assert_caught(&auditor.finish(), Invariant::EndedIsNotExecuted);
}

#[test]
fn amounts_must_hold() {
    let short = LandedTransaction {
        amount_out: Amount::new(8),
        ..landed()
    };
    assert_caught(&audit(&[good()], &[short]), Invariant::AmountsHold);
}

#[test]
fn a_history_must_be_whole_legal_and_at_its_end() {
    let mut gap = good();
    gap.events.remove(2);
    assert_caught(&audit(&[gap], &[landed()]), Invariant::HistoryWithoutGap);

    let mut swapped = good();
    swapped.events.swap(1, 4);
    assert_caught(&audit(&[swapped], &[landed()]), Invariant::LegalMoves);

    let mut longer = good();
    let last = longer.events.last().unwrap().clone();
    longer.events.push(last);
    assert_caught(&audit(&[longer], &[landed()]), Invariant::NothingAfterTheEnd);

    let mut epochs = good();
    epochs.events[2].epoch = 9;
    assert_caught(&audit(&[epochs], &[landed()]), Invariant::EpochNeverFalls);

    let waiting = history(up_to_submitted(), None);
    assert_caught(&audit(&[waiting], &[]), Invariant::ReachesAnEnd);
}

#[test]
fn attempts_must_be_closed_few_and_far_between() {
    let mut open = good();
    open.attempts[0].outcome = None;
    assert_caught(&audit(&[open], &[landed()]), Invariant::AttemptsWithinLimit);

    let mut many = good();
    many.attempts = vec![many.attempts[0].clone(); 4];
    assert_caught(&audit(&[many], &[landed()]), Invariant::AttemptsWithinLimit);

    let failure = Failure::NoQuotes;
    let mut hasty = vec![Event::Retrying {
        attempt: 2,
        delay_ms: 2_000,
        failure,
    }];
    hasty.extend(up_to_submitted());
    hasty.push(confirmed());
    let hasty = history(hasty, Some(AttemptOutcome::Landed(FILL)));
    assert_caught(&audit(&[hasty], &[landed()]), Invariant::RetriesWait);
}

#[test]
fn keys_acknowledgements_and_streams_are_checked() {
    let mut twin = good();
    let events = std::mem::take(&mut twin.events);
    let (order, _) = Order::accept(id(2), spec(), Timestamp::from_millis(0));
    twin.order = Order::restore(id(2), spec(), order.created_at(), good().order.progress().clone());
    twin.events = events;
    assert_caught(&audit(&[good(), twin], &[landed()]), Invariant::OneOrderPerKey);

    let mut auditor = Auditor::new(
        AuditAssumptions {
            max_attempts: 3,
            drained: true,
            clock_skew: Duration::ZERO,
        },
        [landed()],
    );
    auditor.order(&good());
    auditor.acknowledged(id(1));
    auditor.acknowledged(id(9));
    let log = |after, seqs: &[u32], complete| SubscriberLog {
        order_id: id(1),
        after,
        seqs: seqs.to_vec(),
        complete,
    };
    auditor.subscriber(&log(0, &[1, 2, 3, 4, 5, 6], true));
    auditor.subscriber(&log(4, &[5, 6], true));
    auditor.subscriber(&log(0, &[1, 2], false));
    for bad in [
        log(0, &[1, 2], true),
        log(0, &[1, 3], false),
        log(0, &[1, 1], false),
        log(2, &[2, 3], false),
    ] {
        auditor.subscriber(&bad);
    }
    let report = auditor.finish();
    assert_eq!(report.figure(Invariant::AcceptedIsStored).violated, 1);
    assert_eq!(report.figure(Invariant::StreamsAreExact).violated, 4);
    assert_eq!(report.violated(), 5, "{report}");
}

/// 9 raw USDC for 10 raw SOL are 900 USDC for one SOL.
fn at(price: u128) -> OrderKind {
    OrderKind::Limit(LimitOrder {
        limit_price: Price::new(price * 10u128.pow(18)),
    })
}

fn waiting(waits_for: WaitsFor, kind: Option<OrderKind>) -> Event {
    let terms = kind.map(|kind| Terms {
        kind,
        time_in_force: TimeInForce::Gtc,
    });
    Event::Waiting {
        waits_for,
        terms,
        refused: None,
    }
}

fn executed(kind: OrderKind, before: Vec<Event>) -> Report {
    let events = [before, up_to_submitted(), vec![confirmed()]].concat();
    let order = history_of(kind, events, Some(AttemptOutcome::Landed(FILL)));
    audit(&[order], &[landed()])
}

#[test]
fn no_execution_may_be_worse_than_the_limit_of_its_time() {
    let fair = executed(at(900), vec![waiting(WaitsFor::Limit, None)]);
    assert_eq!(fair.violated(), 0, "{fair}");
    assert!(fair.figure(Invariant::LimitHolds).checked > 0);
    assert_caught(&executed(at(901), Vec::new()), Invariant::LimitHolds);

    let lowered = executed(at(901), vec![waiting(WaitsFor::Limit, Some(at(900)))]);
    assert_eq!(lowered.violated(), 0, "{lowered}");
    let raised = executed(at(900), vec![waiting(WaitsFor::Limit, Some(at(901)))]);
    assert_caught(&raised, Invariant::LimitHolds);
}

#[test]
fn a_stop_fires_once_and_before_anything_is_sent() {
    let (stop_price, limit_price) = (Price::new(1), Price::new(1));
    let stop = OrderKind::StopLimit(StopLimitOrder {
        stop_price,
        limit_price,
    });
    let [for_stop, for_limit] = [WaitsFor::Stop, WaitsFor::Limit].map(|waits_for| waiting(waits_for, None));
    for before in [vec![for_stop.clone()], vec![for_stop.clone(), for_limit.clone()]] {
        let fair = executed(stop, before);
        assert_eq!(fair.violated(), 0, "{fair}");
    }
    assert_caught(&executed(stop, Vec::new()), Invariant::FiresOnce);
    assert_caught(&executed(stop, vec![for_limit.clone()]), Invariant::FiresOnce);
    let twice = vec![for_stop.clone(), for_limit, for_stop];
    assert_caught(&executed(stop, twice), Invariant::FiresOnce);
    assert_caught(&executed(OrderKind::Sniper, Vec::new()), Invariant::FiresOnce);
}

/// Executes an order whose own program took it at its word that this is what was asked for: the attempt's minimum is
/// whatever it is.
fn executed_as(adjust: impl FnOnce(&mut OrderSpec), attempt_asked: u128) -> Report {
    let events = [up_to_submitted(), vec![confirmed()]].concat();
    let mut spec = spec();
    adjust(&mut spec);
    let mut order = history_with(spec, events, Some(AttemptOutcome::Landed(FILL)));
    order.attempts[0].min_out = Amount::new(attempt_asked);
    audit(&[order], &[landed()])
}

#[test]
fn an_execution_below_the_requests_minimum_is_caught_though_its_attempt_asked_for_less() {
    let ioc = |minimum| {
        move |spec: &mut OrderSpec| {
            spec.kind = at(100);
            spec.time_in_force = TimeInForce::Ioc;
            spec.protection = Protection::MinOut(Amount::new(minimum));
        }
    };
    let fair = executed_as(ioc(9), 1);
    assert_eq!(fair.violated(), 0, "{fair}");
    assert_caught(&executed_as(ioc(10), 1), Invariant::AmountsHold);
    // Half of the size, for half of the minimum or less.
    let part = |minimum| {
        move |spec: &mut OrderSpec| {
            ioc(minimum)(spec);
            spec.amount_in = Amount::new(20);
        }
    };
    let fair = executed_as(part(18), 1);
    assert_eq!(fair.violated(), 0, "{fair}");
    assert_caught(&executed_as(part(19), 1), Invariant::AmountsHold);
}

#[test]
fn a_size_that_was_not_asked_for_is_caught() {
    assert_caught(
        &executed_as(|spec| spec.amount_in = Amount::new(9), 9),
        Invariant::AmountsHold,
    );
    // Only what is immediate may execute in part.
    assert_caught(
        &executed_as(|spec| spec.amount_in = Amount::new(11), 9),
        Invariant::AmountsHold,
    );
}

#[test]
fn an_execution_by_a_venue_that_was_ruled_out_or_past_its_time_is_caught() {
    let elsewhere = |spec: &mut OrderSpec| spec.route.venues = vec![METEORA];
    assert_caught(&executed_as(elsewhere, 9), Invariant::LimitHolds);
    let late = |spec: &mut OrderSpec| spec.time_in_force = TimeInForce::Gtd(Timestamp::from_millis(5));
    assert_caught(&executed_as(late, 9), Invariant::LimitHolds);
    let in_time = executed_as(
        |spec| spec.time_in_force = TimeInForce::Gtd(Timestamp::from_millis(6)),
        9,
    );
    assert_eq!(in_time.violated(), 0, "{in_time}");
}

#[test]
fn more_slippage_than_was_allowed_is_caught() {
    let quoted = |out| {
        let quote = Quote {
            venue: RAYDIUM,
            pool: PoolId("pool".into()),
            amount_in: Amount::new(10).with_decimals(9),
            amount_out: Amount::new(out).with_decimals(6),
            fee: Amount::ZERO.with_decimals(9),
            price: Price::new(1),
            price_impact_bps: 0,
        };
        let mut events = up_to_submitted();
        events[0] = Event::Routing {
            attempt: 1,
            quotes: vec![QuoteAnswer {
                venue: RAYDIUM,
                result: Ok(quote),
            }],
            arrival: None,
        };
        events.push(confirmed());
        let spec = OrderSpec {
            protection: Protection::Slippage(1_000),
            ..spec()
        };
        audit(
            &[history_with(spec, events, Some(AttemptOutcome::Landed(FILL)))],
            &[landed()],
        )
    };
    let fair = quoted(10);
    assert_eq!(fair.violated(), 0, "{fair}");
    assert_caught(&quoted(11), Invariant::AmountsHold);
}
