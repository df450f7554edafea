//! Orders whose limit is not met: they wait, held by no worker, until a watcher of the market wakes them.

use crate::fence::admitted;
use crate::state::{Status, System, Worker};
use crate::{Action, Flaw, Protocol};

/// Lists what the market and its watchers may do.
pub(crate) fn possible(state: &System, actions: &mut Vec<Action>) {
    if state.moves > 0 && state.order.status == Status::Live {
        actions.push(Action::Move);
    }
    for (watcher, seen) in state.seen.into_iter().enumerate() {
        if seen {
            actions.push(Action::Wake(watcher));
        } else if state.order.status == Status::Live && state.order.waits() && state.met {
            actions.push(Action::See(watcher));
        }
    }
}

/// A worker gives the order back.
pub(crate) fn wait(model: &Protocol, state: &mut System, worker: usize) {
    let Worker::Claimed { epoch, .. } = state.workers[worker] else {
        return;
    };
    state.workers[worker] = Worker::Idle;
    if admitted(model, state, worker, epoch) {
        let order = &mut state.order;
        order.holder = None;
        (order.waiting, order.due) = (true, false);
    }
}

/// Makes an order due that still waits, and announces it: the second watcher to do so changes nothing.
pub(crate) fn wake(model: &Protocol, state: &mut System, watcher: usize) {
    state.seen[watcher] = false;
    let order = &mut state.order;
    if model.flaw == Flaw::WakeIsClaim {
        if order.status == Status::Live && state.workers[watcher] == Worker::Idle {
            order.due = true;
            order.holder = Some(watcher);
            let (epoch, terms) = (order.epoch, order.terms);
            state.workers[watcher] = Worker::Claimed { epoch, terms };
        }
        return;
    }
    if order.status == Status::Live && order.waits() {
        order.waiting = model.flaw != Flaw::WakeIsLost;
        order.due = model.flaw != Flaw::WakeIsLost;
        state.item |= model.flaw != Flaw::WakeIsLost;
    }
}
