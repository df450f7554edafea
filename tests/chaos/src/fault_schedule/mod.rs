//! The fault schedule: which fault is injected, when, and for how long, until the recovery.

mod card;
mod engine;
mod servers;
mod venue;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::card::{FaultCard, deck};
use self::venue::VenueFaults;
use crate::rng::SeededRng;
use crate::stage::Stage;
use crate::tally::Tally;

pub(crate) use self::card::NAMES;

/// How many faults last at the same time, at most. More, and nothing gets far enough to be broken.
const AT_ONCE: usize = 4;

/// The target of a fault.
pub(crate) struct FaultSchedule {
    stage: Arc<Stage>,
    tally: Arc<Tally>,
    rng: SeededRng,
    venue: VenueFaults,
    /// Held while Postgres is away.
    postgres: Mutex<()>,
    /// The longest that Postgres is away.
    longest_outage: Duration,
}

impl FaultSchedule {
    pub(crate) fn new(
        stage: Arc<Stage>,
        tally: Arc<Tally>,
        rng: SeededRng,
        longest_outage: Duration,
    ) -> Self {
        Self {
            venue: VenueFaults::new(stage.terrain.venue_url.clone()),
            stage,
            tally,
            rng,
            postgres: Mutex::new(()),
            longest_outage,
        }
    }

    /// Strikes until the end, then heals everything. When this returns, everything runs and answers.
    pub(crate) async fn rage(self, until: Instant, calm: CancellationToken) {
        let fault_schedule = Arc::new(self);
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut faults = JoinSet::new();
        let mut cards: Vec<FaultCard> = Vec::new();
        loop {
            let pause = fault_schedule.rng.millis(200, 1_200);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = calm.cancelled() => break,
            }
            if Instant::now() >= until {
                break;
            }
            while faults.try_join_next().is_some() {}
            if cards.is_empty() {
                // Every kind once before any comes again, so that a short run sees all of them.
                cards = deck();
                fault_schedule.rng.shuffle(&mut cards);
            }
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                break;
            };
            let Some(card) = cards.pop() else { continue };
            let (fault_schedule, rng) = (Arc::clone(&fault_schedule), fault_schedule.rng.fork());
            faults.spawn(async move {
                if fault_schedule.strike(card, &rng).await {
                    fault_schedule.tally.struck(card.name());
                }
                drop(place);
            });
        }
        while faults.join_next().await.is_some() {}
        fault_schedule.heal().await;
    }

    /// Lets one fault happen to its end; whether it did happen.
    async fn strike(&self, card: FaultCard, rng: &SeededRng) -> bool {
        match card {
            FaultCard::KillApi => self.kill_one(&self.stage.apis, rng).await,
            FaultCard::KillWorker => self.kill_one(&self.stage.workers, rng).await,
            FaultCard::FreezeApi => {
                self.freeze_one(&self.stage.apis, rng.millis(1_000, 6_000), rng)
                    .await
            }
            FaultCard::FreezeWorker => {
                let past_the_lease = crate::stage::LEASE + rng.millis(500, 4_000);
                self.freeze_one(&self.stage.workers, past_the_lease, rng).await
            }
            FaultCard::StopWorker => self.stop_one(&self.stage.workers, rng).await,
            FaultCard::StopApi => self.stop_one(&self.stage.apis, rng).await,
            FaultCard::Cut(link) => self.cut_one(link, rng).await,
            FaultCard::Hold(link, mode) => self.hold_one(link, mode, rng).await,
            FaultCard::FlushRedis => self.stage.terrain.redis.flush().await.is_ok(),
            FaultCard::RedisDown => self.redis_down(rng.millis(500, 6_000)).await,
            FaultCard::FreezeRedis => self.freeze_redis(rng.millis(1_000, 4_000)).await,
            FaultCard::PostgresDown => {
                let short = rng.percent(70);
                let longest = u64::try_from(self.longest_outage.as_millis()).unwrap_or(u64::MAX);
                let longest = if short { longest.min(4_000) } else { longest };
                self.postgres_down(rng.millis(500, longest.max(500))).await
            }
            FaultCard::KillVenue => self.kill_venue(rng.millis(100, 3_000)).await,
            FaultCard::FreezeVenue => self.freeze_venue(rng.millis(1_000, 5_000)).await,
            FaultCard::Venue(trouble) => {
                self.venue.trouble(trouble, rng.millis(2_000, 7_000), rng).await;
                true
            }
        }
    }

    async fn heal(&self) {
        self.venue.heal().await;
        for member in self.stage.members() {
            member.ways.heal();
        }
    }
}
