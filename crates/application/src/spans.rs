//! The spans of an order's trace: what was done for it, and how long that took.
//!
//! Which trace they belong to is not known here. The collector learns it at the store, when the order is
//! accepted or claimed; so no other span may be opened within one of those before that.

use order_core::id::OrderId;
use order_core::lifecycle::Step;
use order_core::order::{Attempt, Event};
use order_core::venue::VenueId;
use order_ports::SPANS;
use tracing::field::Empty;
use tracing::{Span, trace_span};

/// Taking an order in.
pub(crate) fn accept() -> Span {
    trace_span!(
        target: SPANS,
        "accept",
        otel.kind = "producer",
        order_id = Empty,
        replayed = Empty
    )
}

/// What a worker does for an order under one lease: an attempt, as a rule. It may be one that was begun under an
/// earlier lease, or come to nothing more than that the order waits.
pub(crate) fn attempt(id: OrderId) -> Span {
    trace_span!(
        target: SPANS,
        "attempt",
        otel.kind = "consumer",
        otel.status_description = Empty,
        order_id = %id,
        attempt = Empty,
        venue = Empty,
        tx_id = Empty,
        resumed = Empty,
        waits_for = Empty
    )
}

/// Notes on an attempt's span that it was begun under an earlier lease.
pub(crate) fn resume(span: &Span, attempt: &Attempt) {
    if span.is_disabled() {
        return;
    }
    span.record("attempt", i64::from(attempt.number));
    span.record("venue", attempt.venue.as_str());
    span.record("tx_id", attempt.transaction.id.to_string());
    span.record("resumed", true);
}

/// Notes on an attempt's span what was decided.
pub(crate) fn learn(span: &Span, events: &[Event]) {
    if span.is_disabled() {
        return;
    }
    for event in events {
        match event {
            Event::Routing { attempt, .. } => {
                span.record("attempt", i64::from(*attempt));
            }
            Event::BestDex { venue, .. } => {
                span.record("venue", venue.as_str());
            }
            Event::Submitted { tx_id, .. } => {
                span.record("tx_id", tx_id.to_string());
            }
            Event::Retrying { failure, .. } | Event::Failed { failure } => {
                span.record("otel.status_description", failure.to_string());
            }
            Event::Waiting { waits_for, .. } => {
                span.record("waits_for", waits_for.as_str());
            }
            Event::Pending
            | Event::Building { .. }
            | Event::OutcomeUnknown { .. }
            | Event::Confirmed(_)
            | Event::Cancelled
            | Event::Expired => {}
        }
    }
}

/// One step of an attempt out into the world.
pub(crate) fn step(step: &Step) -> Span {
    match step {
        Step::Quote(_) => trace_span!(target: SPANS, "quotes"),
        Step::Build { venue, .. } => trace_span!(target: SPANS, "build", venue = venue.as_str()),
        Step::Send(attempt) => trace_span!(
            target: SPANS,
            "send",
            otel.kind = "client",
            attempt = i64::from(attempt.number),
            venue = attempt.venue.as_str()
        ),
        Step::LookUp(attempt) => trace_span!(
            target: SPANS,
            "look_up",
            otel.kind = "client",
            attempt = i64::from(attempt.number),
            venue = attempt.venue.as_str()
        ),
    }
}

/// Asking one venue.
pub(crate) fn quote(venue: VenueId) -> Span {
    trace_span!(target: SPANS, "quote", otel.kind = "client", venue = venue.as_str())
}

/// Making a step of this kind durable.
pub(crate) fn commit(kind: &'static str) -> Span {
    trace_span!(target: SPANS, "commit", otel.name = kind)
}
