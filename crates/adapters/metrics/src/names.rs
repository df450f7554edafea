//! The names, what they mean, and the readings that are taken when somebody asks.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use order_core::priority::Priority;
use order_ports::{Backlog, QueueDepth};

pub(crate) const ACCEPTED: &str = "order_engine_orders_accepted_total";
pub(crate) const REPLAYED: &str = "order_engine_orders_replayed_total";
pub(crate) const FINISHED: &str = "order_engine_orders_total";
pub(crate) const DURATION: &str = "order_engine_order_duration_seconds";
pub(crate) const STATE_DURATION: &str = "order_engine_order_state_duration_seconds";
pub(crate) const FAILURES: &str = "order_engine_order_failures_total";
pub(crate) const RETRIES: &str = "order_engine_order_retries_total";
pub(crate) const OUTCOMES_UNKNOWN: &str = "order_engine_order_outcomes_unknown_total";
pub(crate) const WINS: &str = "order_engine_venue_wins_total";
pub(crate) const QUOTE_DURATION: &str = "order_engine_quote_duration_seconds";
pub(crate) const QUOTE_ERRORS: &str = "order_engine_quote_errors_total";
pub(crate) const SETTLEMENT_DURATION: &str = "order_engine_settlement_duration_seconds";
pub(crate) const SETTLEMENT_ERRORS: &str = "order_engine_settlement_errors_total";
pub(crate) const QUEUE_WAIT: &str = "order_engine_queue_wait_seconds";
pub(crate) const QUEUE_ERRORS: &str = "order_engine_queue_errors_total";
pub(crate) const STEP_DURATION: &str = "order_engine_store_step_duration_seconds";
pub(crate) const STEP_ERRORS: &str = "order_engine_store_errors_total";
pub(crate) const LEASES_LOST: &str = "order_engine_leases_lost_total";
pub(crate) const SWEPT: &str = "order_engine_sweeper_found_total";

/// Counted where a breach is reported to this process.
pub(crate) const BREACHES: &str = "order_engine_invariant_breaches_total";

/// Counted at the endpoints.
pub(crate) const UNMATCHED: &str = "http_server_unmatched_requests_total";

const DEPTH: &str = "order_engine_queue_depth";
const OLDEST: &str = "order_engine_oldest_waiting_seconds";
const UNKNOWN: &str = "order_engine_orders_unknown";
const SUBSCRIBERS: &str = "order_engine_subscribers";
const SUBSCRIBERS_DROPPED: &str = "order_engine_subscribers_dropped_total";
const POOL: &str = "order_engine_store_connections";
const CLOCK_OFFSET: &str = "order_engine_clock_offset_seconds";
const UNSAFE: &str = "order_engine_store_unsafe";
const BUILD: &str = "order_engine_build_info";

/// What every name means, the adapters' own included.
const COUNTERS: [(&str, &str); 14] = [
    (
        BREACHES,
        "Times that something was so which cannot be: defects of this program.",
    ),
    (ACCEPTED, "Orders that were accepted, durably, by type."),
    (
        REPLAYED,
        "Repeated requests that were answered with the order they had made.",
    ),
    (FINISHED, "Orders that reached their end, by type and outcome."),
    (FAILURES, "Orders that failed, by the code of the reason."),
    (
        RETRIES,
        "Attempts that failed and are followed by another, by the code of the reason.",
    ),
    (
        OUTCOMES_UNKNOWN,
        "Times that a venue was silent on a transaction for so long that the order was flagged.",
    ),
    (WINS, "Routes that were chosen, by venue."),
    (
        QUOTE_ERRORS,
        "Quotes that a venue refused or did not give, by venue and code.",
    ),
    (
        SETTLEMENT_ERRORS,
        "Calls to build, send or look up a transaction that failed, by call.",
    ),
    (QUEUE_ERRORS, "Calls to the queue that failed, by call."),
    (STEP_ERRORS, "Steps that the store failed to take, by step."),
    (
        LEASES_LOST,
        "Steps that were refused because the order's lease was somebody else's by then.",
    ),
    (SWEPT, "Orders that the sweep found due and announced by nobody."),
];

const HISTOGRAMS: [(&str, &str); 9] = [
    (DURATION, "From acceptance to the end, by type and outcome."),
    (
        STATE_DURATION,
        "How long orders stayed in a state before they left it.",
    ),
    (QUOTE_DURATION, "How long a venue took to answer for a quote."),
    (
        SETTLEMENT_DURATION,
        "How long building, sending or looking up a transaction took.",
    ),
    (
        QUEUE_WAIT,
        "From an order's acceptance to each delivery of its work item to a worker.",
    ),
    (
        STEP_DURATION,
        "How long a step of the store took as its caller saw it, waiting for company included.",
    ),
    (
        "order_engine_store_commit_duration_seconds",
        "How long one statement and its commit took, by step.",
    ),
    (
        "order_engine_store_batch_rows",
        "How many steps shared one statement and its commit, by step.",
    ),
    (
        "http_server_request_duration_seconds",
        "From a request's head to its response's head, by route, method and status.",
    ),
];

pub(crate) fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, meaning);
    }
    for (name, meaning) in HISTOGRAMS {
        describe_histogram!(name, meaning);
    }
    describe_counter!(UNMATCHED, "Requests for paths that do not exist.");
    describe_gauge!(DEPTH, "Work items that wait in the queue, by priority.");
    describe_gauge!(
        OLDEST,
        Unit::Seconds,
        "How long the most overdue order has been due without anybody working on it."
    );
    describe_gauge!(UNKNOWN, "Orders whose venue has not said what became of them.");
    describe_gauge!(SUBSCRIBERS, "Streams that are open in this process.");
    describe_counter!(
        SUBSCRIBERS_DROPPED,
        "Streams that were closed because they were read too slowly."
    );
    describe_gauge!(POOL, "Connections to the database, by state.");
    describe_gauge!(
        CLOCK_OFFSET,
        Unit::Seconds,
        "How far this machine's clock is from the database's, either way."
    );
    describe_gauge!(
        UNSAFE,
        "1 where a setting of the database lets a crash undo what was committed, by setting."
    );
    describe_gauge!(BUILD, "Always 1; the labels say which build this is.");
}

/// Readings that are taken when somebody asks, rather than kept up to date.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauges {
    /// What waits in the queue, if it could be asked.
    pub depth: Option<QueueDepth>,
    /// What waits in the store, if it could be asked.
    pub backlog: Option<Backlog>,
    /// Open streams.
    pub subscribers: usize,
    /// Streams that were closed because they were read too slowly, since the process began.
    pub subscribers_dropped: u64,
    /// Connections to the database that are in use, and that are idle; none without a database.
    pub connections: Option<(usize, usize)>,
    /// How far this machine's clock is from the database's; none without a database.
    pub clock_offset: Option<Duration>,
    /// Settings of the database that commits rely on, and whether each is as it must be; none without a database, and
    /// before it was asked.
    pub durability: Option<[(&'static str, bool); 3]>,
}

impl Gauges {
    /// Shows these readings.
    pub fn show(&self) {
        if let Some(QueueDepth(depth)) = self.depth {
            for priority in Priority::ALL {
                gauge!(DEPTH, "priority" => priority.as_str()).set(shown(depth[priority.index()]));
            }
        }
        if let Some(backlog) = self.backlog {
            gauge!(OLDEST).set(backlog.oldest_due.unwrap_or(Duration::ZERO));
            gauge!(UNKNOWN).set(shown(backlog.unknown));
        }
        gauge!(SUBSCRIBERS).set(shown(self.subscribers));
        counter!(SUBSCRIBERS_DROPPED).absolute(self.subscribers_dropped);
        if let Some((used, idle)) = self.connections {
            gauge!(POOL, "state" => "used").set(shown(used));
            gauge!(POOL, "state" => "idle").set(shown(idle));
        }
        if let Some(offset) = self.clock_offset {
            gauge!(CLOCK_OFFSET).set(offset);
        }
        for (setting, safe) in self.durability.into_iter().flatten() {
            gauge!(UNSAFE, "setting" => setting).set(u32::from(!safe));
        }
    }
}

/// Shows which build this is.
pub(crate) fn show_build(version: &'static str, role: &'static str) {
    gauge!(BUILD, "version" => version, "role" => role).set(1);
}

/// A count as a gauge takes it; more than four thousand million are shown as that many.
fn shown(count: impl TryInto<u32>) -> u32 {
    count.try_into().unwrap_or(u32::MAX)
}

/// Counts a broken invariant of this process.
pub fn count_breach() {
    counter!(BREACHES).increment(1);
}
