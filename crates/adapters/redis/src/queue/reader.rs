//! The task that fills the coordinator's buffer: looks into Redis for the pulls that wait, blocks there when nothing is
//! due, takes over from the dead, and makes the groups again when they are gone.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use order_core::priority::Priority;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::acks::Acks;
use super::blocking_reader::{BlockingReader, Woken};
use super::buffer::Plan;
use super::coordinator::{PullCoordinator, Task};
use super::groups;
use super::push::{Settlement, Writer};
use super::take::{Cursors, Taken, Taker, from_the_start};
use crate::error::{RedisUnavailable, says};
use crate::keys::Keys;
use crate::link::Link;
use crate::server::RedisServer;

/// How often dead consumers are looked for, at most and at least.
const CLAIM_INTERVALS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// How long a delivery stays in the buffer while no pull asks for it. A read that was begun for a pull which then was
/// dropped brings one; mostly the next pull follows at once.
const HOLD: Duration = Duration::from_millis(100);

/// Fills the desk.
pub(crate) struct Reader {
    coordinator: Arc<PullCoordinator>,
    link: Link,
    keys: Arc<Keys>,
    taker: Arc<Taker>,
    writer: Arc<Writer>,
    acks: Acks,
    claim_after: Duration,
    next_claim: Instant,
    /// When to put back what no pull asks for, if there is any.
    put_back_at: Option<Instant>,
    shards: Vec<Shard>,
    woken: mpsc::Receiver<Woken>,
    /// Which shard is looked into first, so that none is always last.
    first: usize,
    /// Whether the groups have been seen to be there: when they are gone later, something was lost.
    settled: bool,
    /// Holds the waiters' tasks.
    _waiters: JoinSet<()>,
}

/// The reader's end of a waiter.
struct Shard {
    orders: mpsc::Sender<()>,
    reading: bool,
    claims: Cursors,
}

impl Reader {
    pub(crate) fn new(
        server: &RedisServer,
        coordinator: Arc<PullCoordinator>,
        writer: Arc<Writer>,
        acks: Acks,
    ) -> Self {
        let settings = server.settings();
        let keys = Arc::clone(server.keys());
        let taker = Arc::new(Taker::new(settings.consumer.to_string()));
        let (woken, incoming) = mpsc::channel(keys.shards());
        let mut waiters = JoinSet::new();
        let shards = (0..keys.shards())
            .map(|shard| {
                let (orders, told) = mpsc::channel(1);
                let blocking_reader = BlockingReader {
                    address: settings.address.clone(),
                    taker: Arc::clone(&taker),
                    keys: Arc::clone(&keys),
                    shard,
                };
                waiters.spawn(blocking_reader.run(told, woken.clone()));
                Shard {
                    orders,
                    reading: false,
                    claims: from_the_start(),
                }
            })
            .collect();
        Self {
            coordinator,
            link: server.link().clone(),
            keys,
            taker,
            writer,
            acks,
            claim_after: settings.claim_after,
            next_claim: Instant::now(),
            put_back_at: None,
            shards,
            woken: incoming,
            first: 0,
            settled: false,
            _waiters: waiters,
        }
    }

    /// Serves the desk until stopped. Stops between two steps, so that nothing is taken and then dropped.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let task = self.coordinator.task();
            let unasked = matches!(task, Task::WakeBackoff { unasked } if unasked > 0);
            let put_back_at = unasked.then(|| *self.put_back_at.get_or_insert(Instant::now() + HOLD));
            self.put_back_at = put_back_at;
            // Also before a look that will find enough: under load the dead would wait for ever.
            if let Some(free) = task.free_hands().filter(|_| self.next_claim <= Instant::now()) {
                self.claim(free).await;
                continue;
            }
            match task {
                Task::Look { upto, plan } => self.look(upto, plan).await,
                Task::Wait { .. } => {
                    self.begin_to_read();
                    self.rest(Some(self.next_claim), &stop).await;
                }
                Task::WakeBackoff { .. } if put_back_at.is_some_and(|at| at <= Instant::now()) => {
                    self.put_back().await
                }
                Task::WakeBackoff { .. } => self.rest(put_back_at, &stop).await,
            }
        }
        while let Ok(woken) = self.woken.try_recv() {
            self.woken(woken);
        }
    }

    async fn look(&mut self, upto: u64, plan: Plan) {
        let outcome = match self.take(plan).await {
            Err(error) if error.is_missing_group() => self.make_groups().await.map(|()| [true; 3]),
            outcome => outcome,
        };
        match outcome {
            Ok(more) => {
                self.settled = true;
                self.coordinator.looked(upto, more);
            }
            Err(error) => self.coordinator.failed(upto, error),
        }
    }

    /// Takes what is there, up to the plan; returns which priorities may have more.
    async fn take(&mut self, plan: Plan) -> Result<[bool; 3], RedisUnavailable> {
        if !self.settled {
            match groups::make(&self.link, &self.keys).await {
                // A server whose memory is full makes no groups, but hands out what it holds, and so gets room.
                Err(RedisUnavailable::Failed(error)) if says(&error, "OOM") => {}
                made => made?,
            }
        }
        if self.shards.len() == 1 {
            let short = self.take_from(0, plan).await?.1;
            return Ok(short.map(|short| !short));
        }
        self.take_across(plan).await
    }

    /// The turns first, then whatever there is; in each the most urgent of all shards before the next.
    async fn take_across(&mut self, plan: Plan) -> Result<[bool; 3], RedisUnavailable> {
        let shards = self.shards.len();
        self.first = (self.first + 1) % shards;
        let order: Vec<usize> = (0..shards).map(|offset| (self.first + offset) % shards).collect();
        let mut short = vec![[false; 3]; shards];
        let mut taken = 0;
        for round in [Some(plan.turns), None] {
            for index in Priority::ALL.map(Priority::index) {
                let mut turns = round.map(|turns| turns[index]);
                for &shard in &order {
                    let wanted = turns.unwrap_or(plan.fill.saturating_sub(taken));
                    if wanted == 0 || short[shard][index] {
                        continue;
                    }
                    let mut part = Plan {
                        turns: [0; 3],
                        fill: 0,
                    };
                    part.turns[index] = wanted;
                    let (count, shorts) = self.take_from(shard, part).await?;
                    short[shard][index] = shorts[index];
                    taken += count;
                    turns = turns.map(|turns| turns.saturating_sub(count));
                }
            }
        }
        Ok([0, 1, 2].map(|index| !short.iter().all(|short| short[index])))
    }

    /// Returns how many came, and which streams had fewer than was asked of them.
    async fn take_from(&self, shard: usize, plan: Plan) -> Result<(usize, [bool; 3]), RedisUnavailable> {
        let taken = self.taker.take(&self.link, &self.keys, shard, plan).await?;
        let (count, short) = (taken.deliveries.len(), taken.short);
        self.keep(taken);
        Ok((count, short))
    }

    /// Lets a blocking read of every shard run.
    fn begin_to_read(&mut self) {
        for shard in self.shards.iter_mut().filter(|shard| !shard.reading) {
            shard.reading = shard.orders.try_send(()).is_ok();
        }
    }

    /// Waits until a read comes back or something else is to be done.
    async fn rest(&mut self, until: Option<Instant>, stop: &CancellationToken) {
        let until = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            Some(woken) = self.woken.recv() => self.woken(woken),
            () = self.coordinator.wake_up.notified() => {}
            () = until => {}
            () = stop.cancelled() => {}
        }
    }

    fn woken(&mut self, woken: Woken) {
        self.shards[woken.shard].reading = false;
        match woken.outcome {
            Ok(taken) => self.keep(taken),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "blocking read failed");
                // The shared connection tells what the matter is.
                self.coordinator.look_again();
            }
        }
    }

    /// Takes over what dead consumers left, where there are free hands for it.
    async fn claim(&mut self, missing: usize) {
        let (shortest, longest) = CLAIM_INTERVALS;
        self.next_claim = Instant::now() + (self.claim_after / 2).clamp(shortest, longest);
        let mut missing = missing;
        for shard in 0..self.shards.len() {
            let cursors = &mut self.shards[shard].claims;
            let claim = self
                .taker
                .claim(&self.link, &self.keys, shard, self.claim_after, missing, cursors);
            match claim.await {
                Ok(taken) => {
                    let count = taken.deliveries.len();
                    if count > 0 {
                        tracing::info!(count, "took over deliveries that were not acknowledged in time");
                    }
                    self.keep(taken);
                    missing = missing.saturating_sub(count);
                    if missing == 0 {
                        // There may be more, for the next pull.
                        self.next_claim = Instant::now();
                        return;
                    }
                }
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "cannot claim");
                    return self.coordinator.look_again();
                }
            }
        }
    }

    /// Gives back what no pull here asks for: one in another process may.
    async fn put_back(&mut self) {
        self.put_back_at = None;
        let deliveries = self.coordinator.take_unasked();
        let receipts = deliveries.iter().map(|delivery| &delivery.receipt);
        let settled = self
            .writer
            .settle(&self.link, &self.keys, receipts, Settlement::PutBack);
        if let Err(error) = settled.await {
            tracing::debug!(error = &error as &dyn std::error::Error, "cannot put back");
            self.keep(Taken {
                deliveries,
                ..Taken::default()
            });
        }
    }

    async fn make_groups(&mut self) -> Result<(), RedisUnavailable> {
        groups::make(&self.link, &self.keys).await?;
        if self.settled {
            tracing::warn!("Redis has lost the queue; it is made again, to be filled from the store");
            self.coordinator.lost();
        }
        Ok(())
    }

    fn keep(&self, taken: Taken) {
        let unreadable = self.coordinator.keep(taken);
        if !unreadable.is_empty() {
            tracing::warn!(
                count = unreadable.len(),
                "entries that name no order are thrown away"
            );
            let acks = self.acks.clone();
            // No pull waits for it; what stays is delivered and thrown away again.
            tokio::spawn(async move { acks.acknowledge(unreadable).await });
        }
    }
}
