//! The invariants between an order and what the venue's ledger says of it.

use super::invariant::Invariant;
use super::record::{AuditedAttempt, AuditedOrder, LandedTransaction};
use super::report::Report;
use crate::id::OrderId;
use crate::order::{Execution, State, Status};

/// Checks an order against what of it had landed before it was read. What it shows of its own execution is
/// [`shown`]'s matter.
pub(super) fn check(audited: &AuditedOrder, landed: &[LandedTransaction], report: &mut Report) {
    let id = audited.order.id();
    report.check(Invariant::ExecutedOnce, id, landed.len() <= 1, || {
        format!("executed {} times", landed.len())
    });
    match audited.order.status() {
        Status::Failed | Status::Cancelled | Status::Expired => {
            let status = audited.order.status().as_str();
            report.check(Invariant::EndedIsNotExecuted, id, landed.is_empty(), || {
                format!("{status}, but executed")
            });
        }
        Status::Pending | Status::Waiting | Status::Routing | Status::Building => {
            // Between two attempts nothing of the first may have executed, and before one nothing can have.
            report.check(Invariant::EndedIsNotExecuted, id, landed.is_empty(), || {
                "executed, but not even submitted".into()
            });
        }
        Status::Submitted | Status::Confirmed => {}
    }
    for transaction in landed {
        let attempt = audited
            .attempts
            .iter()
            .find(|attempt| attempt.tx_id == transaction.tx_id);
        if let Some(AuditedAttempt { min_out, .. }) = attempt {
            report.check(
                Invariant::AmountsHold,
                id,
                transaction.amount_out >= *min_out,
                || format!("received {} raw units, minimum {min_out}", transaction.amount_out),
            );
        }
    }
}

/// What a confirmed order shows of its execution.
pub(super) const fn claimed(audited: &AuditedOrder) -> Option<&Execution> {
    match audited.order.state() {
        State::Confirmed(execution) => Some(execution),
        State::Pending
        | State::Waiting { .. }
        | State::Routing
        | State::Building { .. }
        | State::Submitted { .. }
        | State::Failed { .. }
        | State::Cancelled
        | State::Expired => None,
    }
}

/// Whether the ledger has the execution that an order shows, to the unit.
pub(super) fn is_shown(execution: &Execution, landed: &[LandedTransaction]) -> bool {
    let Execution { tx_id, fill, .. } = execution;
    landed.iter().any(|transaction| {
        let LandedTransaction {
            amount_in,
            amount_out,
            slot,
            ..
        } = *transaction;
        transaction.tx_id == *tx_id
            && (amount_in, amount_out, slot) == (fill.amount_in, fill.amount_out, fill.slot)
    })
}

/// Checks what a confirmed order shows against what of it has landed by now.
pub(super) fn shown(id: OrderId, execution: &Execution, landed: &[LandedTransaction], report: &mut Report) {
    report.check(Invariant::ConfirmedIsExecuted, id, !landed.is_empty(), || {
        "confirmed, not executed".into()
    });
    report.check(Invariant::AmountsHold, id, is_shown(execution, landed), || {
        format!(
            "the ledger does not show the fill {:?} of {}",
            execution.fill, execution.tx_id
        )
    });
}
