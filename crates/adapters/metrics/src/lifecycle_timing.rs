//! What committed events say about orders: how they end, how long they stay in each state, who wins them.

use std::collections::HashMap;

use metrics::{Histogram, counter, histogram};
use order_core::id::OrderId;
use order_core::order::{Event, Order, RecordedEvent, Status};
use order_core::time::Timestamp;
use parking_lot::Mutex;

use crate::names;

/// Locks are per shard, so that unrelated orders do not wait for each other.
const SHARDS: usize = 32;

/// How many orders one shard remembers, many more than a process works on at once. One that another process took over is
/// never let go of here; when they have become so many, the durations of a few states are not observed.
const MOST: usize = 1_024;

/// Where an order stands, and since when.
#[derive(Clone, Copy, Debug)]
struct Stand {
    status: Status,
    since: Timestamp,
}

/// The orders that this process works on, as far as they have come.
pub(crate) struct LifecycleTiming {
    held: [Mutex<HashMap<OrderId, Stand>>; SHARDS],
    /// Of each state that can be left.
    in_state: Vec<(Status, Histogram)>,
}

impl LifecycleTiming {
    pub(crate) fn new() -> Self {
        Self {
            held: std::array::from_fn(|_| Mutex::default()),
            in_state: Status::ALL
                .into_iter()
                .filter(|status| !status.is_terminal())
                .map(|status| {
                    (
                        status,
                        histogram!(names::STATE_DURATION, "state" => status.as_str()),
                    )
                })
                .collect(),
        }
    }

    fn shard(&self, id: OrderId) -> &Mutex<HashMap<OrderId, Stand>> {
        let (high, low) = id.uuid().as_u64_pair();
        &self.held[usize::try_from((high ^ low) % SHARDS as u64).unwrap_or(0)]
    }

    /// This process works on the order now.
    pub(crate) fn begin(&self, order: &Order) {
        let stand = Stand {
            status: order.status(),
            since: order.progress().updated_at,
        };
        let mut held = self.shard(order.id()).lock();
        if held.len() >= MOST {
            held.clear();
        }
        held.insert(order.id(), stand);
    }

    /// It does not any more.
    pub(crate) fn end(&self, id: OrderId) {
        self.shard(id).lock().remove(&id);
    }

    /// These events of the order are committed.
    pub(crate) fn committed(&self, order: &Order, events: &[RecordedEvent]) {
        if events.is_empty() {
            return;
        }
        if let Some(stand) = self.shard(order.id()).lock().get_mut(&order.id()) {
            for event in events {
                self.advance(stand, event);
            }
        }
        for event in events {
            count(order, event);
        }
    }

    fn advance(&self, stand: &mut Stand, event: &RecordedEvent) {
        // Anything else than a legal move would not have been stored.
        let Ok(status) = stand.status.after(event.event.kind()) else {
            return;
        };
        let moved = status != stand.status || matches!(event.event, Event::Retrying { .. });
        if !moved {
            return;
        }
        if let Some((_, histogram)) = self.in_state.iter().find(|(known, _)| *known == stand.status) {
            histogram.record(event.at.since(stand.since));
        }
        *stand = Stand {
            status,
            since: event.at,
        };
    }
}

fn count(order: &Order, recorded: &RecordedEvent) {
    match &recorded.event {
        Event::BestDex { venue, .. } => counter!(names::WINS, "venue" => venue.to_string()).increment(1),
        Event::Retrying { failure, .. } => counter!(names::RETRIES, "code" => failure.code()).increment(1),
        Event::OutcomeUnknown { .. } => counter!(names::OUTCOMES_UNKNOWN).increment(1),
        Event::Failed { failure } => {
            counter!(names::FAILURES, "code" => failure.code()).increment(1);
            finished(order, recorded);
        }
        Event::Confirmed(_) | Event::Cancelled | Event::Expired => finished(order, recorded),
        Event::Pending
        | Event::Waiting { .. }
        | Event::Routing { .. }
        | Event::Building { .. }
        | Event::Submitted { .. } => {}
    }
}

fn finished(order: &Order, event: &RecordedEvent) {
    let (kind, outcome) = (order.spec().kind.as_str(), event.event.kind().as_str());
    counter!(names::FINISHED, "type" => kind, "outcome" => outcome).increment(1);
    histogram!(names::DURATION, "type" => kind, "outcome" => outcome)
        .record(event.at.since(order.created_at()));
}

#[cfg(test)]
mod tests {
    use order_core::time::Timestamp;
    use order_ports::contract::fixtures::{acceptance, spec};

    use super::*;

    #[test]
    fn orders_that_others_took_over_do_not_pile_up() {
        let histories = LifecycleTiming::new();
        let (order, held) = (acceptance(1, spec()).order, |histories: &LifecycleTiming| {
            histories
                .held
                .iter()
                .map(|shard| shard.lock().len())
                .sum::<usize>()
        });
        for n in 0..100_000u128 {
            let id = OrderId::from_uuid(uuid::Uuid::from_u128(n));
            let other = Order::accept(id, order.spec().clone(), Timestamp::from_millis(1)).0;
            histories.begin(&other);
        }
        assert!(held(&histories) <= SHARDS * MOST, "{}", held(&histories));
    }
}
