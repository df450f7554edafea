//! The invariant of orders that wait for a stop, or for a pool.

use super::invariant::Invariant;
use super::record::AuditedOrder;
use super::report::Report;
use crate::order::Event;

/// An order of a kind that waits for something before it looks at the market does so first, and never again after.
pub(super) fn check(audited: &AuditedOrder, report: &mut Report) {
    let Some(first) = audited.order.spec().kind.waits_first() else {
        return;
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
        format!("its history is {:?}", kinds.collect::<Vec<_>>())
    });
}
