//! Where pulls wait and the reader serves them.
//!
//! A pull takes its deliveries from the hand in the same instant in which it returns them, so one that is
//! dropped while it waits has taken nothing.

use order_ports::{Delivery, QueueError, Receipt};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::buffer::{Plan, PrefetchBuffer};
use super::take::Taken;
use crate::error::RedisUnavailable;

/// How many are taken from Redis at once, however many are asked for.
const LARGEST_TAKE: usize = 512;

/// What the reader has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Look what there is, for the pulls up to this one.
    Look { upto: u64, plan: Plan },
    /// Wait for so many more.
    Wait { missing: usize },
    /// Nothing: no pull asks for more than is there. So many are in hand, and no pull asks for any.
    WakeBackoff { unasked: usize },
}

impl Task {
    /// How many more deliveries there are hands for, if any.
    pub(crate) fn free_hands(self) -> Option<usize> {
        match self {
            Self::Look { plan, .. } => Some(plan.fill),
            Self::Wait { missing } => Some(missing),
            Self::WakeBackoff { .. } => None,
        }
        .filter(|free| *free > 0)
    }
}

/// Where pulls wait and the reader serves them.
#[derive(Debug, Default)]
pub(crate) struct PullCoordinator {
    state: Mutex<State>,
    /// Tells the reader that there may be something to do.
    pub(crate) wake_up: Notify,
    /// Tells the pulls that there may be something for them.
    answer: Notify,
}

#[derive(Debug, Default)]
struct State {
    buffer: PrefetchBuffer,
    /// How many all waiting pulls ask for.
    demand: usize,
    /// The number of the last pull.
    asked: u64,
    /// The number of the last pull that Redis was looked into for.
    looked: u64,
    /// Why the last look failed, and for the pulls up to which number.
    failure: Option<(u64, RedisUnavailable)>,
    lost: bool,
    closed: bool,
}

/// A waiting pull.
struct Ticket<'a> {
    coordinator: &'a PullCoordinator,
    number: u64,
    max: usize,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut state = self.coordinator.state.lock();
        state.demand = state.demand.saturating_sub(self.max);
        drop(state);
        self.coordinator.wake_up.notify_one();
    }
}

impl PullCoordinator {
    /// Waits for at least one delivery, and takes up to `max`. Cancel-safe.
    pub(crate) async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let ticket = self.queue_up(max);
        loop {
            let answer = self.answer.notified();
            let outcome = self.state.lock().outcome(&ticket);
            if let Some(outcome) = outcome {
                return outcome;
            }
            answer.await;
        }
    }

    fn queue_up(&self, max: usize) -> Ticket<'_> {
        let mut state = self.state.lock();
        state.demand = state.demand.saturating_add(max);
        state.asked += 1;
        let number = state.asked;
        drop(state);
        self.wake_up.notify_one();
        Ticket {
            coordinator: self,
            number,
            max,
        }
    }

    pub(crate) fn task(&self) -> Task {
        let state = self.state.lock();
        if state.demand == 0 || state.closed {
            Task::WakeBackoff {
                unasked: state.buffer.len(),
            }
        } else if state.looked < state.asked {
            Task::Look {
                upto: state.asked,
                plan: state.buffer.plan(state.demand.min(LARGEST_TAKE)),
            }
        } else {
            match state.demand.saturating_sub(state.buffer.len()) {
                0 => Task::WakeBackoff { unasked: 0 },
                missing => Task::Wait {
                    missing: missing.min(LARGEST_TAKE),
                },
            }
        }
    }

    /// Keeps what came, and returns what is unreadable.
    pub(crate) fn keep(&self, taken: Taken) -> Vec<Receipt> {
        if !taken.deliveries.is_empty() {
            let mut state = self.state.lock();
            taken
                .deliveries
                .into_iter()
                .for_each(|delivery| state.buffer.add(delivery));
            drop(state);
            self.answer.notify_waiters();
        }
        taken.unreadable
    }

    /// Redis was looked into for the pulls up to this one; which streams may hold more.
    pub(crate) fn looked(&self, upto: u64, more: [bool; 3]) {
        let mut state = self.state.lock();
        state.looked = state.looked.max(upto);
        state.buffer.note_more(more);
        state.failure = None;
        drop(state);
        self.answer.notify_waiters();
    }

    /// Redis could not be looked into for the pulls up to this one.
    pub(crate) fn failed(&self, upto: u64, error: RedisUnavailable) {
        let mut state = self.state.lock();
        state.looked = state.looked.max(upto);
        state.failure = Some((upto, error));
        drop(state);
        self.answer.notify_waiters();
    }

    /// Redis must be looked into again for the pulls that wait.
    pub(crate) fn look_again(&self) {
        let mut state = self.state.lock();
        state.looked = state.looked.min(state.asked.saturating_sub(1));
    }

    /// Redis has lost its content: one pull has to say so.
    pub(crate) fn lost(&self) {
        self.state.lock().lost = true;
        self.answer.notify_waiters();
    }

    /// Takes what is in hand and no pull asks for.
    pub(crate) fn take_unasked(&self) -> Vec<Delivery> {
        let mut state = self.state.lock();
        if state.demand == 0 {
            state.buffer.take_all()
        } else {
            Vec::new()
        }
    }

    /// No pull gets anything any more; returns what was in hand.
    pub(crate) fn close(&self) -> Vec<Delivery> {
        let mut state = self.state.lock();
        state.closed = true;
        let left = state.buffer.take_all();
        drop(state);
        self.answer.notify_waiters();
        left
    }

    /// How many are in hand, by [`order_core::priority::Priority::index`].
    pub(crate) fn held(&self) -> [usize; 3] {
        self.state.lock().buffer.held()
    }
}

impl State {
    /// What a pull returns, if it need not wait any longer.
    fn outcome(&mut self, ticket: &Ticket<'_>) -> Option<Result<Vec<Delivery>, QueueError>> {
        if self.closed {
            return Some(Err(RedisUnavailable::Closed.into()));
        }
        if std::mem::take(&mut self.lost) {
            return Some(Err(QueueError::Lost));
        }
        // Before the look, something more urgent than what is in hand may wait.
        if self.looked < ticket.number {
            return None;
        }
        if self.buffer.len() > 0 {
            return Some(Ok(self.buffer.take(ticket.max)));
        }
        match &self.failure {
            Some((upto, error)) if *upto >= ticket.number => Some(Err(error.clone().into())),
            _ => None,
        }
    }
}
