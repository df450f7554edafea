//! The span that stands for an order as a whole, and the ids that are given rather than drawn.
//!
//! Everything done for an order has this span as its parent long before it is sent: it begins with the order and is
//! sent by whoever stores the order's last event, in whatever process. So its ids are no random ones, and the library
//! draws all ids itself; they are handed to it by way of the thread on which the span is made.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanId, SpanKind, Status, TraceContextExt, TraceId, TraceState,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, SamplingDecision, SamplingResult, SdkTracer, ShouldSample,
};
use order_core::order::{Order, State};
use order_core::time::Timestamp;

use crate::place::Place;

thread_local! {
    /// Whose span is being made on this thread.
    static GIVEN: Cell<Option<Place>> = const { Cell::new(None) };
}

/// Draws ids, unless they are given.
#[derive(Debug, Default)]
pub(crate) struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        match GIVEN.get() {
            Some(place) => place.trace,
            None => self.0.new_trace_id(),
        }
    }

    fn new_span_id(&self) -> SpanId {
        match GIVEN.get() {
            Some(place) => place.root,
            None => self.0.new_span_id(),
        }
    }
}

/// Collects what belongs to an order whose trace is collected, and nothing else: a span of nobody's has looked at an
/// order that was not to be had.
#[derive(Clone, Debug)]
pub(crate) struct OfOrders;

impl ShouldSample for OfOrders {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _trace_id: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[opentelemetry::trace::Link],
    ) -> SamplingResult {
        let below = parent.is_some_and(|parent| parent.span().span_context().is_sampled());
        let root = GIVEN.get().is_some_and(|place| place.sampled);
        SamplingResult {
            decision: if below || root {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: Vec::new(),
            trace_state: TraceState::default(),
        }
    }
}

/// Makes the span of an order that has ended.
pub(crate) fn ended(tracer: &SdkTracer, place: Place, order: &Order) {
    if !place.sampled {
        return;
    }
    let builder = SpanBuilder::from_name("order")
        .with_kind(SpanKind::Server)
        .with_start_time(instant(order.created_at()))
        .with_attributes(attributes(order));
    GIVEN.set(Some(place));
    let mut span = builder.start_with_context(tracer, &place.around());
    GIVEN.set(None);
    if let State::Failed { failure } = order.state() {
        span.set_status(Status::error(failure.to_string()));
    }
    // Now, and not when it was decided: the end is durable from here on.
    span.end();
}

fn attributes(order: &Order) -> Vec<KeyValue> {
    let spec = order.spec();
    let mut attributes = vec![
        KeyValue::new("order_id", order.id().to_string()),
        KeyValue::new("type", spec.kind.as_str()),
        KeyValue::new("token_in", spec.token_in.symbol.to_string()),
        KeyValue::new("token_out", spec.token_out.symbol.to_string()),
        KeyValue::new("status", order.status().as_str()),
        KeyValue::new("attempt", i64::from(order.progress().attempt)),
    ];
    if let Some(venue) = order.state().venue() {
        attributes.push(KeyValue::new("venue", venue.to_string()));
    }
    if let State::Confirmed(execution) = order.state() {
        attributes.push(KeyValue::new("tx_id", execution.tx_id.to_string()));
    }
    attributes
}

fn instant(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at.millis().try_into().unwrap_or(0))
}
