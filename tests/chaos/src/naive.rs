//! A worker as it is usually written: takes a job from the queue, executes it, then writes down what came of it.
//! No write-ahead, no fence, no look-up. Without faults the difference is not seen; it is here so that the
//! audit is seen to.

use std::sync::Arc;
use std::time::Duration;

use order_bootstrap::config::{Config, Inputs, Loaded, Purpose, Role};
use order_bootstrap::{OsEntropy, SystemClock};
use order_core::failure::VenueError;
use order_core::id::WorkerId;
use order_core::lifecycle::{Commit, Context, Input, Release, Step, WakeBackoff, WakeBackoffPolicy, decide};
use order_core::order::{Attempt, AttemptOutcome, Event, Order, RecordedEvent};
use order_core::retry::RetryPolicy;
use order_core::time::Timestamp;
use order_core::venue::{QuoteAnswer, TxStatus};
use order_mock_dex::{RemoteTimeouts, RemoteVenues};
use order_ports::{
    Claim, Clock, Delivery, OrderJournal, OrderLeases, OrderReader, QuoteSource, Settlement, Transition,
    WorkQueue,
};
use order_postgres::{PostgresSettings, PostgresStore};
use order_redis::{RedisQueue, RedisServer, RedisSettings};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::Failure;

/// How often it tries.
const ATTEMPTS: u32 = 3;
/// How long it waits for a transaction to land before it takes it for lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_millis(300);

struct Naive {
    holder: WorkerId,
    store: PostgresStore,
    queue: RedisQueue,
    venues: Vec<Arc<dyn QuoteSource>>,
    settlement: Arc<dyn Settlement>,
    clock: SystemClock,
    lease: Duration,
}

/// What it believes to have happened.
struct History {
    order: Order,
    events: Vec<RecordedEvent>,
    /// The transaction, and how many events lead up to it.
    sent: Option<(Attempt, usize, Order)>,
}

impl History {
    fn add(&mut self, events: Vec<Event>, now: Timestamp) -> Result<(), Failure> {
        for event in events {
            self.events.push(self.order.apply(event, now)?);
        }
        Ok(())
    }
}

/// Works until it is killed.
///
/// # Errors
/// It cannot start.
pub async fn work() -> Result<(), Failure> {
    let loaded = Config::load(&Inputs::of_process(None), Purpose::Serve(Role::Worker))?;
    let room = Arc::new(Semaphore::new(loaded.config.queue.concurrency));
    let naive = Arc::new(Naive::connect(&loaded).await?);
    loop {
        let place = Arc::clone(&room).acquire_owned().await?;
        let deliveries = match naive.queue.pull(1).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                eprintln!("no job: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        for delivery in deliveries {
            let naive = Arc::clone(&naive);
            tokio::spawn(async move { naive.job(delivery).await });
        }
        drop(place);
    }
}

impl Naive {
    async fn connect(loaded: &Loaded) -> Result<Self, Failure> {
        let config = &loaded.config;
        let missing = "DATABASE_URL, REDIS_URL and VENUE_URL are needed";
        let database = config.database.url.as_ref().ok_or(missing)?;
        let redis = config.redis.url.as_ref().ok_or(missing)?;
        let market = config.market.url.as_ref().ok_or(missing)?;
        let holder = WorkerId(Uuid::new_v4());
        let patience = config.process.start_timeout;
        let store = PostgresStore::connect(&PostgresSettings::new(database.expose()), patience).await?;
        let server = RedisServer::connect(RedisSettings {
            name: config.queue.name.parse()?,
            // As long as a job may be silent before it counts as stalled.
            claim_after: config.queue.lease.max(config.queue.announcement_timeout),
            startup_patience: patience,
            ..RedisSettings::new(redis.expose().parse()?, holder)
        })?;
        server.check().await?;
        let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(OsEntropy));
        let timeouts = RemoteTimeouts::default();
        let venues = RemoteVenues::connect(market.expose(), timeouts, &loaded.tokens, clock, entropy)?;
        Ok(Self {
            holder,
            store,
            queue: RedisQueue::new(&server),
            venues: venues.quote_sources(venues.listed().await?.into_iter().map(|venue| venue.name)),
            settlement: venues.settlement(),
            clock: SystemClock::new(),
            lease: config.queue.lease,
        })
    }

    async fn job(&self, delivery: Delivery) {
        match self.process(&delivery).await {
            Ok(()) => drop(
                self.queue
                    .acknowledge(std::slice::from_ref(&delivery.receipt))
                    .await,
            ),
            // The queue delivers it again, as queues do.
            Err(error) => eprintln!("job failed: {error}"),
        }
    }

    async fn process(&self, delivery: &Delivery) -> Result<(), Failure> {
        let Some(order) = self.store.order(delivery.item.order_id).await? else {
            return Ok(());
        };
        if order.status().is_terminal() {
            return Ok(());
        }
        for attempt in 1..=ATTEMPTS {
            let (history, outcome) = self.execute(order.clone()).await?;
            match outcome {
                Ok(Input::Seen { attempt, status }) => {
                    return self.write_success(history, attempt, status).await;
                }
                Ok(_) => {}
                Err(error) if attempt == ATTEMPTS => return self.write_failure(history, error).await,
                Err(_) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Quotes, builds and sends; comes back when it has landed, or has failed as far as can be seen.
    async fn execute(&self, order: Order) -> Result<(History, Result<Input, VenueError>), Failure> {
        let mut history = History {
            order,
            events: Vec::new(),
            sent: None,
        };
        let Some(Step::Quote(request)) = self.decide(&history.order, Input::Claimed { open: None }).step
        else {
            return Err("nothing to quote".into());
        };
        let mut answers = Vec::new();
        for venue in &self.venues {
            let result = venue.quote(&request).await;
            answers.push(QuoteAnswer {
                venue: venue.venue(),
                result,
            });
        }
        let chosen = self.decide(&history.order, Input::Quoted(answers.into()));
        let Some(Step::Build { venue, draft }) = chosen.step else {
            return Ok((history, Err(VenueError::Timeout)));
        };
        history.add(chosen.events, self.clock.now())?;
        let transaction = match self.settlement.build(&draft).await {
            Ok(transaction) => transaction,
            Err(error) => return Ok((history, Err(error))),
        };
        let input = Input::Built {
            venue,
            draft,
            transaction,
        };
        let built = self.decide(&history.order, input);
        let Commit::WriteAhead(attempt) = built.commit else {
            return Err("nothing to send".into());
        };
        history.add(built.events, self.clock.now())?;
        history.sent = Some((attempt.clone(), history.events.len(), history.order.clone()));
        let outcome = self.send(attempt).await;
        Ok((history, outcome))
    }

    async fn send(&self, attempt: Attempt) -> Result<Input, VenueError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut status = match self.settlement.send(&attempt.transaction).await {
            Ok(status) => status,
            // It has failed, has it not?
            Err(_) => return Err(VenueError::Timeout),
        };
        loop {
            match status {
                TxStatus::Landed(_) => return Ok(Input::Seen { attempt, status }),
                TxStatus::Rejected(error) => return Err(error),
                TxStatus::Pending | TxStatus::NotFound { .. } => {}
            }
            if tokio::time::Instant::now() > deadline {
                return Err(VenueError::Timeout);
            }
            let wait = Duration::from_secs(1);
            status = self
                .settlement
                .look_up(attempt.transaction.id, wait)
                .await
                .map_err(|_| VenueError::Timeout)?;
        }
    }

    async fn write_success(
        &self,
        mut history: History,
        attempt: Attempt,
        status: TxStatus,
    ) -> Result<(), Failure> {
        let TxStatus::Landed(fill) = status else {
            return Ok(());
        };
        let Some((sent, led, submitted)) = history.sent.take() else {
            return Ok(());
        };
        let confirmed = self.decide(&history.order, Input::Seen { attempt, status });
        history.add(confirmed.events, self.clock.now())?;
        let (before, after) = history.events.split_at(led);
        let Claim::Taken(claimed) = self
            .store
            .claim(history.order.id(), self.holder, self.lease)
            .await?
        else {
            return Ok(());
        };
        let (order, events) = (&submitted, before);
        self.store
            .write_ahead(&claimed.lease, &sent, Transition { order, events })
            .await?;
        let (order, events) = (&history.order, after);
        let landed = Some(AttemptOutcome::Landed(fill));
        self.store
            .record(
                &claimed.lease,
                landed,
                Release::Done,
                Transition { order, events },
            )
            .await?;
        Ok(())
    }

    async fn write_failure(&self, mut history: History, error: VenueError) -> Result<(), Failure> {
        let failure = order_core::failure::Failure::Venue(error);
        if history.events.is_empty() {
            let routing = Event::Routing {
                attempt: 1,
                quotes: Vec::new(),
                arrival: None,
            };
            history.add(vec![routing], self.clock.now())?;
        }
        history.add(vec![Event::Failed { failure }], self.clock.now())?;
        let Claim::Taken(claimed) = self
            .store
            .claim(history.order.id(), self.holder, self.lease)
            .await?
        else {
            return Ok(());
        };
        let (order, events) = (&history.order, history.events.as_slice());
        self.store
            .record(&claimed.lease, None, Release::Done, Transition { order, events })
            .await?;
        Ok(())
    }

    fn decide(&self, order: &Order, input: Input) -> order_core::lifecycle::Decision {
        let context = Context {
            now: self.clock.now(),
            entropy: 0,
            retry: RetryPolicy::default(),
            unknown_after: PATIENCE,
            venue_removes_duplicates: false,
            routing: order_core::routing::RoutingPolicy::default(),
            rest: WakeBackoffPolicy::default(),
            rested: WakeBackoff::default(),
        };
        decide(order, input, &context)
    }
}
