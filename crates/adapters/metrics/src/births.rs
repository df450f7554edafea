//! Counters that are there from the first moment, at zero.
//!
//! A counter that appears with the first trouble of its kind cannot be told from one that nobody has, and the step from
//! nothing to one is no increase to Prometheus: the first trouble would be missed by every rate.

use metrics::counter;
use order_core::failure::{Failure, VenueError};
use order_core::order::EventKind;
use order_core::order_types::OrderType;
use order_core::venue::VenueId;

use crate::names;
use crate::{queue, venues};

/// Brings all counters into being whose labels are known beforehand.
pub(crate) fn count_from_zero() {
    for kind in OrderType::ALL.iter().copied().map(OrderType::as_str) {
        counter!(names::ACCEPTED, "type" => kind).increment(0);
        counter!(names::REPLAYED, "type" => kind).increment(0);
        for end in EventKind::ALL.into_iter().filter(|kind| kind.is_terminal()) {
            counter!(names::FINISHED, "type" => kind, "outcome" => end.as_str()).increment(0);
        }
    }
    for failure in failures() {
        counter!(names::FAILURES, "code" => failure.code()).increment(0);
        counter!(names::RETRIES, "code" => failure.code()).increment(0);
    }
    counter!(names::OUTCOMES_UNKNOWN).increment(0);
    for call in venues::CALLS {
        counter!(names::SETTLEMENT_ERRORS, "call" => call).increment(0);
    }
    for call in queue::CALLS {
        counter!(names::QUEUE_ERRORS, "call" => call).increment(0);
    }
    counter!(names::BREACHES).increment(0);
    counter!(names::UNMATCHED).increment(0);
}

/// The same for those of one venue.
pub(crate) fn count_venue_from_zero(venue: VenueId) {
    counter!(names::WINS, "venue" => venue.to_string()).increment(0);
    for code in VenueError::ALL.map(VenueError::code) {
        counter!(names::QUOTE_ERRORS, "venue" => venue.to_string(), "code" => code).increment(0);
    }
}

/// Every reason that an attempt or an order may fail for.
fn failures() -> impl Iterator<Item = Failure> {
    let venues = VenueError::ALL.into_iter().map(Failure::Venue);
    venues.chain([Failure::NoQuotes, Failure::OutOfRange])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use order_ports::contract::fixtures::{METEORA, RAYDIUM};

    use crate::Recorder;

    /// The counters of one name, as they are told.
    fn lines(text: &str, name: &str) -> BTreeSet<String> {
        let of_name = |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
        };
        text.lines().filter(of_name).map(str::to_owned).collect()
    }

    #[test]
    fn what_has_not_happened_is_told_as_nothing_and_not_left_out() {
        let recorder = Recorder::install("0.0.0", "all").unwrap();
        for venue in [METEORA, RAYDIUM] {
            super::count_venue_from_zero(venue);
        }
        let told = recorder.render();
        for (name, how_many) in [
            ("order_engine_orders_accepted_total", 4),
            ("order_engine_orders_replayed_total", 4),
            ("order_engine_orders_total", 16),
            ("order_engine_order_failures_total", 13),
            ("order_engine_order_retries_total", 13),
            ("order_engine_order_outcomes_unknown_total", 1),
            ("order_engine_venue_wins_total", 2),
            ("order_engine_quote_errors_total", 22),
            ("order_engine_settlement_errors_total", 3),
            ("order_engine_queue_errors_total", 4),
            ("order_engine_invariant_breaches_total", 1),
            ("http_server_unmatched_requests_total", 1),
        ] {
            let lines = lines(&told, name);
            assert_eq!(lines.len(), how_many, "{name}: {lines:#?}");
            assert!(lines.iter().all(|line| line.ends_with(" 0")), "{lines:#?}");
        }
    }
}
