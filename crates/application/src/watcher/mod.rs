//! The market watcher: wakes orders whose triggers are met.
//!
//! It is driven by the market's moves, never by the number of those who wait: a move finds the triggers that it has
//! reached in a sorted book, and only those orders are quoted. A quote for the whole size that meets the trigger
//! wakes the order in the store, which happens once however many watchers see it; then it is an order that is due,
//! like any other, and whoever executes it looks at the market again.
//!
//! Every process that executes orders watches all who wait. The store is asked for those who have begun to wait
//! since, so a watcher forgets nothing that matters when it dies, and a waiting order costs no task, no timer and
//! no lease.

mod room;

use std::collections::HashSet;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use order_core::failure::VenueError;
use order_core::id::OrderId;
use order_core::price::Price;
use order_core::routing::{Ask, price_of_all};
use order_ports::{MarketMoves, StoreError, WaitingSince, Woken};
use tokio_util::sync::CancellationToken;

use crate::announce::Announcer;
use crate::quote::ask_all;
use crate::setup::{Ports, Settings};

use room::{Candidate, Room};

/// How often the store is asked who has begun to wait elsewhere; those of this process are known at once.
const REFRESH: Duration = Duration::from_millis(250);
/// How often the refresh looks back for those who showed up late, and looks are doubted.
const LOOK_BACK: Duration = Duration::from_secs(5);
/// For how long after the last newcomer others may show up who began to wait before it did: longer than any store's
/// [`order_ports::WaitingRoom::overlap`].
const LATECOMERS: Duration = Duration::from_secs(30);
/// How often everything is read anew, and whoever left unnoticed is forgotten.
const RELOAD: Duration = Duration::from_secs(600);
/// How long one question for moves may wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// Moves that come within this time are looked at together.
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// How many orders are read, and how many looked at, in one go.
const BATCH: usize = 1_000;
/// How many quotes are asked for at once.
const QUOTES: usize = 64;

type Moves = Pin<Box<dyn Future<Output = Result<MarketMoves, VenueError>> + Send>>;

/// Watches the market for those who wait.
pub struct MarketWatcher {
    ports: Ports,
    settings: Settings,
    announcer: Announcer,
    room: Room,
    /// From where the store is read on.
    place: Option<(WaitingSince, OrderId)>,
    /// The farthest place that was ever read, and when, by the clock's monotonic reading.
    newest: Option<(WaitingSince, OrderId)>,
    newest_at: Duration,
    revision: Option<u64>,
    /// When, by the clock's monotonic reading, the store is read again.
    next_refresh: Duration,
    next_look_back: Duration,
    next_reload: Duration,
}

impl MarketWatcher {
    /// A watcher who knows nobody yet.
    pub fn new(ports: Ports, settings: Settings, announcer: Announcer) -> Self {
        Self {
            ports,
            settings,
            announcer,
            room: Room::default(),
            place: None,
            newest: None,
            newest_at: Duration::ZERO,
            revision: None,
            next_refresh: Duration::ZERO,
            next_look_back: Duration::ZERO,
            next_reload: Duration::ZERO,
        }
    }

    /// Runs until stopped.
    pub async fn run(&mut self, stop: CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.watch() => {}
        }
    }

    async fn watch(&mut self) {
        let bell = self.announcer.waits();
        let mut moves: Option<Moves> = None;
        // Whether there are others to look at; but what is heard of the market meanwhile goes first.
        let mut more = false;
        loop {
            if self.room.len() > 0 && moves.is_none() {
                moves = Some(self.ask_for_moves());
            }
            let rest = self.next_refresh.saturating_sub(self.ports.clock.monotonic());
            let heard = tokio::select! {
                biased;
                moved = next(&mut moves) => Heard::Moved(moved),
                () = bell.notified() => Heard::TimeToRead,
                () = std::future::ready(()), if more => Heard::Nothing,
                () = self.ports.clock.sleep(rest) => Heard::TimeToRead,
            };
            match heard {
                Heard::Moved(moved) => {
                    moves = None;
                    self.heed(moved).await;
                }
                Heard::TimeToRead => {
                    if self.refresh().await {
                        (moves, self.revision) = (None, None);
                    }
                }
                Heard::Nothing => {}
            }
            more = self.look().await;
        }
    }

    /// The question is kept until it is answered: others would cost a connection each.
    fn ask_for_moves(&self) -> Moves {
        let (feed, clock) = (self.ports.feed.clone(), self.ports.clock.clone());
        let (after, pairs) = (self.revision, self.room.pairs());
        Box::pin(async move {
            if after.is_some() {
                clock.sleep(GATHER).await;
            }
            feed.moves(&pairs, after, PATIENCE).await
        })
    }

    async fn heed(&mut self, moved: Result<MarketMoves, VenueError>) {
        match moved {
            Ok(moves) => {
                self.revision = Some(moves.revision);
                moves.pairs.into_iter().for_each(|state| self.room.moved(state));
            }
            Err(error) => {
                tracing::warn!(%error, "the market's moves are not known");
                // Whatever happened meanwhile, everything is looked at afterwards.
                self.revision = None;
                self.ports.clock.sleep(PAUSE).await;
            }
        }
    }

    /// Reads from the store who waits. Whether the market must be asked about other pairs from now on.
    async fn refresh(&mut self) -> bool {
        let now = self.ports.clock.monotonic();
        self.next_refresh = now + REFRESH;
        if now >= self.next_reload {
            self.next_reload = now + RELOAD;
            (self.room, self.place, self.revision) = (Room::default(), None, None);
        } else if now >= self.next_look_back {
            self.next_look_back = now + LOOK_BACK;
            self.room.doubt();
            if now < self.newest_at + LATECOMERS {
                let back = |(since, id)| (self.ports.waiting.overlap(since), id);
                self.place = self.place.map(back);
            }
        }
        match self.read_on().await {
            // Of those nothing is known yet, and the market was asked about the others.
            Ok(other_pairs) => other_pairs,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot look for orders that wait"
                );
                false
            }
        }
    }

    /// Whether other pairs are waited for by now.
    async fn read_on(&mut self) -> Result<bool, StoreError> {
        let known = self.room.pairs();
        loop {
            let page = self.ports.waiting.waiting(self.place, BATCH).await?;
            for waiting in &page {
                self.room.enter(waiting);
                self.place = Some((waiting.since, waiting.order.id()));
            }
            if self.place > self.newest {
                (self.newest, self.newest_at) = (self.place, self.ports.clock.monotonic());
            }
            if page.len() < BATCH {
                break;
            }
        }
        Ok(known != self.room.pairs())
    }

    /// Looks at some of those whose trigger may be met, and wakes those for whom it is. Whether there are more.
    async fn look(&mut self) -> bool {
        let candidates = self.room.candidates(BATCH);
        let full = candidates.len() == BATCH;
        let looks = futures_util::stream::iter(candidates)
            .map(|candidate| look_at(&self.ports, &self.settings, candidate))
            .buffer_unordered(QUOTES);
        let looks: Vec<_> = looks.collect().await;
        let mut met = Vec::new();
        for (id, look) in looks {
            match look {
                Look::Met => met.push(id),
                Look::Short(quoted) => self.room.short(id, quoted),
                Look::Nothing => self.room.look_again(id),
            }
        }
        self.wake(&met).await;
        full
    }

    async fn wake(&mut self, ids: &[OrderId]) {
        if ids.is_empty() {
            return;
        }
        match self.ports.waiting.wake(ids).await {
            Ok(Woken { hints, resting }) => {
                tracing::debug!(met = ids.len(), woken = hints.len(), "triggers are met");
                hints.into_iter().for_each(|hint| self.announcer.due(hint));
                let resting: HashSet<_> = resting.into_iter().map(|(id, _)| id).collect();
                for id in ids {
                    if resting.contains(id) {
                        self.room.look_again(*id);
                    } else {
                        // It does not wait any more, or will be listed anew when it does.
                        self.room.forget(*id);
                    }
                }
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot wake orders whose triggers are met"
                );
                ids.iter().for_each(|id| self.room.look_again(*id));
            }
        }
    }
}

async fn next(moves: &mut Option<Moves>) -> Result<MarketMoves, VenueError> {
    match moves {
        Some(moves) => moves.await,
        None => std::future::pending().await,
    }
}

/// What the watcher has heard.
enum Heard {
    Moved(Result<MarketMoves, VenueError>),
    /// Somebody may have begun to wait.
    TimeToRead,
    Nothing,
}

/// What a look at an order's quotes has found.
enum Look {
    /// Its trigger is met.
    Met,
    /// The price of the whole size is this.
    Short(Price),
    /// No venue gave a quote.
    Nothing,
}

async fn look_at(ports: &Ports, settings: &Settings, candidate: Candidate) -> (OrderId, Look) {
    let Candidate { id, wanted } = candidate;
    let Some(wanted) = wanted else {
        return (id, Look::Met);
    };
    let spec = &wanted.spec;
    let request = Ask::of(spec).request;
    let market = ask_all(ports, &request, &spec.route, settings.quote_timeout).await;
    let price = price_of_all(spec, &market, &settings.routing);
    let look = match price {
        Some(price) if wanted.trigger.is_met(price) => Look::Met,
        Some(price) => Look::Short(price),
        None => Look::Nothing,
    };
    (id, look)
}
