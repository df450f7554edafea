//! What is left of a world when it is over, and whether it is as it must be.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use order_core::audit::{AuditAssumptions, AuditedOrder, Auditor, Report};
use order_core::id::OrderId;
use order_core::order::{Event, EventKind, Status};
use order_core::price::Price;
use order_mock_dex::LandedTransaction as Landed;
use order_ports::{OrderAudit, StoreError, VenueLedger};

use crate::plan::Plan;
use crate::process::{CLOCK_SKEW, Ground, settings};
use crate::recorder::{Seen, Testimony};

/// What became of a world.
#[derive(Debug)]
pub struct Outcome {
    /// What the audit found.
    pub report: Report,
    /// What else is wrong, in words.
    pub wrong: Vec<String>,
    /// How many faults struck.
    pub faults: u64,
    /// How many orders were acknowledged.
    pub orders: usize,
    /// How long it took from the last fault until everything had come to rest.
    pub settled_in: Duration,
    /// What happened, in order.
    diary: Vec<String>,
    /// What the store holds at the end.
    stored: Vec<AuditedOrder>,
    /// What the chain holds at the end.
    landed: Vec<Arc<Landed>>,
    /// What the watchers saw.
    seen: Vec<Seen>,
}

impl Outcome {
    /// How many promises were broken.
    pub fn violated(&self) -> u64 {
        self.report.violated() + u64::try_from(self.wrong.len()).unwrap_or(u64::MAX)
    }

    /// How often this happened to an order.
    pub fn count(&self, kind: EventKind) -> usize {
        let events = self.stored.iter().flat_map(|order| &order.events);
        events
            .filter(|audited| audited.event.event.kind() == kind)
            .count()
    }

    /// Everything that went wrong and everything that happened, the same to the byte for the same seed.
    pub fn log(&self) -> String {
        let mut log = self.diary.join("\n");
        let mut line = |what: &dyn std::fmt::Debug| _ = write!(log, "\n{what:?}");
        for order in &self.stored {
            line(&order.order);
            order.events.iter().for_each(|event| line(event));
            order.attempts.iter().for_each(|attempt| line(attempt));
        }
        self.landed.iter().for_each(|landed| line(landed));
        self.seen.iter().for_each(|seen| line(seen));
        log
    }

    pub(crate) fn note_panics(&mut self, panics: u64) {
        if panics > 0 {
            self.wrong.push(format!("{panics} panics"));
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.report)?;
        self.wrong.iter().try_for_each(|wrong| writeln!(f, "{wrong}"))
    }
}

/// Judges a world that has come to rest `settled_in` after its last fault.
pub async fn check(
    ground: &Ground,
    testimony: &Testimony,
    plan: Plan,
    settled_in: Duration,
) -> Result<Outcome, Box<dyn std::error::Error>> {
    let landed = ground.market.landed_after(0);
    let assumptions = AuditAssumptions {
        max_attempts: settings().retry.max_attempts,
        drained: true,
        clock_skew: CLOCK_SKEW,
    };
    let mut auditor = Auditor::new(assumptions, ground.market.landed().await?);
    let stored = stored(&*ground.store).await?;
    stored.iter().for_each(|order| auditor.order(order));
    let acknowledged = testimony.orders();
    acknowledged.iter().for_each(|id| auditor.acknowledged(*id));
    let seen = testimony.seen();
    seen.iter().for_each(|seen| auditor.subscriber(&seen.log()));
    let mut wrong = testimony.complaints();
    if u64::try_from(acknowledged.len())? + testimony.too_late() != plan.orders {
        wrong.push(format!(
            "{} orders for {} clients",
            acknowledged.len(),
            plan.orders
        ));
    }
    wrong.extend(misled(&stored, &seen));
    wrong.extend(not_replaced(&stored, testimony));
    wrong.extend(not_cancelled(&stored, &testimony.all_cancelled()));
    for (pool, books) in ground.market.books() {
        if !books.balance() {
            wrong.push(format!("the books of {pool:?} do not balance: {books:?}"));
        }
    }
    Ok(Outcome {
        report: auditor.finish(),
        wrong,
        faults: ground.injector.struck(),
        orders: acknowledged.len(),
        settled_in,
        diary: ground.injector.log(),
        stored,
        landed,
        seen,
    })
}

/// Orders that a client was told are cancelled, and are not.
fn not_cancelled(stored: &[AuditedOrder], said: &[OrderId]) -> Vec<String> {
    let cancelled = |id: &OrderId| {
        stored
            .iter()
            .any(|audited| audited.order.id() == *id && audited.order.status() == Status::Cancelled)
    };
    let lies = said.iter().filter(|id| !cancelled(id));
    lies.map(|id| format!("{id} was said to be cancelled")).collect()
}

/// Limits that a client was told were replaced, and were not.
fn not_replaced(stored: &[AuditedOrder], testimony: &Testimony) -> Vec<String> {
    let replaced = |(id, version, limit): &(OrderId, u32, Option<Price>)| {
        let order = stored.iter().find(|audited| audited.order.id() == *id);
        let mut events = order.into_iter().flat_map(|order| &order.events);
        events.any(|audited| {
            let Event::Waiting {
                terms: Some(terms), ..
            } = &audited.event.event
            else {
                return false;
            };
            audited.event.seq == *version && terms.kind.limit_price() == *limit
        })
    };
    let said = testimony.all_replaced();
    let lies = said.iter().filter(|said| !replaced(said));
    lies.map(|(id, version, _)| format!("{id} was said to be replaced at {version}"))
        .collect()
}

/// Watchers who saw another's order, or something else than what is stored.
fn misled(stored: &[AuditedOrder], seen: &[Seen]) -> Vec<String> {
    let stored: HashMap<OrderId, &AuditedOrder> =
        stored.iter().map(|stored| (stored.order.id(), stored)).collect();
    let mut wrong = Vec::new();
    for Seen {
        owner,
        order_id,
        events,
        ..
    } in seen
    {
        let Some(stored) = stored.get(order_id) else {
            continue;
        };
        if owner
            .as_ref()
            .is_some_and(|owner| *owner != stored.order.spec().owner)
        {
            wrong.push(format!("{owner:?} saw {order_id}, which is not theirs"));
        }
        let is_stored = |seq: u32| stored.events.iter().find(|audited| audited.event.seq == seq);
        for event in events {
            if is_stored(event.seq).is_none_or(|audited| audited.event != *event) {
                wrong.push(format!("a client saw {event:?}, which never happened"));
            }
        }
    }
    wrong
}

async fn stored(store: &dyn OrderAudit) -> Result<Vec<AuditedOrder>, StoreError> {
    let mut orders: Vec<AuditedOrder> = Vec::new();
    loop {
        let last = orders.last().map(|audited| audited.order.id());
        let page = store.audit(last, 1_000).await?;
        if page.is_empty() {
            return Ok(orders);
        }
        orders.extend(page);
    }
}
