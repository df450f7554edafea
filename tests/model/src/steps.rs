//! What may happen in a state, and what it does to it.

use crate::fence::admitted;
use crate::state::{Journey, Status, System, Tx, Worker};
use crate::{Action, Flaw, Protocol, owner, waiting};

/// Transactions are numbered from 0 and only ever made by [`make`].
fn journey(state: &System, tx: Tx) -> &Journey {
    &state.journeys[usize::from(tx)]
}

fn journey_mut(state: &mut System, tx: Tx) -> &mut Journey {
    &mut state.journeys[usize::from(tx)]
}

/// Lists what may happen.
pub(crate) fn possible(model: &Protocol, state: &System, actions: &mut Vec<Action>) {
    let free = state.order.status == Status::Live && state.order.holder.is_none() && state.order.due;
    for (number, worker) in state.workers.iter().enumerate() {
        match *worker {
            Worker::Idle if state.item => actions.push(Action::Claim(number)),
            Worker::Idle => {}
            Worker::Claimed { .. } if state.met => actions.push(Action::WriteAhead(number)),
            Worker::Claimed { .. } => actions.push(Action::Wait(number)),
            Worker::Ready { .. } => actions.push(Action::Send(number)),
            Worker::Waiting { tx, .. } => {
                if learns_something(model, journey(state, tx)) {
                    actions.push(Action::LookUp(number));
                }
            }
            Worker::Resolved { .. } => actions.push(Action::Record(number)),
        }
        if *worker != Worker::Idle && state.crashes > 0 {
            actions.push(Action::Crash(number));
        }
    }
    travels(state, actions);
    waiting::possible(state, actions);
    owner::possible(model, state, actions);
    if let Some(holder) = state.order.holder
        && (state.expiries > 0 || state.workers[holder] == Worker::Idle)
    {
        actions.push(Action::EndLease);
    }
    if state.item && state.flushes > 0 {
        actions.push(Action::Flush);
    }
    if free && !state.item {
        actions.push(Action::Sweep);
    }
}

/// A look-up that would only wait is left out. One that leads to sending again is not, as long as no copy is
/// under way; where copies execute one by one, a second one is worth the look.
fn learns_something(model: &Protocol, journey: &Journey) -> bool {
    let known = journey.landed > 0 || journey.rejected || journey.expired;
    let copies = if model.flaw == Flaw::ResendToKeeper { 2 } else { 1 };
    known || journey.under_way < copies || model.flaw == Flaw::NotFoundIsDead
}

fn travels(state: &System, actions: &mut Vec<Action>) {
    for (tx, journey) in (0..).zip(&state.journeys) {
        if journey.under_way > 0 {
            if !journey.expired {
                actions.push(Action::Land(tx));
                actions.push(Action::Reject(tx));
            }
            actions.push(Action::Lose(tx));
        }
        if !journey.expired {
            actions.push(Action::PassLastBlock(tx));
        }
    }
}

/// Does it.
pub(crate) fn take(model: &Protocol, state: &mut System, action: Action) {
    match action {
        Action::Claim(worker) => claim(model, state, worker),
        Action::WriteAhead(worker) => write_ahead(model, state, worker),
        Action::Send(worker) => send(state, worker),
        Action::LookUp(worker) => look_up(model, state, worker),
        Action::Record(worker) => record(model, state, worker),
        Action::Land(tx) => land(model, state, tx),
        Action::Reject(tx) => {
            let journey = journey_mut(state, tx);
            journey.under_way -= 1;
            // A venue that has executed these bytes does not take it back.
            journey.rejected |= journey.landed == 0;
        }
        Action::Lose(tx) => journey_mut(state, tx).under_way -= 1,
        Action::PassLastBlock(tx) => journey_mut(state, tx).expired = true,
        Action::Crash(worker) => {
            state.workers[worker] = Worker::Idle;
            state.crashes -= 1;
        }
        Action::EndLease => {
            let alive = state
                .order
                .holder
                .is_some_and(|holder| state.workers[holder] != Worker::Idle);
            state.order.holder = None;
            if alive {
                state.expiries -= 1;
            }
        }
        Action::Flush => {
            state.item = false;
            state.flushes -= 1;
        }
        Action::Sweep => state.item = true,
        Action::Wait(worker) => waiting::wait(model, state, worker),
        Action::Move => {
            state.met = !state.met;
            state.moves -= 1;
        }
        Action::See(watcher) => state.seen[watcher] = true,
        Action::Wake(watcher) => waiting::wake(model, state, watcher),
        Action::Cancel => owner::cancel(model, state),
        Action::Replace => owner::replace(model, state),
    }
}

fn claim(model: &Protocol, state: &mut System, worker: usize) {
    state.item = false;
    let order = &mut state.order;
    if order.status != Status::Live || order.holder.is_some() || !order.due {
        return;
    }
    order.epoch += 1;
    order.holder = Some(worker);
    let (epoch, terms) = (order.epoch, order.terms);
    state.workers[worker] = match order.open {
        Some(tx) if model.flaw != Flaw::NoLookUp => Worker::Waiting { epoch, tx },
        Some(_) | None => Worker::Claimed { epoch, terms },
    };
}

fn make(state: &mut System, terms: u8) -> Tx {
    state.journeys.push(Journey {
        terms,
        ..Journey::default()
    });
    u8::try_from(state.journeys.len() - 1).unwrap_or(Tx::MAX)
}

fn write_ahead(model: &Protocol, state: &mut System, worker: usize) {
    let Worker::Claimed { epoch, terms } = state.workers[worker] else {
        return;
    };
    if model.flaw == Flaw::NoWriteAhead {
        // A crash from here on loses the only trace of what was sent.
        let tx = make(state, terms);
        state.workers[worker] = Worker::Ready { epoch, tx };
        return;
    }
    if !admitted(model, state, worker, epoch) {
        state.workers[worker] = Worker::Idle;
        return;
    }
    let tx = make(state, terms);
    state.order.open = Some(tx);
    state.order.waiting = false;
    state.workers[worker] = Worker::Ready { epoch, tx };
}

fn send(state: &mut System, worker: usize) {
    let Worker::Ready { epoch, tx } = state.workers[worker] else {
        return;
    };
    journey_mut(state, tx).under_way += 1;
    state.workers[worker] = Worker::Waiting { epoch, tx };
}

fn look_up(model: &Protocol, state: &mut System, worker: usize) {
    let Worker::Waiting { epoch, tx } = state.workers[worker] else {
        return;
    };
    let journey = journey(state, tx);
    state.workers[worker] = if journey.landed > 0 {
        Worker::Resolved {
            epoch,
            tx,
            landed: true,
        }
    } else if journey.rejected || journey.expired || model.flaw == Flaw::NotFoundIsDead {
        Worker::Resolved {
            epoch,
            tx,
            landed: false,
        }
    } else {
        // Not found and still able to land: the same bytes again.
        Worker::Ready { epoch, tx }
    };
}

fn land(model: &Protocol, state: &mut System, tx: Tx) {
    let met = state.met;
    let journey = journey_mut(state, tx);
    journey.under_way -= 1;
    let keeps_duplicates = model.flaw == Flaw::ResendToKeeper;
    if journey.rejected || (journey.landed > 0 && !keeps_duplicates) {
        return;
    }
    if met || model.flaw == Flaw::NoMinimum {
        journey.landed += 1;
        journey.beyond_limit |= !met;
    } else {
        journey.rejected = true;
        journey.gone_by = true;
    }
}

fn record(model: &Protocol, state: &mut System, worker: usize) {
    let Worker::Resolved { epoch, tx, landed } = state.workers[worker] else {
        return;
    };
    state.workers[worker] = Worker::Idle;
    if !admitted(model, state, worker, epoch) {
        return;
    }
    let gone_by = journey(state, tx).gone_by;
    let order = &mut state.order;
    order.open = None;
    order.holder = None;
    if gone_by {
        // Not a failure: it waits again.
        (order.waiting, order.due) = (true, false);
        return;
    }
    if landed {
        order.status = Status::Confirmed;
        return;
    }
    order.failures += 1;
    if order.failures >= model.bounds.attempts {
        order.status = Status::Failed;
    }
}
