//! When a shard's live orders want attention.
//!
//! Each live order is in exactly one of three sets, by the one time that matters next: when its lease runs out,
//! when its announcement was made (it is due since before then), or when it becomes due (nobody has announced
//! that). A sweep looks at the early ends of these sets and at nothing else.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use order_core::id::OrderId;
use tokio::time::Instant;

/// When an order wants attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// When it became or becomes due.
    pub(super) due_at: Instant,
    /// When it was announced last, if that was after it became due.
    pub(super) announced_at: Option<Instant>,
    /// Until when somebody holds it; in the past when the lease ran out and nobody has noticed.
    pub(super) leased_until: Option<Instant>,
}

/// The live orders of a shard, by what they wait for.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    leased: BTreeSet<(Instant, OrderId)>,
    announced: BTreeSet<(Instant, OrderId)>,
    unannounced: BTreeSet<(Instant, OrderId)>,
}

impl Schedule {
    /// Enters an order.
    pub(super) fn insert(&mut self, id: OrderId, timing: Timing) {
        let (set, at) = self.place(timing);
        set.insert((at, id));
    }

    /// Strikes an order out that was entered with this timing.
    pub(super) fn remove(&mut self, id: OrderId, timing: Timing) {
        let (set, at) = self.place(timing);
        let found = set.remove(&(at, id));
        debug_assert!(found, "an order is where its timing says");
    }

    fn place(&mut self, timing: Timing) -> (&mut BTreeSet<(Instant, OrderId)>, Instant) {
        match (timing.leased_until, timing.announced_at) {
            (Some(until), _) => (&mut self.leased, until),
            (None, Some(at)) => (&mut self.announced, at),
            (None, None) => (&mut self.unannounced, timing.due_at),
        }
    }

    /// The orders whose lease has run out.
    pub(super) fn ran_out(&self, now: Instant) -> Vec<OrderId> {
        self.leased
            .iter()
            .take_while(|(until, _)| *until <= now)
            .map(|(_, id)| *id)
            .collect()
    }

    /// Visits the free orders that are due and were announced before `cutoff` or not at all, the oldest of each
    /// kind first, up to `limit` of each.
    pub(super) fn visit_due(
        &self,
        now: Instant,
        cutoff: Cutoff,
        limit: usize,
        mut visit: impl FnMut(OrderId),
    ) {
        let mut take = |set: &BTreeSet<_>, wanted: &dyn Fn(Instant) -> bool| {
            let _ = set.iter().take(limit).try_for_each(|(at, id)| {
                if !wanted(*at) {
                    return ControlFlow::Break(());
                }
                visit(*id);
                ControlFlow::Continue(())
            });
        };
        take(&self.unannounced, &|due_at| due_at <= now);
        take(&self.announced, &|announced_at| cutoff.includes(announced_at));
    }

    /// All orders that are entered, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = OrderId> {
        [&self.leased, &self.announced, &self.unannounced]
            .into_iter()
            .flatten()
            .map(|(_, id)| *id)
    }

    /// How many orders are entered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.leased.len() + self.announced.len() + self.unannounced.len()
    }
}

/// Which announcements are taken for lost.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cutoff {
    /// Those made before this.
    Before(Instant),
    /// None: the time since which they would have been made is before this process began.
    Nothing,
    /// All.
    Everything,
}

impl Cutoff {
    fn includes(self, announced_at: Instant) -> bool {
        match self {
            Self::Before(cutoff) => announced_at < cutoff,
            Self::Nothing => false,
            Self::Everything => true,
        }
    }
}
