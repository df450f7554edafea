//! The market watcher: wakes resting orders whose terms the market meets.
//!
//! It is driven by the market's moves, never by the number of resting orders: a move finds the orders that it may concern
//! in sorted books ([`index`]), and only those are quoted. An order whose terms a quote meets ([`order_core::terms`]) is
//! woken in the store, which happens once however many watchers see it; then it is an order that is due, like any other,
//! and the worker that executes it looks at the market again, by the same rule.
//!
//! Every process that executes orders watches all of them. The store is asked for those that have begun to rest since,
//! so a watcher that dies forgets nothing that matters, and a resting order costs no task, no timer and no lease.
//!
//! Looks run beside the loop, a bounded number at once, so that slow venues hold up neither the market's moves nor the
//! reading of the store; and the loop yields each time it goes round.

mod index;
mod look;
mod prices;
mod reading;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use order_core::failure::VenueError;
use order_core::id::OrderId;
use order_core::terms::Check;
use order_ports::{MarketMoves, Woken};
use tokio_util::sync::CancellationToken;

use crate::publisher::{EventPublisher, Resting};
use crate::setup::{Ports, Settings};

use index::TriggerIndex;
use look::{Look, Silence, look_at};
use reading::Reading;

/// How long one question for moves may wait.
const LONGEST_QUESTION: Duration = Duration::from_secs(10);
/// Moves that come within this time are looked at together.
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait after a failure of the store or of the market's moves.
const PAUSE: Duration = Duration::from_millis(500);
/// How many looks are under way at once.
const LOOKS: usize = 64;
/// The longest pause of all looks while no venue answers.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);

type Moves = Pin<Box<dyn Future<Output = Result<MarketMoves, VenueError>> + Send>>;
type Looks = FuturesUnordered<Pin<Box<dyn Future<Output = Look> + Send>>>;

/// Watches the market for resting orders.
pub struct MarketWatcher {
    ports: Ports,
    settings: Settings,
    publisher: EventPublisher,
    resting: Arc<Resting>,
    index: TriggerIndex,
    reading: Reading,
    revision: Option<u64>,
    moves: Option<Moves>,
    looks: Looks,
    /// Orders whose terms are met, to be woken.
    met: Vec<OrderId>,
    /// No look begins before this, and how long that pause was: all venues are silent.
    silent_until: Duration,
    silence: Duration,
}

impl MarketWatcher {
    /// A watcher that knows no order yet.
    pub fn new(ports: Ports, settings: Settings, publisher: EventPublisher) -> Self {
        Self {
            resting: publisher.resting(),
            index: TriggerIndex::new(settings.rest),
            reading: Reading::default(),
            ports,
            settings,
            publisher,
            revision: None,
            moves: None,
            looks: FuturesUnordered::new(),
            met: Vec::new(),
            silent_until: Duration::ZERO,
            silence: Duration::ZERO,
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
        let resting = Arc::clone(&self.resting);
        loop {
            for id in resting.left() {
                self.index.forget(id);
            }
            if self.reading.is_due(self.now()) {
                self.read().await;
            }
            self.begin_looks().await;
            if self.index.len() > 0 && self.moves.is_none() {
                self.moves = Some(self.ask_for_moves(Duration::ZERO));
            }
            let idle = self.until_something_is_due();
            tokio::select! {
                biased;
                moved = next(&mut self.moves) => self.on_moves(moved),
                Some(look) = self.looks.next(), if !self.looks.is_empty() => self.learn(look),
                () = resting.changed() => self.reading.hurry(),
                () = self.ports.clock.sleep(idle) => {}
            }
            self.wake().await;
            // Venues in this process may answer without ever letting another task run.
            tokio::task::yield_now().await;
        }
    }

    fn now(&self) -> Duration {
        self.ports.clock.monotonic()
    }

    async fn read(&mut self) {
        let now = self.now();
        if let Err(error) = self.reading.read(&self.ports, &mut self.index, now).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot look for orders that rest"
            );
        }
    }

    /// How long nothing has to be done unless something is heard of.
    fn until_something_is_due(&self) -> Duration {
        let room = self.looks.len() < LOOKS;
        let look = self.index.next_due().filter(|_| room);
        let look = look.map(|at| at.max(self.silent_until));
        let next = look.map_or(self.reading.next(), |at| at.min(self.reading.next()));
        next.saturating_sub(self.now())
    }

    /// The question is kept until it is answered: others would cost a connection each.
    fn ask_for_moves(&self, pause: Duration) -> Moves {
        let (feed, clock, after) = (self.ports.feed.clone(), self.ports.clock.clone(), self.revision);
        Box::pin(async move {
            let gather = if after.is_some() { GATHER } else { Duration::ZERO };
            let pause = pause.max(gather);
            if !pause.is_zero() {
                clock.sleep(pause).await;
            }
            // About all pairs: any of them may be on a way of an order.
            feed.moves(&[], after, LONGEST_QUESTION).await
        })
    }

    fn on_moves(&mut self, moved: Result<MarketMoves, VenueError>) {
        self.moves = None;
        match moved {
            Ok(moves) => {
                self.revision = Some(moves.revision);
                self.index.moved(moves.pairs, self.now());
            }
            Err(error) => {
                tracing::warn!(%error, "the market's moves are not known");
                // Whatever happened meanwhile, every pair is told of afterwards.
                self.revision = None;
                self.moves = Some(self.ask_for_moves(PAUSE));
            }
        }
    }

    /// Begins as many looks as there is room for.
    async fn begin_looks(&mut self) {
        let now = self.now();
        let room = LOOKS - self.looks.len().min(LOOKS);
        if room == 0 || now < self.silent_until {
            return;
        }
        let candidates = self.index.take(room, now);
        for candidate in self.without_those_that_left(candidates).await {
            let look = look_at(self.ports.clone(), self.settings, candidate);
            self.looks.push(Box::pin(look));
        }
    }

    /// Leaves orders out that have gone on elsewhere: cancelled, say, by the owner in another process.
    async fn without_those_that_left(&mut self, candidates: Vec<index::Candidate>) -> Vec<index::Candidate> {
        let ids: Vec<_> = candidates.iter().map(|candidate| candidate.order.id()).collect();
        if ids.is_empty() {
            return candidates;
        }
        // A store that does not answer now is no reason not to look: nothing is woken that does not rest.
        let Ok(versions) = self.ports.reader.versions(&ids).await else {
            return candidates;
        };
        for (id, version) in versions {
            if self.index.version(id).is_some_and(|known| known < version) {
                self.index.forget(id);
            }
        }
        let rests = |candidate: &index::Candidate| self.index.version(candidate.order.id()).is_some();
        candidates.into_iter().filter(rests).collect()
    }

    fn learn(&mut self, look: Look) {
        let now = self.now();
        let Look {
            id,
            since,
            check,
            silence,
        } = look;
        let longest = match silence {
            Silence::None => self.settings.rest.longest,
            // An order that could not be quoted for that is to be there soon after the venue is.
            Silence::Some | Silence::All => LONGEST_SILENCE,
        };
        match check {
            Check::Met => self.met.push(id),
            Check::Short { .. } | Check::Unquotable => self.index.answer(id, since, check, longest, now),
        }
        if silence != Silence::All {
            self.silence = Duration::ZERO;
        } else if now >= self.silent_until {
            // However many orders there are to look at, venues that are out of order are asked in vain together.
            self.silence = (self.silence * 2).clamp(self.settings.rest.first, LONGEST_SILENCE);
            self.silent_until = now + self.silence;
        }
    }

    async fn wake(&mut self) {
        if self.met.is_empty() {
            return;
        }
        let ids = std::mem::take(&mut self.met);
        let now = self.now();
        match self.ports.waiting.wake(&ids).await {
            Ok(Woken { items, resting }) => {
                tracing::debug!(met = ids.len(), woken = items.len(), "orders' terms are met");
                items.into_iter().for_each(|item| self.publisher.due(item));
                for (id, left) in &resting {
                    self.index.rests(*id, *left, now);
                }
                let rests = |id: &OrderId| resting.iter().any(|(resting, _)| resting == id);
                // The others rest no more, or will be listed anew when they do.
                let gone = ids.into_iter().filter(|id| !rests(id));
                gone.for_each(|id| self.index.forget(id));
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot wake orders whose terms are met"
                );
                ids.iter().for_each(|id| self.index.rests(*id, PAUSE, now));
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
