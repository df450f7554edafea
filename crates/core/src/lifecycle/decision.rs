//! What a decision is made of: what it may depend on, what was learnt, and what is to be stored and done.

use std::time::Duration;

use super::wake_backoff::{WakeBackoff, WakeBackoffPolicy};
use crate::failure::VenueError;
use crate::order::{Attempt, AttemptOutcome, Event};
use crate::retry::RetryPolicy;
use crate::routing::{Market, RoutingPolicy};
use crate::time::Timestamp;
use crate::venue::{Draft, QuoteRequest, SignedTransaction, TxStatus, VenueId};

/// What the decision may depend on besides the order and the input.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The time.
    pub now: Timestamp,
    /// A fresh random number, for jitter.
    pub entropy: u64,
    /// When to try again.
    pub retry: RetryPolicy,
    /// How long a venue may be silent before the order is flagged as unknown.
    pub unknown_after: Duration,
    /// Whether the venue executes the same bytes at most once, so that they may be sent again.
    pub venue_removes_duplicates: bool,
    /// When another swap is worth it.
    pub routing: RoutingPolicy,
    /// How long an order rests that was woken for nothing.
    pub rest: WakeBackoffPolicy,
    /// The rest that this order had last.
    pub rested: WakeBackoff,
}

/// What has just been learnt.
#[derive(Clone, Debug)]
pub enum Input {
    /// The worker holds the order's lease; a transaction of an earlier worker may be open.
    Claimed {
        /// That transaction.
        open: Option<Attempt>,
    },
    /// Every venue has answered, or had its time.
    Quoted(Market),
    /// The transaction is built and signed.
    Built {
        /// The venue of its route.
        venue: VenueId,
        /// What it does.
        draft: Draft,
        /// The transaction.
        transaction: SignedTransaction,
    },
    /// The transaction could not be built.
    NotBuilt(VenueError),
    /// The first send of an attempt failed before a byte left this process.
    NotSent {
        /// Which attempt.
        attempt: Attempt,
        /// Why.
        error: VenueError,
    },
    /// The venue has said what became of the transaction.
    Seen {
        /// Which attempt.
        attempt: Attempt,
        /// What it said.
        status: TxStatus,
    },
    /// The venue has not answered; the transaction may have executed.
    Silent {
        /// Which attempt.
        attempt: Attempt,
    },
    /// The lease is running out: the worker that claims the order next goes on.
    OutOfTime,
}

/// How the events must be made durable before the step is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// There is nothing to store.
    Nothing,
    /// No barrier: the events may be stored while the step runs, or together with the next commit.
    Anytime,
    /// Stored before the step.
    Append,
    /// Stored before the step, together with the attempt, which may execute from here on.
    WriteAhead(Attempt),
    /// Stored together with the attempt's outcome and the release of the lease.
    Record {
        /// What became of the open attempt, if that is known.
        outcome: Option<AttemptOutcome>,
        /// What happens to the order after this worker.
        release: Release,
    },
}

/// What happens to an order when its worker lets go of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Nothing: it is terminal.
    Done,
    /// It is due again after this long.
    RunAgain(Duration),
    /// It waits for its trigger.
    Wait {
        /// It is due after this long at the latest, whatever the market does.
        longest: Duration,
        /// It is not to be woken before this long.
        rest: Duration,
    },
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask every venue, all at once.
    Quote(QuoteRequest),
    /// Build and sign this transaction.
    Build {
        /// The venue of its route.
        venue: VenueId,
        /// What it does.
        draft: Draft,
    },
    /// Send the stored bytes.
    Send(Attempt),
    /// Find out what became of the transaction.
    LookUp(Attempt),
}

/// Events to append, how, and what to do then.
#[derive(Clone, Debug)]
pub struct Decision {
    /// In order; to be numbered by [`Order::apply`].
    pub events: Vec<Event>,
    /// How they become durable.
    pub commit: Commit,
    /// What to do when they are; nothing where the order is let go of.
    pub step: Option<Step>,
}

impl Decision {
    pub(super) fn only(step: Step) -> Self {
        Self {
            events: Vec::new(),
            commit: Commit::Nothing,
            step: Some(step),
        }
    }

    pub(super) fn stop(events: Vec<Event>, outcome: Option<AttemptOutcome>, release: Release) -> Self {
        Self {
            events,
            commit: Commit::Record { outcome, release },
            step: None,
        }
    }
}
