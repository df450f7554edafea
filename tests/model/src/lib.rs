//! The never-lost-never-twice protocol as a finite model: one order, two workers, a venue, a queue, and
//! everything that may go wrong between them, checked over every reachable state.
//!
//! The model is small enough to read and says nothing about code. It exists to show that the protocol itself
//! holds, and that each of its parts is needed: every [`Flaw`] leaves one part out and must be caught.

mod state;
mod steps;

use stateright::{Model, Property};

pub use state::{Order, Status, System, Tx, Worker};

/// A part of the protocol that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing is left out.
    None,
    /// The transaction is sent before it is stored.
    NoWriteAhead,
    /// Writes are accepted from whoever comes, whoever holds the lease.
    NoFence,
    /// A worker that finds an open attempt makes a new one instead of looking it up.
    NoLookUp,
    /// A transaction that is not found counts as dead, although it may still land.
    NotFoundIsDead,
    /// The same bytes are sent again to a venue that executes duplicates.
    ResendToKeeper,
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
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            attempts: 3,
            crashes: 2,
            flushes: 1,
            expiries: 2,
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
    /// A hint reaches a worker, which claims the order.
    Claim(usize),
    /// A worker stores the transaction it is about to send.
    WriteAhead(usize),
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
            Property::<Self>::always("never stuck before its end", |model, state| {
                let mut actions = Vec::new();
                model.actions(state, &mut actions);
                state.order.status != Status::Live || !actions.is_empty()
            }),
            Property::<Self>::sometimes("an order is confirmed", |_, state| {
                state.order.status == Status::Confirmed
            }),
            Property::<Self>::sometimes("an order fails", |_, state| state.order.status == Status::Failed),
        ]
    }
}
