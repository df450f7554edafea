//! The invariant of a subscriber's stream.

use super::invariant::Invariant;
use super::record::SubscriberLog;
use super::report::Report;

pub(super) fn check(log: &SubscriberLog, version: Option<u32>, report: &mut Report) {
    let Some(version) = version else {
        report.check(Invariant::StreamsAreExact, log.order_id, false, || {
            "watched, and not stored".into()
        });
        return;
    };
    let until = if log.complete {
        version
    } else {
        log.seqs.last().copied().unwrap_or(log.after)
    };
    let exact = log.seqs.iter().copied().eq(log.after + 1..=until) && until <= version;
    report.check(Invariant::StreamsAreExact, log.order_id, exact, || {
        format!("saw {:?} after {}, version {version}", log.seqs, log.after)
    });
}
