//! The storm: what strikes, when, and how long, until the calm.

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

use self::card::{Card, deck};
use self::venue::VenueFaults;
use crate::dice::Dice;
use crate::stage::Stage;
use crate::tally::Tally;

pub(crate) use self::card::NAMES;

/// How many faults last at the same time, at most. More, and nothing gets far enough to be broken.
const AT_ONCE: usize = 4;

/// Whoever strikes.
pub(crate) struct Storm {
    stage: Arc<Stage>,
    tally: Arc<Tally>,
    dice: Dice,
    venue: VenueFaults,
    /// Held while Postgres is away.
    postgres: Mutex<()>,
    /// The longest that Postgres is away.
    longest_outage: Duration,
}

impl Storm {
    pub(crate) fn new(stage: Arc<Stage>, tally: Arc<Tally>, dice: Dice, longest_outage: Duration) -> Self {
        Self {
            venue: VenueFaults::new(stage.terrain.venue_url.clone()),
            stage,
            tally,
            dice,
            postgres: Mutex::new(()),
            longest_outage,
        }
    }

    /// Strikes until the end, then heals everything. When this returns, everything runs and answers.
    pub(crate) async fn rage(self, until: Instant, calm: CancellationToken) {
        let storm = Arc::new(self);
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut faults = JoinSet::new();
        let mut cards: Vec<Card> = Vec::new();
        loop {
            let pause = storm.dice.millis(200, 1_200);
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
                storm.dice.shuffle(&mut cards);
            }
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                break;
            };
            let Some(card) = cards.pop() else { continue };
            let (storm, dice) = (Arc::clone(&storm), storm.dice.fork());
            faults.spawn(async move {
                if storm.strike(card, &dice).await {
                    storm.tally.struck(card.name());
                }
                drop(place);
            });
        }
        while faults.join_next().await.is_some() {}
        storm.heal().await;
    }

    /// Lets one fault happen to its end; whether it did happen.
    async fn strike(&self, card: Card, dice: &Dice) -> bool {
        match card {
            Card::KillApi => self.kill_one(&self.stage.apis, dice).await,
            Card::KillWorker => self.kill_one(&self.stage.workers, dice).await,
            Card::FreezeApi => {
                self.freeze_one(&self.stage.apis, dice.millis(1_000, 6_000), dice)
                    .await
            }
            Card::FreezeWorker => {
                let past_the_lease = crate::stage::LEASE + dice.millis(500, 4_000);
                self.freeze_one(&self.stage.workers, past_the_lease, dice).await
            }
            Card::StopWorker => self.stop_one(&self.stage.workers, dice).await,
            Card::StopApi => self.stop_one(&self.stage.apis, dice).await,
            Card::Cut(link) => self.cut_one(link, dice).await,
            Card::Hold(link, mode) => self.hold_one(link, mode, dice).await,
            Card::FlushRedis => self.stage.terrain.redis.flush().await.is_ok(),
            Card::RedisDown => self.redis_down(dice.millis(500, 6_000)).await,
            Card::FreezeRedis => self.freeze_redis(dice.millis(1_000, 4_000)).await,
            Card::PostgresDown => {
                let short = dice.percent(70);
                let longest = u64::try_from(self.longest_outage.as_millis()).unwrap_or(u64::MAX);
                let longest = if short { longest.min(4_000) } else { longest };
                self.postgres_down(dice.millis(500, longest.max(500))).await
            }
            Card::KillVenue => self.kill_venue(dice.millis(100, 3_000)).await,
            Card::FreezeVenue => self.freeze_venue(dice.millis(1_000, 5_000)).await,
            Card::Venue(trouble) => {
                self.venue.trouble(trouble, dice.millis(2_000, 7_000), dice).await;
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
