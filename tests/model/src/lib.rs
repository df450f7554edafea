//! The never-lost-never-twice protocol as a finite model: one order, its owner, two workers, two watchers of the
//! market, a venue, a queue, and everything that may go wrong between them, checked over every reachable state.
//!
//! A market order is one whose limit is always met. A limit order waits while it is not, is woken by a watcher, and
//! may meanwhile be cancelled or given other terms by its owner.
//!
//! The model is small enough to read and says nothing about code. It exists to show that the protocol itself
//! holds, and that each of its parts is needed: every [`Flaw`] leaves one part out and must be caught.

mod fence;
mod owner;
mod state;
mod steps;
mod waiting;

use stateright::{Model, Property};

pub use state::{Order, Status, System, Tx, Worker};

/// A part of the protocol that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing is left out.
    None,
    /// The transaction is sent before it is stored.
    NoWriteAhead,
    /// Writes are accepted from every worker, whichever holds the lease.
    NoFence,
    /// A worker that finds an open attempt makes a new one instead of looking it up.
    NoLookUp,
    /// A transaction that is not found counts as dead, although it may still land.
    NotFoundIsDead,
    /// The same bytes are sent again to a venue that executes duplicates.
    ResendToKeeper,
    /// A cancel leaves the lease to the worker that holds it.
    CancelWithoutFence,
    /// An order is cancelled though a transaction of it may execute.
    CancelSubmitted,
    /// A replacement of an order's terms leaves the lease to the worker that holds it.
    ReplaceWithoutFence,
    /// The watcher that sees the trigger met works on the order there and then: no claim, no new epoch, and as often as
    /// it is seen.
    WakeIsClaim,
    /// A woken order is not announced, and not made due for the sweep either.
    WakeIsLost,
    /// The transaction does not say what the limit is.
    NoMinimum,
}

/// How much may go wrong, so that the model stays finite.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Attempts in all.
    pub attempts: u8,
    /// Workers that die.
    pub crashes: u8,
    /// Times that the queue loses everything.
    pub flushes: u8,
    /// Leases that end while their holder still lives.
    pub expiries: u8,
    /// Whether the order has a limit, which is not met at first.
    pub limit: bool,
    /// Times that the market's price crosses the limit.
    pub moves: u8,
    /// Times that the owner puts other terms in place of the order's.
    pub replacements: u8,
}

impl Bounds {
    /// A limit order, whose market and owner do not stand still; so that it stays finite, less goes wrong.
    pub const fn waiting() -> Self {
        Self {
            attempts: 2,
            crashes: 1,
            flushes: 1,
            expiries: 1,
            limit: true,
            moves: 3,
            replacements: 1,
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            attempts: 3,
            crashes: 2,
            flushes: 1,
            expiries: 2,
            limit: false,
            moves: 0,
            replacements: 0,
        }
    }
}

/// The protocol, whole or with a flaw.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// What is left out.
    pub flaw: Flaw,
    /// How much may go wrong.
    pub bounds: Bounds,
}

/// What happens next. Workers are numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A work item reaches a worker, which claims the order.
    Claim(usize),
    /// A worker finds the limit met, and stores the transaction it is about to send.
    WriteAhead(usize),
    /// A worker finds the limit not met, and lets the order wait.
    Wait(usize),
    /// A worker sends, or sends again.
    Send(usize),
    /// A worker asks the venue what became of the transaction.
    LookUp(usize),
    /// A worker stores the outcome and lets go.
    Record(usize),
    /// A transaction under way reaches the venue and executes.
    Land(Tx),
    /// A transaction under way reaches the venue, which refuses it for good.
    Reject(Tx),
    /// A transaction under way is lost.
    Lose(Tx),
    /// The venue's clock passes the last block in which a transaction may land.
    PassLastBlock(Tx),
    /// A worker dies.
    Crash(usize),
    /// The lease ends by the store's clock.
    EndLease,
    /// The queue loses everything.
    Flush,
    /// The sweep announces an order that is due and free.
    Sweep,
    /// The market's price crosses the limit.
    Move,
    /// A watcher sees that an order waits and its limit is met.
    See(usize),
    /// A watcher wakes what it has seen.
    Wake(usize),
    /// The owner cancels the order.
    Cancel,
    /// The owner replaces the order's terms.
    Replace,
}

impl Action {
    /// Whether it may not be relied on, since it is up to the owner or the market.
    const fn is_chance(self) -> bool {
        matches!(self, Self::Cancel | Self::Replace | Self::Move)
    }
}

impl Model for Protocol {
    type State = System;
    type Action = Action;

    fn init_states(&self) -> Vec<System> {
        vec![System::new(self.bounds)]
    }

    fn actions(&self, state: &System, actions: &mut Vec<Action>) {
        steps::possible(self, state, actions);
    }

    fn next_state(&self, state: &System, action: Action) -> Option<System> {
        let mut next = state.clone();
        steps::take(self, &mut next, action);
        next.fold();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always("never executed twice", |_, state| state.executions() <= 1),
            Property::<Self>::always("never reported failed if it executed", |_, state| {
                state.order.status != Status::Failed || state.executions() == 0
            }),
            Property::<Self>::always("confirmed only if it executed", |_, state| {
                state.order.status != Status::Confirmed || state.executions() > 0
            }),
            Property::<Self>::always("cancelled means not executed", |_, state| {
                !state.told_cancelled || state.executions() == 0
            }),
            Property::<Self>::always("never executed beyond its limit", |_, state| {
                state.journeys.iter().all(|journey| !journey.beyond_limit)
            }),
            Property::<Self>::always("never executed under terms that were replaced", |_, state| {
                let mut executed = state.journeys.iter().filter(|journey| journey.landed > 0);
                executed.all(|journey| journey.terms == state.order.terms)
            }),
            Property::<Self>::always("never stuck before its end", |model, state| {
                let mut actions = Vec::new();
                model.actions(state, &mut actions);
                let waits_in_vain = state.order.waits() && !state.met;
                state.order.status != Status::Live
                    || waits_in_vain
                    || actions.iter().any(|action| !action.is_chance())
            }),
            Property::<Self>::sometimes("an order is confirmed", |_, state| {
                state.order.status == Status::Confirmed
            }),
            Property::<Self>::sometimes("an order fails", |_, state| state.order.status == Status::Failed),
            Property::<Self>::sometimes("an order is cancelled while a worker holds it", |_, state| {
                state.order.status == Status::Cancelled
                    && state
                        .workers
                        .iter()
                        .any(|worker| matches!(worker, Worker::Claimed { .. }))
            }),
        ]
    }
}
