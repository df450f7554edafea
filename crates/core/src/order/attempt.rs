//! One attempt at executing an order: the transaction written ahead of its send.

use serde::{Deserialize, Serialize};

use crate::failure::VenueError;
use crate::time::Timestamp;
use crate::venue::{Draft, Fill, SignedTransaction, VenueId};

/// A transaction that is stored before it is sent, with all that is needed to find out what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its number among the order's attempts, from 1.
    pub number: u8,
    /// The venue of its route (of the largest leg).
    pub venue: VenueId,
    /// What it swaps, and for how much at least.
    pub draft: Draft,
    /// The bytes to send, and to send again.
    pub transaction: SignedTransaction,
    /// When it was written.
    pub written_at: Timestamp,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It executed.
    Landed(Fill),
    /// Proven not to have executed, now and for ever.
    Dead(VenueError),
}
