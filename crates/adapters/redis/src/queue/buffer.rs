//! What this process has taken from Redis and not yet handed out, and which priority is next. No I/O.

use std::collections::VecDeque;

use order_core::priority::{Priority, Turns};
use order_ports::Delivery;

/// How much to take from Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Of each priority, by [`Priority::index`], if there is that much.
    pub(crate) turns: [usize; 3],
    /// Of any priority in all, the most urgent first, when their turns do not yield it.
    pub(crate) fill: usize,
}

/// Deliveries in hand.
#[derive(Debug, Default)]
pub(crate) struct PrefetchBuffer {
    held: [VecDeque<Delivery>; 3],
    /// Which streams may hold more, as far as the last look at them tells.
    more: [bool; 3],
    turns: Turns,
}

impl PrefetchBuffer {
    pub(crate) fn len(&self) -> usize {
        self.held.iter().map(VecDeque::len).sum()
    }

    /// How many are held of each priority, by [`Priority::index`].
    pub(crate) fn held(&self) -> [usize; 3] {
        [0, 1, 2].map(|index| self.held[index].len())
    }

    /// What to take so that the next `count` can be handed out in their turns. It is not known what waits in
    /// Redis, so every priority is taken to have some; one that has none passes its turn to the most urgent.
    pub(crate) fn plan(&self, count: usize) -> Plan {
        let mut future = self.turns;
        let mut turns = [0_usize; 3];
        for priority in (0..count).filter_map(|_| future.next([true; 3])) {
            turns[priority.index()] += 1;
        }
        for (wanted, held) in turns.iter_mut().zip(&self.held) {
            *wanted = wanted.saturating_sub(held.len());
        }
        Plan {
            turns,
            fill: count.saturating_sub(self.len()),
        }
    }

    /// Keeps a delivery until its turn.
    pub(crate) fn add(&mut self, delivery: Delivery) {
        self.held[delivery.item.priority.index()].push_back(delivery);
    }

    /// Notes which streams may hold more than was taken.
    pub(crate) fn note_more(&mut self, more: [bool; 3]) {
        self.more = more;
    }

    /// Gives everything away, as if it had never been in hand.
    pub(crate) fn take_all(&mut self) -> Vec<Delivery> {
        self.held.iter_mut().flat_map(|held| held.drain(..)).collect()
    }

    /// Hands out up to `count`.
    pub(crate) fn take(&mut self, count: usize) -> Vec<Delivery> {
        let mut taken = Vec::with_capacity(count.min(self.len()));
        while taken.len() < count && self.len() > 0 {
            let waiting = [0, 1, 2].map(|index| self.more[index] || !self.held[index].is_empty());
            let Some(next) = self.turns.next(waiting).map(Priority::index) else {
                break;
            };
            match self.held[next].pop_front() {
                Some(delivery) => taken.push(delivery),
                // Its turn passes: there is none in hand, and the others do not wait for Redis.
                None => self.more[next] = false,
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use order_core::id::OrderId;
    use order_ports::{Receipt, WorkItem};
    use uuid::Uuid;

    use super::*;

    fn delivery(priority: Priority) -> Delivery {
        let item = WorkItem {
            order_id: OrderId::from_uuid(Uuid::from_u128(7)),
            priority,
        };
        Delivery {
            item,
            receipt: Receipt("0/normal/1-0".into()),
        }
    }

    /// What a server with so many of each priority gives.
    fn serve(buffer: &mut PrefetchBuffer, waiting: &mut [usize; 3], count: usize) -> Vec<Priority> {
        let plan = buffer.plan(count);
        let mut more = [true; 3];
        let mut missing = plan.fill;
        for pass in [plan.turns, [usize::MAX; 3]] {
            for priority in Priority::ALL {
                let index = priority.index();
                let wanted = if pass == plan.turns { pass[index] } else { missing };
                for _ in 0..wanted.min(waiting[index]) {
                    buffer.add(delivery(priority));
                }
                more[index] &= wanted <= waiting[index];
                missing = missing.saturating_sub(wanted.min(waiting[index]));
                waiting[index] -= wanted.min(waiting[index]);
            }
        }
        buffer.note_more(more);
        buffer
            .take(count)
            .into_iter()
            .map(|delivery| delivery.item.priority)
            .collect()
    }

    #[test]
    fn nobody_starves_however_few_are_taken_at_once() {
        for at_once in [1, 3, 10, 64] {
            let (mut buffer, mut waiting) = (PrefetchBuffer::default(), [2_000, 500, 500]);
            let mut taken = Vec::new();
            while taken.len() < 620 {
                taken.extend(serve(&mut buffer, &mut waiting, at_once));
            }
            let count = |wanted| taken.iter().filter(|priority| **priority == wanted).count();
            assert!(
                taken[..10].iter().all(|priority| *priority == Priority::High),
                "{at_once} at once"
            );
            assert!(
                count(Priority::Normal) >= 50,
                "{at_once} at once: {} normal",
                count(Priority::Normal)
            );
            assert!(
                count(Priority::Low) >= 15,
                "{at_once} at once: {} low",
                count(Priority::Low)
            );
            assert!(
                buffer.len() <= at_once,
                "{at_once} at once: {} held back",
                buffer.len()
            );
        }
    }

    #[test]
    fn an_urgent_one_goes_before_those_in_hand() {
        let mut buffer = PrefetchBuffer::default();
        buffer.add(delivery(Priority::Normal));
        buffer.add(delivery(Priority::Normal));
        assert_eq!(
            buffer.plan(1),
            Plan {
                turns: [1, 0, 0],
                fill: 0
            }
        );
        assert_eq!(serve(&mut buffer, &mut [1, 0, 0], 1), [Priority::High]);
        assert_eq!(
            serve(&mut buffer, &mut [0, 0, 0], 9),
            [Priority::Normal, Priority::Normal]
        );
    }

    #[test]
    fn served_alone_the_normal_ones_earn_no_turn_over_urgent_ones() {
        let (mut buffer, mut waiting) = (PrefetchBuffer::default(), [0, 100, 0]);
        for _ in 0..25 {
            assert_eq!(serve(&mut buffer, &mut waiting, 1), [Priority::Normal]);
        }
        waiting[0] = 1;
        assert_eq!(serve(&mut buffer, &mut waiting, 1), [Priority::High]);
    }
}
