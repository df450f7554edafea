//! The invariants of a single order's history.

use std::time::Duration;

use super::AuditAssumptions;
use super::invariant::Invariant;
use super::record::AuditedOrder;
use super::report::Report;
use crate::id::OrderId;
use crate::order::{Event, EventKind, State, Status};

pub(super) fn check(assumptions: &AuditAssumptions, audited: &AuditedOrder, report: &mut Report) {
    numbers(audited, report);
    moves(audited, report);
    epochs(audited, report);
    waits(assumptions, audited, report);
    attempts(assumptions, audited, report);
    if assumptions.drained {
        end(audited, report);
    }
}

fn id(audited: &AuditedOrder) -> OrderId {
    audited.order.id()
}

fn numbers(audited: &AuditedOrder, report: &mut Report) {
    let seqs = audited.events.iter().map(|audited| audited.event.seq);
    let exact = seqs.eq(1..=audited.order.version());
    report.check(Invariant::HistoryWithoutGap, id(audited), exact, || {
        let seqs: Vec<_> = audited.events.iter().map(|audited| audited.event.seq).collect();
        format!("version {} and events {seqs:?}", audited.order.version())
    });
}

/// Replays the history through the table.
fn moves(audited: &AuditedOrder, report: &mut Report) {
    let mut events = audited.events.iter().map(|audited| &audited.event.event);
    let begins = events.next().map(Event::kind) == Some(EventKind::Pending);
    report.check(Invariant::LegalMoves, id(audited), begins, || {
        "does not begin as pending".into()
    });
    let mut state = State::Pending;
    for event in events {
        let over = state.status().is_terminal();
        report.check(Invariant::NothingAfterTheEnd, id(audited), !over, || {
            format!("{} after {}", event.kind().as_str(), state.status().as_str())
        });
        match state.after(event) {
            Ok(next) => state = next,
            Err(illegal) => report.check(Invariant::LegalMoves, id(audited), false, || illegal.to_string()),
        }
    }
    report.check(
        Invariant::LegalMoves,
        id(audited),
        state == *audited.order.state(),
        || {
            format!(
                "its events lead to {state:?}, it shows {:?}",
                audited.order.state()
            )
        },
    );
}

fn epochs(audited: &AuditedOrder, report: &mut Report) {
    let rising = audited.events.is_sorted_by_key(|audited| audited.epoch);
    report.check(Invariant::EpochNeverFalls, id(audited), rising, || {
        let epochs: Vec<_> = audited.events.iter().map(|audited| audited.epoch).collect();
        format!("epochs {epochs:?}")
    });
}

fn waits(assumptions: &AuditAssumptions, audited: &AuditedOrder, report: &mut Report) {
    for pair in audited.events.windows(2) {
        let (retry, next) = (&pair[0].event, &pair[1].event);
        let Event::Retrying { delay_ms, .. } = retry.event else {
            continue;
        };
        if matches!(next.event, Event::Cancelled | Event::Expired) {
            continue;
        }
        let waited = next.at.since(retry.at);
        let enough = waited + assumptions.clock_skew >= Duration::from_millis(delay_ms);
        report.check(Invariant::RetriesWait, id(audited), enough, || {
            format!(
                "event {} came {waited:?} after a retry was announced for {delay_ms} ms",
                next.seq
            )
        });
    }
}

fn attempts(assumptions: &AuditAssumptions, audited: &AuditedOrder, report: &mut Report) {
    let number = audited.order.progress().attempt;
    // A transaction whose price had gone by uses no attempt up: its order waits again.
    let kinds: Vec<_> = audited
        .events
        .iter()
        .map(|event| event.event.event.kind())
        .collect();
    let gone_by = kinds
        .windows(2)
        .filter(|pair| {
            matches!(
                pair,
                [
                    EventKind::Submitted | EventKind::OutcomeUnknown,
                    EventKind::Waiting
                ]
            )
        })
        .count();
    let within = number <= assumptions.max_attempts
        && audited.attempts.len() <= usize::from(assumptions.max_attempts) + gone_by;
    report.check(Invariant::AttemptsWithinLimit, id(audited), within, || {
        format!("attempt {number}, {} transactions", audited.attempts.len())
    });
    let open = audited
        .attempts
        .iter()
        .filter(|attempt| attempt.outcome.is_none())
        .count();
    // An attempt opens with the step to submitted and closes with the step from there.
    let expected = usize::from(audited.order.status() == Status::Submitted);
    report.check(
        Invariant::AttemptsWithinLimit,
        id(audited),
        open == expected,
        || format!("{open} open attempts while {}", audited.order.status().as_str()),
    );
}

fn end(audited: &AuditedOrder, report: &mut Report) {
    let unknown = matches!(audited.order.state(), State::Submitted { unknown: true, .. });
    let status: Status = audited.order.status();
    report.check(
        Invariant::ReachesAnEnd,
        id(audited),
        status.is_terminal() || status == Status::Waiting || unknown,
        || format!("still {}", status.as_str()),
    );
}
