//! The store's fence: which writes it takes.

use crate::state::System;
use crate::{Flaw, Protocol};

/// Whether the store takes a write of this epoch. No worker holds an order that is over.
pub(crate) fn admitted(model: &Protocol, state: &System, worker: usize, epoch: u8) -> bool {
    let holds = state.order.holder == Some(worker) && state.order.epoch == epoch;
    model.flaw == Flaw::NoFence || holds
}
