//! The invariants, checked over what a store and a venue's ledger hold. Pure: the records come in, a report
//! comes out. The same code judges a live deployment, the simulation and the chaos runs.
//!
//! Reading the records is a port's business; what to do about a violation is the caller's.

mod execution;
mod history;
mod invariant;
mod record;
mod report;
mod stream;
mod terms;
mod trigger;

pub use invariant::Invariant;
pub use record::{AuditedAttempt, AuditedEvent, AuditedOrder, LandedTransaction, SubscriberLog};
pub use report::{Figure, Report, Violation};

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::id::{IdempotencyKey, OrderId, Owner};
use crate::order::Execution;
use crate::venue::TxId;

/// What the auditor takes for granted.
#[derive(Clone, Copy, Debug)]
pub struct AuditAssumptions {
    /// Attempts in all that an order may have.
    pub max_attempts: u8,
    /// Whether everything has come to rest, so that orders under way are violations too.
    pub drained: bool,
    /// How far the clocks of the processes that write events may be apart. A wait between two events is measured by the
    /// clocks of two writers, though the store keeps it by its own.
    pub clock_skew: Duration,
}

/// Checks orders one by one against the venue's ledger, in memory proportional to the ledger.
///
/// A store and a ledger that are in use cannot be read at the same moment. So the ledger is read first: what it
/// shows must be in the store. Orders that show an execution which was not in the ledger yet are remembered
/// ([`Auditor::awaited`]) until the ledger is read once more ([`Auditor::landed_since`]).
pub struct Auditor {
    assumptions: AuditAssumptions,
    report: Report,
    /// By order, so that the report comes out the same every time.
    ledger: BTreeMap<OrderId, Vec<LandedTransaction>>,
    /// What orders show and the ledger did not, when it was read.
    awaited: BTreeMap<OrderId, Execution>,
    seen: HashSet<OrderId>,
    written_ahead: HashSet<TxId>,
    keys: HashMap<(Owner, IdempotencyKey), OrderId>,
    versions: HashMap<OrderId, u32>,
}

impl Auditor {
    /// An auditor with the whole ledger of what landed at the venues, read before any order is.
    pub fn new(assumptions: AuditAssumptions, landed: impl IntoIterator<Item = LandedTransaction>) -> Self {
        let mut ledger: BTreeMap<OrderId, Vec<LandedTransaction>> = BTreeMap::new();
        for transaction in landed {
            ledger.entry(transaction.order_id).or_default().push(transaction);
        }
        Self {
            assumptions,
            report: Report::default(),
            ledger,
            awaited: BTreeMap::new(),
            seen: HashSet::new(),
            written_ahead: HashSet::new(),
            keys: HashMap::new(),
            versions: HashMap::new(),
        }
    }

    /// Checks one stored order.
    pub fn order(&mut self, audited: &AuditedOrder) {
        let id = audited.order.id();
        self.seen.insert(id);
        self.versions.insert(id, audited.order.version());
        self.written_ahead
            .extend(audited.attempts.iter().map(|attempt| attempt.tx_id));
        let landed = self.ledger.get(&id).map_or(&[][..], Vec::as_slice);
        history::check(&self.assumptions, audited, &mut self.report);
        execution::check(audited, landed, &mut self.report);
        terms::check(&self.assumptions, audited, landed, &mut self.report);
        trigger::check(audited, &mut self.report);
        match execution::claimed(audited) {
            Some(execution) if execution::is_shown(execution, landed) => {
                execution::shown(id, execution, landed, &mut self.report);
            }
            Some(execution) => _ = self.awaited.insert(id, *execution),
            None => {}
        }
        self.check_key(audited);
    }

    fn check_key(&mut self, audited: &AuditedOrder) {
        let Some(key) = audited.idempotency_key.clone() else {
            return;
        };
        let id = audited.order.id();
        let first = *self
            .keys
            .entry((audited.order.spec().owner.clone(), key))
            .or_insert(id);
        self.report.check(Invariant::OneOrderPerKey, id, first == id, || {
            format!("same key as {first}")
        });
    }

    /// How many orders show an execution that the ledger does not.
    pub fn awaited(&self) -> usize {
        self.awaited.len()
    }

    /// What the ledger shows by now, after all orders were. What concerns others than the awaited is ignored:
    /// their orders may be younger than what was read of the store.
    pub fn landed_since(&mut self, landed: impl IntoIterator<Item = LandedTransaction>) {
        let mut by_now: BTreeMap<OrderId, Vec<LandedTransaction>> = BTreeMap::new();
        for transaction in landed {
            if self.awaited.contains_key(&transaction.order_id) {
                by_now.entry(transaction.order_id).or_default().push(transaction);
            }
        }
        let report = &mut self.report;
        self.awaited.retain(|id, execution| {
            let landed = by_now.get(id).map_or(&[][..], Vec::as_slice);
            let arrived = execution::is_shown(execution, landed);
            if arrived {
                execution::shown(*id, execution, landed, report);
            }
            !arrived
        });
    }

    /// Checks that an order whose acceptance was acknowledged to a client is stored. Call it after all orders.
    pub fn acknowledged(&mut self, id: OrderId) {
        let stored = self.seen.contains(&id);
        self.report.check(Invariant::AcceptedIsStored, id, stored, || {
            "acknowledged and not stored".into()
        });
    }

    /// Checks what one subscriber saw. Call it after all orders.
    pub fn subscriber(&mut self, log: &SubscriberLog) {
        stream::check(log, self.versions.get(&log.order_id).copied(), &mut self.report);
    }

    /// The report, after everything was shown.
    pub fn finish(mut self) -> Report {
        for (id, execution) in &self.awaited {
            let landed = self.ledger.get(id).map_or(&[][..], Vec::as_slice);
            execution::shown(*id, execution, landed, &mut self.report);
        }
        for (id, transactions) in &self.ledger {
            for transaction in transactions {
                let (stored, tx) = (self.seen.contains(id), transaction.tx_id);
                self.report.check(Invariant::ExecutionHasOrder, *id, stored, || {
                    format!("{tx} has no order")
                });
                let known = self.written_ahead.contains(&tx);
                self.report
                    .check(Invariant::ExecutionWrittenAhead, *id, known, || {
                        format!("{tx} was never written ahead")
                    });
            }
        }
        self.report
    }
}
