//! How large a simulated world is, and what goes wrong in it.

use std::time::Duration;

use crate::broken::Variant;
use crate::faults::Rates;

/// How large a world is and how long it suffers.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Processes, each with an endpoint and a worker.
    pub processes: usize,
    /// Orders submitted.
    pub orders: u64,
    /// How long things go wrong.
    pub faults_for: Duration,
    /// How long everything may take to come to rest after that: a lease that must run out, a transaction that
    /// must expire, and the attempts that follow.
    pub rest_within: Duration,
    /// How often things go wrong. Each seed leaves some kinds of fault out and has more of others.
    pub rates: Rates,
    /// Whether the venues fall silent when everything else comes to rest, and stay so.
    pub silent_at_last: bool,
    /// What is wrong with the engine itself.
    pub variant: Variant,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            processes: 3,
            orders: 30,
            faults_for: Duration::from_secs(60),
            rest_within: Duration::from_secs(900),
            rates: Rates {
                crash: 40,
                error: 250,
                ambiguous: 250,
                delay: 300,
                longest: Duration::from_secs(20),
                lost: 800,
                twice: 800,
                flush: 50,
                freeze: 5,
            },
            silent_at_last: false,
            variant: Variant::Honest,
        }
    }
}

impl Plan {
    /// The same, but the venues fall silent in the end. What they have not told by then stays unknown, so nothing
    /// is waited for but that every process has had a turn.
    #[must_use]
    pub fn silent_at_last(self) -> Self {
        Self {
            silent_at_last: true,
            rest_within: Duration::from_secs(400),
            ..self
        }
    }
}
