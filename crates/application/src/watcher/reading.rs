//! Reading from the store which orders rest: those that have begun to since, and from time to time all of them.

use std::time::Duration;

use order_core::id::OrderId;
use order_ports::{RestingSince, StoreError};

use super::index::TriggerIndex;
use crate::setup::Ports;

/// How often the store is asked for orders that have begun to rest elsewhere; those of this process are known at once.
const REFRESH: Duration = Duration::from_millis(250);
/// How often a reading begins a little earlier than the last one ended, for orders that show up late.
const RESCAN_INTERVAL: Duration = Duration::from_secs(5);
/// For how long after the newest order others may show up that began to rest before it did: longer than any store's
/// [`order_ports::RestingOrders::overlap`].
const LATE_ARRIVAL_WINDOW: Duration = Duration::from_secs(30);
/// How often everything is read anew, and orders are forgotten that left unnoticed.
const READ_ALL: Duration = Duration::from_secs(600);
/// How many orders are read in one go.
const PAGE: usize = 1_000;

/// How far the store has been read, and when it is read on.
#[derive(Default)]
pub(super) struct Reading {
    /// From where it is read on.
    place: Option<(RestingSince, OrderId)>,
    /// The farthest place that was ever read, and when.
    newest: Option<(RestingSince, OrderId)>,
    newest_at: Duration,
    /// Whether a reading of everything is under way, which may have been interrupted.
    reads_all: bool,
    /// When, by the clock's monotonic reading.
    next: Duration,
    next_rescan: Duration,
    next_read_all: Duration,
}

impl Reading {
    /// When the store is read on.
    pub(super) const fn next(&self) -> Duration {
        self.next
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        now >= self.next
    }

    /// The store is read on at the next occasion.
    pub(super) const fn hurry(&mut self) {
        self.next = Duration::ZERO;
    }

    /// Reads on.
    ///
    /// # Errors
    /// [`StoreError`]; the next reading goes on where this one got to.
    pub(super) async fn read(
        &mut self,
        ports: &Ports,
        index: &mut TriggerIndex,
        now: Duration,
    ) -> Result<(), StoreError> {
        self.next = now + REFRESH;
        if now >= self.next_read_all {
            self.next_read_all = now + READ_ALL;
            (self.place, self.reads_all) = (None, true);
            index.begin_reading();
        } else if now >= self.next_rescan && !self.reads_all {
            self.next_rescan = now + RESCAN_INTERVAL;
            if now < self.newest_at + LATE_ARRIVAL_WINDOW {
                let back = |(since, id)| (ports.waiting.overlap(since), id);
                self.place = self.place.map(back);
            }
        }
        loop {
            let page = ports.waiting.waiting(self.place, PAGE).await?;
            let last = page.len() < PAGE;
            for waiting in page {
                self.place = Some((waiting.since, waiting.order.id()));
                index.enter(waiting, now);
            }
            if self.place > self.newest {
                (self.newest, self.newest_at) = (self.place, now);
            }
            if last {
                break;
            }
        }
        if std::mem::take(&mut self.reads_all) {
            index.end_reading();
        }
        Ok(())
    }
}
