//! Many worlds, on all cores, and what they came to.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use order_core::audit::{Figure, Invariant};
use order_core::order::EventKind;
use parking_lot::Mutex;

use crate::checker::Outcome;
use crate::plan::Plan;
use crate::world::simulate;

/// What many worlds came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many worlds ran.
    pub worlds: u64,
    /// How many orders were acknowledged there.
    pub orders: usize,
    /// How many faults struck.
    pub faults: u64,
    /// How often each thing happened to an order.
    pub events: BTreeMap<&'static str, usize>,
    /// How long it took, at most, from the last fault until everything had come to rest.
    pub settled_in: Duration,
    /// How often each invariant was checked.
    pub checks: BTreeMap<Invariant, u64>,
    /// How often each invariant was violated.
    pub violations: BTreeMap<Invariant, u64>,
    /// The worlds that broke a promise, by seed, and how.
    pub failed: BTreeMap<u64, String>,
}

/// Runs the worlds of these seeds.
pub fn simulate_many(seeds: Range<u64>, plan: Plan) -> Tally {
    let tally = Mutex::new(Tally::default());
    let next = AtomicU64::new(seeds.start);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let outcome = simulate(seed, plan);
            tally.lock().add(seed, &outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    tally.into_inner()
}

impl Tally {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.worlds += 1;
        self.orders += outcome.orders;
        self.faults += outcome.faults;
        self.settled_in = self.settled_in.max(outcome.settled_in);
        for kind in EventKind::ALL {
            *self.events.entry(name(kind)).or_default() += outcome.count(kind);
        }
        for invariant in Invariant::ALL {
            let Figure { checked, violated } = outcome.report.figure(invariant);
            *self.checks.entry(invariant).or_default() += checked;
            if violated > 0 {
                *self.violations.entry(invariant).or_default() += violated;
            }
        }
        if outcome.violated() > 0 {
            self.failed.insert(seed, outcome.to_string());
        }
    }

    /// How often an invariant was checked.
    pub fn checked(&self, invariant: Invariant) -> u64 {
        self.checks.get(&invariant).copied().unwrap_or(0)
    }

    /// How often an invariant was violated.
    pub fn violated(&self, invariant: Invariant) -> u64 {
        self.violations.get(&invariant).copied().unwrap_or(0)
    }
}

/// The name on the wire, except that an unknown outcome has one of its own here.
fn name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::OutcomeUnknown => "unknown",
        other => other.as_str(),
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            worlds,
            orders,
            faults,
            settled_in,
            ..
        } = self;
        writeln!(
            f,
            "{worlds} worlds, {orders} orders, {faults} faults; all at rest within {settled_in:?} of calm"
        )?;
        for (event, count) in self.events.iter().filter(|(_, count)| **count > 0) {
            write!(f, "{event} {count}  ")?;
        }
        let Some((seed, example)) = self.failed.first_key_value() else {
            return write!(f, "\nno promise was broken");
        };
        write!(f, "\n{} worlds broke a promise:", self.failed.len())?;
        for (invariant, count) in &self.violations {
            write!(f, " {} {count} times", invariant.code())?;
        }
        write!(
            f,
            "\nseeds {:?}\nseed {seed}:\n{example}",
            self.failed.keys().collect::<Vec<_>>()
        )
    }
}
