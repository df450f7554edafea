//! What waits, and what was handed out. No waiting, no clock of its own.

use std::collections::{HashMap, VecDeque};

use order_core::id::OrderId;
use order_core::priority::{Priority, Turns};
use order_ports::{Delivery, HAND_OVER, Receipt, WorkItem};
use tokio::time::Instant;

/// What waits, and what was handed out.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_priority: [VecDeque<OrderId>; 3],
    /// Where each order is that the queue holds.
    held: HashMap<OrderId, Place>,
    turns: Turns,
    handed_out: HashMap<u64, HandedOut>,
    /// When each work item that was handed out comes back, in order; acknowledged ones are skipped.
    deadlines: VecDeque<(Instant, u64)>,
    next_receipt: u64,
}

/// Where an order is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Waiting(Priority),
    /// Handed out under this receipt.
    InHand(u64),
}

#[derive(Debug)]
struct HandedOut {
    item: WorkItem,
    at: Instant,
    /// How urgent the order is that was pushed again meanwhile, if it was.
    again: Option<Priority>,
}

impl Lines {
    /// Enters a work item, unless the order waits already, or is in somebody's hands.
    pub(super) fn push(&mut self, item: WorkItem, now: Instant) {
        match self.held.get(&item.order_id).copied() {
            None => self.enter(item, VecDeque::push_back),
            Some(Place::Waiting(priority)) if item.priority.index() < priority.index() => {
                self.by_priority[priority.index()].retain(|id| *id != item.order_id);
                self.enter(item, VecDeque::push_back);
            }
            Some(Place::Waiting(_)) => {}
            Some(Place::InHand(receipt)) => match self.handed_out.get_mut(&receipt) {
                Some(handed_out) if now.duration_since(handed_out.at) < HAND_OVER => {
                    handed_out.again = Some(item.priority);
                }
                _ => {
                    self.handed_out.remove(&receipt);
                    self.enter(item, VecDeque::push_back);
                }
            },
        }
    }

    fn enter(&mut self, item: WorkItem, place: fn(&mut VecDeque<OrderId>, OrderId)) {
        self.held.insert(item.order_id, Place::Waiting(item.priority));
        place(&mut self.by_priority[item.priority.index()], item.order_id);
    }

    /// Puts the work items whose time is up back at the head of their lines, the oldest in front.
    pub(super) fn call_back(&mut self, now: Instant) {
        let overdue = self.deadlines.partition_point(|(deadline, _)| *deadline <= now);
        let receipts: Vec<_> = self
            .deadlines
            .drain(..overdue)
            .map(|(_, receipt)| receipt)
            .collect();
        for receipt in receipts.into_iter().rev() {
            if let Some(handed_out) = self.handed_out.remove(&receipt) {
                self.enter(handed_out.item, VecDeque::push_front);
            }
        }
    }

    /// Hands out up to `max`, to come back at the deadline.
    pub(super) fn take(&mut self, max: usize, now: Instant, deadline: Instant) -> Vec<Delivery> {
        let mut taken = Vec::new();
        while taken.len() < max {
            let waiting = self.by_priority.each_ref().map(|line| !line.is_empty());
            let Some(priority) = self.turns.next(waiting) else {
                break;
            };
            let Some(order_id) = self.by_priority[priority.index()].pop_front() else {
                break;
            };
            let item = WorkItem { order_id, priority };
            let receipt = self.next_receipt;
            self.next_receipt += 1;
            self.held.insert(order_id, Place::InHand(receipt));
            self.handed_out.insert(
                receipt,
                HandedOut {
                    item,
                    at: now,
                    again: None,
                },
            );
            self.deadlines.push_back((deadline, receipt));
            taken.push(Delivery {
                item,
                receipt: Receipt(receipt.to_string().into()),
            });
        }
        taken
    }

    /// Is done with what was handed out under this receipt; whether it waits again, because it was pushed
    /// meanwhile. One that is unknown was acknowledged, called back or given up before.
    pub(super) fn acknowledge(&mut self, receipt: u64) -> bool {
        let Some(HandedOut { item, again, .. }) = self.handed_out.remove(&receipt) else {
            return false;
        };
        self.held.remove(&item.order_id);
        if let Some(priority) = again {
            self.enter(WorkItem { priority, ..item }, VecDeque::push_back);
        }
        again.is_some()
    }

    /// Keeps the deadlines about as many as there are work items handed out.
    pub(super) fn forget_acknowledged(&mut self) {
        while let Some((_, receipt)) = self.deadlines.front()
            && !self.handed_out.contains_key(receipt)
        {
            self.deadlines.pop_front();
        }
    }

    /// When the next work item comes back, if any is handed out.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.front().map(|(deadline, _)| *deadline)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.by_priority.iter().all(VecDeque::is_empty)
    }

    /// How many orders wait, by [`Priority::index`].
    pub(super) fn lengths(&self) -> [u64; 3] {
        self.by_priority.each_ref().map(|line| line.len() as u64)
    }

    /// How much is remembered: what was handed out, deadlines, orders.
    #[cfg(test)]
    pub(super) fn memory(&self) -> (usize, usize, usize) {
        (self.handed_out.len(), self.deadlines.len(), self.held.len())
    }
}
