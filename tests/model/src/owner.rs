//! What the order's owner decides, over the head of the worker that has it.

use crate::state::{Order, Status, System};
use crate::{Action, Flaw, Protocol};

/// Lists what the owner may do.
pub(crate) fn possible(model: &Protocol, state: &System, actions: &mut Vec<Action>) {
    let order = &state.order;
    if order.status != Status::Live {
        return;
    }
    if order.open.is_none() || model.flaw == Flaw::CancelSubmitted {
        actions.push(Action::Cancel);
    }
    if order.open.is_none() && order.waiting && state.replacements > 0 {
        actions.push(Action::Replace);
    }
}

/// The worker that held the order is fenced out from here on.
const fn take_away(order: &mut Order) {
    order.holder = None;
    order.epoch += 1;
}

/// Cancels the order, and says so.
pub(crate) fn cancel(model: &Protocol, state: &mut System) {
    if model.flaw != Flaw::CancelWithoutFence {
        take_away(&mut state.order);
    }
    state.order.status = Status::Cancelled;
    state.told_cancelled = true;
}

/// Gives the order other terms, under which it waits.
pub(crate) fn replace(model: &Protocol, state: &mut System) {
    if model.flaw != Flaw::ReplaceWithoutFence {
        take_away(&mut state.order);
    }
    state.order.due = false;
    state.order.terms += 1;
    state.replacements -= 1;
}
