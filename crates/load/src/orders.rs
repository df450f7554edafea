//! What became of the orders of a run.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::{Fault, LoadError};
use crate::latency::Latencies;

/// What became of the orders that were due in the time that counts.
///
/// `submitted = accepted + refused`, and
/// `accepted = confirmed + failed + cancelled + expired + open`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCounts {
    /// All of them.
    pub submitted: u64,
    /// Answered with an order's id.
    pub accepted: u64,
    /// Answered with anything else, or not at all.
    pub refused: u64,
    /// Executed.
    pub confirmed: u64,
    /// Ended without being executed.
    pub failed: u64,
    /// Cancelled by its owner.
    pub cancelled: u64,
    /// Too late to be executed.
    pub expired: u64,
    /// Not ended as far as is known.
    pub open: u64,
    /// Accepted before the time that counts, and in none of the other numbers.
    pub warm_up: u64,
}

/// Ends of orders that were not submitted as far as is known yet; more than this many are other clients' orders.
const EARLY: usize = 65_536;

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Confirmed,
    Failed,
    Cancelled,
    Expired,
}

impl Ending {
    /// The end that a status means, if it is one.
    pub(crate) fn of(status: &str) -> Option<Self> {
        match status {
            "confirmed" => Some(Self::Confirmed),
            "failed" => Some(Self::Failed),
            "cancelled" => Some(Self::Cancelled),
            "expired" => Some(Self::Expired),
            _ => None,
        }
    }
}

/// When an order ended, and how long it lived if the server has measured that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) ending: Ending,
    pub(crate) at: Instant,
    pub(crate) lived: Option<Duration>,
}

/// The time in which orders count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

impl Window {
    fn holds(self, time: Instant) -> bool {
        self.from <= time && time < self.to
    }
}

/// One submission.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Submission {
    /// When it was due; in a closed loop, when it was sent.
    pub(crate) due: Instant,
    pub(crate) sent: Instant,
    pub(crate) answered: Instant,
}

struct Open {
    due: Instant,
    counts: bool,
    /// Lets the next order be submitted when this one ends.
    permit: Option<OwnedSemaphorePermit>,
}

/// Everything that is counted.
pub(crate) struct Tally {
    pub(crate) counts: OrderCounts,
    /// From the time at which an order was due to its answer.
    pub(crate) submit: Latencies,
    /// From the time at which it was sent.
    pub(crate) service: Latencies,
    /// From the time at which it was due to its confirmation.
    pub(crate) life: Latencies,
    pub(crate) errors: BTreeMap<String, u64>,
    /// Confirmations from the beginning of the window on, within it, and the time of the last.
    pub(crate) confirmed_since: u64,
    pub(crate) confirmed_within: u64,
    pub(crate) last_confirmed: Option<Instant>,
    /// Answers with 202 within the window.
    pub(crate) accepted_within: u64,
}

struct State {
    window: Window,
    open: HashMap<String, Open>,
    early: HashMap<String, End>,
    newest: Option<String>,
    tally: Tally,
}

/// The orders of a run.
pub(crate) struct Orders {
    state: Mutex<State>,
}

impl Orders {
    pub(crate) fn new(window: Window) -> Result<Self, LoadError> {
        let tally = Tally {
            counts: OrderCounts::default(),
            submit: Latencies::new()?,
            service: Latencies::new()?,
            life: Latencies::new()?,
            errors: BTreeMap::new(),
            confirmed_since: 0,
            confirmed_within: 0,
            last_confirmed: None,
            accepted_within: 0,
        };
        Ok(Self {
            state: Mutex::new(State {
                window,
                open: HashMap::new(),
                early: HashMap::new(),
                newest: None,
                tally,
            }),
        })
    }

    /// An order was submitted and answered.
    pub(crate) fn answered(
        &self,
        submission: Submission,
        answer: Result<String, Fault>,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        let mut state = self.state.lock();
        let counts = state.window.holds(submission.due);
        match answer {
            Ok(id) => state.accepted(submission, id, counts, permit),
            Err(fault) => {
                state.fault(&fault);
                if counts {
                    state.tally.counts.submitted += 1;
                    state.tally.counts.refused += 1;
                }
            }
        }
    }

    /// An order has come to its end.
    pub(crate) fn ended(&self, id: &str, end: End) {
        self.state.lock().ended(id, end);
    }

    /// Something went wrong beside a submission.
    pub(crate) fn fault(&self, fault: &Fault) {
        self.state.lock().fault(fault);
    }

    /// The end of this order will not be known: it must hold up no other.
    pub(crate) fn unwatched(&self, id: &str) {
        if let Some(open) = self.state.lock().open.get_mut(id) {
            open.permit = None;
        }
    }

    /// The same of every order.
    pub(crate) fn all_unwatched(&self) {
        for open in self.state.lock().open.values_mut() {
            open.permit = None;
        }
    }

    /// Orders that were due and not submitted.
    pub(crate) fn never_sent(&self, count: u64) {
        if count > 0 {
            let mut state = self.state.lock();
            state.tally.counts.submitted += count;
            state.tally.counts.refused += count;
            *state.tally.errors.entry("not sent in time".into()).or_default() += count;
        }
    }

    /// The orders that have not ended yet, as far as is known.
    pub(crate) fn open(&self) -> Vec<String> {
        self.state.lock().open.keys().cloned().collect()
    }

    /// How many have not ended yet.
    pub(crate) fn open_count(&self) -> usize {
        self.state.lock().open.len()
    }

    /// The order that was accepted last.
    pub(crate) fn newest(&self) -> Option<String> {
        self.state.lock().newest.clone()
    }

    /// The counts so far; `to` closes the window earlier than planned.
    pub(crate) fn tally<T>(&self, read: impl FnOnce(&Tally, Window) -> T) -> T {
        let state = self.state.lock();
        read(&state.tally, state.window)
    }
}

impl State {
    fn accepted(
        &mut self,
        submission: Submission,
        id: String,
        counts: bool,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        let Submission { due, sent, answered } = submission;
        if self.window.holds(answered) {
            self.tally.accepted_within += 1;
        }
        if counts {
            self.tally.counts.submitted += 1;
            self.tally.counts.accepted += 1;
            self.tally.counts.open += 1;
            self.tally.submit.record(answered.saturating_duration_since(due));
            self.tally
                .service
                .record(answered.saturating_duration_since(sent));
        } else {
            self.tally.counts.warm_up += 1;
        }
        self.newest = Some(id.clone());
        let early = self.early.remove(&id);
        self.open.insert(id.clone(), Open { due, counts, permit });
        if let Some(end) = early {
            self.ended(&id, end);
        }
    }

    fn ended(&mut self, id: &str, end: End) {
        let Some(open) = self.open.remove(id) else {
            if self.early.len() >= EARLY {
                self.early.clear();
            }
            self.early.insert(id.to_owned(), end);
            return;
        };
        if end.ending == Ending::Confirmed {
            self.confirmed(end.at);
        }
        if !open.counts {
            return;
        }
        let counts = &mut self.tally.counts;
        counts.open -= 1;
        match end.ending {
            Ending::Confirmed => {
                counts.confirmed += 1;
                let lived = end.at.saturating_duration_since(open.due);
                self.tally.life.record(end.lived.unwrap_or(lived));
            }
            Ending::Failed => counts.failed += 1,
            Ending::Cancelled => counts.cancelled += 1,
            Ending::Expired => counts.expired += 1,
        }
    }

    fn confirmed(&mut self, at: Instant) {
        if at < self.window.from {
            return;
        }
        self.tally.confirmed_since += 1;
        self.tally.confirmed_within += u64::from(self.window.holds(at));
        self.tally.last_confirmed = self.tally.last_confirmed.max(Some(at));
    }

    fn fault(&mut self, fault: &Fault) {
        *self.tally.errors.entry(fault.kind()).or_default() += 1;
    }
}
