//! The invariants of orders that wait: for a limit, a stop, or a pool.

use super::execution::claimed;
use super::invariant::Invariant;
use super::record::{AuditedOrder, LandedTransaction};
use super::report::Report;
use crate::amount::Amount;
use crate::lifecycle::Event;
use crate::order::{OrderKind, Terms};
use crate::price::Price;
use crate::trigger::WaitsFor;
use crate::venue::TxId;

/// Checks an order against what of it had landed before it was read.
pub(super) fn check(audited: &AuditedOrder, landed: &[LandedTransaction], report: &mut Report) {
    for transaction in landed {
        let (tx_id, paid, received) = (transaction.tx_id, transaction.amount_in, transaction.amount_out);
        limit(audited, tx_id, (paid, received), report);
    }
    if let Some(execution) = claimed(audited) {
        let fill = execution.fill;
        limit(
            audited,
            execution.tx_id,
            (fill.amount_in, fill.amount_out),
            report,
        );
    }
    fires_once(audited, report);
}

/// What was received for what was paid is at least what the limit says.
fn limit(audited: &AuditedOrder, tx_id: TxId, (paid, received): (Amount, Amount), report: &mut Report) {
    let Some(limit) = limit_of(audited, tx_id) else {
        return;
    };
    let spec = audited.order.spec();
    let least = limit.least_output(&spec.pair, spec.side, paid);
    let holds = least.is_ok_and(|least| received >= least);
    report.check(Invariant::LimitHolds, audited.order.id(), holds, || {
        format!("received {received} raw units for {paid}, limit {limit}")
    });
}

/// The limit that the order had when that transaction was submitted: its own, or what had replaced it by then.
fn limit_of(audited: &AuditedOrder, tx_id: TxId) -> Option<Price> {
    let mut kind = audited.order.spec().kind;
    for audited in &audited.events {
        match &audited.event.event {
            Event::Waiting {
                terms: Some(Terms { kind: new, .. }),
                ..
            } => kind = *new,
            Event::Submitted { tx_id: submitted, .. } if *submitted == tx_id => break,
            Event::Pending
            | Event::Waiting { terms: None, .. }
            | Event::Routing { .. }
            | Event::BestDex { .. }
            | Event::Building { .. }
            | Event::Submitted { .. }
            | Event::OutcomeUnknown { .. }
            | Event::Confirmed(_)
            | Event::Retrying { .. }
            | Event::Failed { .. }
            | Event::Cancelled
            | Event::Expired => {}
        }
    }
    kind.limit_price()
}

/// An order of a kind that waits for something before it looks at the market does so first, and never again after.
fn fires_once(audited: &AuditedOrder, report: &mut Report) {
    let first = match audited.order.spec().kind {
        OrderKind::StopLimit { .. } => WaitsFor::Stop,
        OrderKind::Sniper => WaitsFor::Pool,
        OrderKind::Market | OrderKind::Limit { .. } => return,
    };
    let (mut waited, mut fired, mut holds) = (false, false, true);
    for audited in &audited.events {
        match &audited.event.event {
            Event::Waiting { waits_for, .. } if *waits_for == first => {
                holds &= !fired;
                waited = true;
            }
            // It waits for its limit, or is under way.
            Event::Waiting { .. } | Event::Routing { .. } | Event::Submitted { .. } => {
                holds &= waited;
                fired = true;
            }
            Event::Pending
            | Event::BestDex { .. }
            | Event::Building { .. }
            | Event::OutcomeUnknown { .. }
            | Event::Confirmed(_)
            | Event::Retrying { .. }
            | Event::Failed { .. }
            | Event::Cancelled
            | Event::Expired => {}
        }
    }
    report.check(Invariant::FiresOnce, audited.order.id(), holds, || {
        let kinds = audited.events.iter().map(|audited| audited.event.event.kind());
        format!("its story is {:?}", kinds.collect::<Vec<_>>())
    });
}
