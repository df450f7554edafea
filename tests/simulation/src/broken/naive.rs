//! The worker that everybody writes first: take a job, execute it, write down what came of it. It claims nothing
//! before it acts, writes nothing ahead, and never asks what became of an earlier try.

use std::sync::Arc;
use std::time::Duration;

use order_application::{Ports, Settings};
use order_core::failure::{Failure, VenueError};
use order_core::id::{OrderId, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Event, Execution, Order, RecordedEvent};
use order_core::price::Price;
use order_core::routing;
use order_core::venue::{Draft, Fill, QuoteAnswer, QuoteRequest, TxStatus};
use order_ports::{Claim, Delivery, JournalError, Transition};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often it asks whether a transaction has landed.
const ASKS: usize = 3;
/// How often it tries to write down what happened.
const WRITES: usize = 5;
const PAUSE: Duration = Duration::from_millis(500);

/// Executes orders naively.
pub struct NaiveWorker {
    worker: Arc<Naive>,
}

struct Naive {
    ports: Ports,
    settings: Settings,
    holder: WorkerId,
}

/// What came of executing an order.
struct Tried {
    attempt: Attempt,
    events: Vec<Event>,
    result: Result<Fill, VenueError>,
}

impl NaiveWorker {
    /// A worker on these ports.
    pub fn new(ports: Ports, settings: Settings, holder: WorkerId) -> Self {
        Self {
            worker: Arc::new(Naive {
                ports,
                settings,
                holder,
            }),
        }
    }

    /// Works until stopped.
    pub async fn run(&self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            let pulled = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                pulled = self.worker.ports.queue.pull(self.worker.settings.concurrency) => pulled,
            };
            for delivery in pulled.unwrap_or_default() {
                let worker = Arc::clone(&self.worker);
                running.spawn(async move { worker.work(delivery).await });
            }
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
    }
}

impl Naive {
    async fn work(&self, delivery: Delivery) {
        let Ok(Some(order)) = self.ports.reader.order(delivery.item.order_id).await else {
            return;
        };
        if !order.status().is_terminal() {
            let mut tried = None;
            for number in 1..=self.settings.retry.max_attempts {
                if number > 1 {
                    self.ports
                        .clock
                        .sleep(self.settings.retry.delay(number - 1, 0))
                        .await;
                }
                tried = self.try_once(&order, number).await;
                if tried.as_ref().is_some_and(|tried| tried.result.is_ok()) {
                    break;
                }
            }
            for _ in 0..WRITES {
                if self.write_down(order.id(), tried.as_ref()).await.is_ok() {
                    break;
                }
                self.ports.clock.sleep(PAUSE).await;
            }
        }
        _ = self
            .ports
            .queue
            .acknowledge(std::slice::from_ref(&delivery.receipt))
            .await;
    }

    /// Quotes, builds, sends, and takes what cannot be had for a failure; none when nothing was sent.
    async fn try_once(&self, order: &Order, number: u8) -> Option<Tried> {
        let spec = order.spec();
        let request = QuoteRequest {
            token_in: spec.token_in,
            token_out: spec.token_out,
            amount_in: spec.amount_in,
        };
        let mut quotes = Vec::new();
        for venue in &self.ports.venues {
            quotes.push(QuoteAnswer {
                venue: venue.venue(),
                result: venue.quote(&request).await,
            });
        }
        let route = routing::choose(&request, spec.protection, &quotes).ok()?;
        let draft = Draft {
            order_id: order.id(),
            legs: route.swaps(),
            min_out: route.min_out,
        };
        let transaction = self.ports.settlement.build(&draft).await.ok()?;
        let sent = self.ports.settlement.send(&transaction).await;
        let mut status = sent.unwrap_or(TxStatus::Rejected(VenueError::Timeout));
        for _ in 0..ASKS {
            if !matches!(status, TxStatus::Pending) {
                break;
            }
            let asked = self
                .ports
                .settlement
                .look_up(transaction.id, self.settings.look_up_wait)
                .await;
            status = asked.unwrap_or(TxStatus::Pending);
        }
        let events = vec![
            Event::Routing {
                attempt: 1,
                quotes,
                arrival: None,
            },
            Event::BestDex {
                venue: route.venue,
                price: route.price,
                reason: route.reason,
                min_out: route.min_out,
                legs: Vec::new(),
                weighed: Default::default(),
            },
            Event::Building { venue: route.venue },
            Event::Submitted {
                venue: route.venue,
                tx_id: transaction.id,
            },
        ];
        let written_at = self.ports.clock.now();
        let attempt = Attempt {
            number,
            venue: route.venue,
            draft,
            transaction,
            written_at,
        };
        let result = match status {
            TxStatus::Landed(fill) => Ok(fill),
            TxStatus::Rejected(error) => Err(error),
            TxStatus::Pending | TxStatus::NotFound { .. } => Err(VenueError::Timeout),
        };
        Some(Tried {
            attempt,
            events,
            result,
        })
    }

    /// Writes down what has long happened.
    async fn write_down(&self, id: OrderId, tried: Option<&Tried>) -> Result<(), JournalError> {
        let Claim::Taken(claimed) = self
            .ports
            .leases
            .claim(id, self.holder, self.settings.lease)
            .await?
        else {
            return Ok(());
        };
        let (mut order, lease, journal) = (claimed.order, claimed.lease, &self.ports.journal);
        let Some(tried) = tried else {
            let Some(failed) = self.told(
                &mut order,
                vec![Event::Failed {
                    failure: Failure::NoQuotes,
                }],
            ) else {
                return Ok(());
            };
            let moved = Transition {
                order: &order,
                events: &failed,
            };
            return journal.record(&lease, None, Release::Done, moved).await;
        };
        if claimed.open_attempt.is_none() {
            let Some(sent) = self.told(&mut order, tried.events.clone()) else {
                return Ok(());
            };
            journal
                .write_ahead(
                    &lease,
                    &tried.attempt,
                    Transition {
                        order: &order,
                        events: &sent,
                    },
                )
                .await?;
        }
        let (outcome, event) = match tried.result {
            Ok(fill) => (
                AttemptOutcome::Landed(fill),
                confirmed(&order, &tried.attempt, fill),
            ),
            Err(error) => (
                AttemptOutcome::Dead(error),
                Event::Failed {
                    failure: Failure::Venue(error),
                },
            ),
        };
        let Some(ended) = self.told(&mut order, vec![event]) else {
            return Ok(());
        };
        let moved = Transition {
            order: &order,
            events: &ended,
        };
        journal.record(&lease, Some(outcome), Release::Done, moved).await
    }

    /// The events, numbered; none if the order has moved on in a way that leaves no room for them.
    fn told(&self, order: &mut Order, events: Vec<Event>) -> Option<Vec<RecordedEvent>> {
        let now = self.ports.clock.now();
        events
            .into_iter()
            .map(|event| order.apply(event, now).ok())
            .collect()
    }
}

fn confirmed(order: &Order, attempt: &Attempt, fill: Fill) -> Event {
    let spec = order.spec();
    let executed_price = Price::of_trade(&spec.pair, spec.side, fill.amount_in, fill.amount_out);
    Event::Confirmed(Execution {
        venue: attempt.venue,
        tx_id: attempt.transaction.id,
        executed_price: executed_price.unwrap_or(Price::new(u128::MAX)),
        amount_out: fill.amount_out.with_decimals(spec.token_out.decimals),
        fill,
    })
}
