//! Orders, and everything that can happen to them, built in a line each. All of it is deterministic: the same
//! arguments give the same ids, times, bytes and amounts.

use std::time::Duration;

use async_trait::async_trait;
use order_core::amount::Amount;
use order_core::failure::{Failure, VenueError};
use order_core::id::{Name, OrderId, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Event, Execution, Order, RecordedEvent};
use order_core::order_types::OrderKind;
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::routing::RouteReason;
use order_core::spec::{OrderSpec, Protection};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::{Token, TokenRegistry};
use order_core::trigger::WaitsFor;
use order_core::venue::{
    Draft, Fill, Leg, PoolId, Quote, QuoteAnswer, QuoteRequest, SignedTransaction, TxId, VenueId,
    VenueRegistry,
};
use uuid::Uuid;

use crate::{Acceptance, JournalError, Lease, OrderJournal, Transition};

/// One of the two venues that tests trade at.
pub const RAYDIUM: VenueId = VenueId::literal("Raydium");

/// The other one.
pub const METEORA: VenueId = VenueId::literal("Meteora");

/// Both.
pub fn two_venues() -> VenueRegistry {
    [METEORA, RAYDIUM].into_iter().collect()
}

/// When the first fixture order is accepted, to an odd millisecond.
pub const EPOCH: Timestamp = Timestamp::from_millis(1_767_225_600_123);

/// The `n`-th order id; later ones sort after earlier ones, as minted ids do.
pub fn order_id(n: u32) -> OrderId {
    let millis = u128::try_from(accepted_at(n).millis()).unwrap();
    OrderId::from_uuid(Uuid::from_u128(
        millis << 80 | 0x7 << 76 | 0b10 << 62 | u128::from(n),
    ))
}

/// When the `n`-th order is accepted: one a second.
pub fn accepted_at(n: u32) -> Timestamp {
    EPOCH.plus(Duration::from_secs(u64::from(n)))
}

/// The `n`-th worker.
pub fn worker(n: u64) -> WorkerId {
    WorkerId(Uuid::from_u64_pair(0x4000_0000, 0x8000_0000_0000_0000 | n))
}

/// An owner, a client order id or an idempotency key.
pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A token that everybody knows.
pub fn token(symbol: &str) -> Token {
    TokenRegistry::default().find(symbol).unwrap()
}

/// Alice sells 1.5 SOL for USDC at the market, with half a percent of slippage.
pub fn spec() -> OrderSpec {
    swap("SOL", "USDC", 1_500_000_000)
}

/// Alice pays `amount_in` raw units of one token for another at the market.
pub fn swap(token_in: &str, token_out: &str, amount_in: u128) -> OrderSpec {
    let (token_in, token_out) = (token(token_in), token(token_out));
    let (pair, side) = TokenRegistry::default().orient(token_in, token_out);
    OrderSpec {
        owner: name("alice"),
        client_order_id: None,
        kind: OrderKind::Market,
        token_in,
        token_out,
        pair,
        side,
        amount_in: Amount::new(amount_in),
        protection: Protection::Slippage(50),
        slippage_by_default: false,
        time_in_force: TimeInForce::Gtc,
        priority: Priority::Normal,
        route: Default::default(),
        trace: None,
    }
}

/// The `n`-th order at the endpoint.
pub fn acceptance(n: u32, spec: OrderSpec) -> Acceptance {
    let (order, event) = Order::accept(order_id(n), spec, accepted_at(n));
    Acceptance {
        order,
        event,
        idempotency_key: None,
    }
}

/// The same with an idempotency key.
pub fn keyed(n: u32, spec: OrderSpec, key: &str) -> Acceptance {
    Acceptance {
        idempotency_key: Some(name(key)),
        ..acceptance(n, spec)
    }
}

/// It waits for its limit.
pub const fn waits() -> Event {
    Event::Waiting {
        waits_for: WaitsFor::Limit,
        terms: None,
        refused: None,
    }
}

/// Events as a step has them, and the order after them.
#[derive(Clone, Debug)]
pub struct Steps {
    /// The order after the events.
    pub order: Order,
    /// The events.
    pub events: Vec<RecordedEvent>,
}

impl Steps {
    /// The same, as a journal takes it.
    pub fn moved(&self) -> Transition<'_> {
        Transition {
            order: &self.order,
            events: &self.events,
        }
    }
}

/// An order that a test walks through its life, and all that has happened to it.
#[derive(Clone, Debug)]
pub struct Walk {
    order: Order,
    history: Vec<RecordedEvent>,
}

impl Walk {
    /// From acceptance on.
    pub fn of(acceptance: &Acceptance) -> Self {
        Self {
            order: acceptance.order.clone(),
            history: vec![acceptance.event.clone()],
        }
    }

    /// Which order.
    pub fn id(&self) -> OrderId {
        self.order.id()
    }

    /// As it stands.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// All its events.
    pub fn history(&self) -> &[RecordedEvent] {
        &self.history
    }

    /// Lets these events happen, a few milliseconds apart.
    ///
    /// # Panics
    /// When one of them is illegal.
    pub fn go(&mut self, events: impl IntoIterator<Item = Event>) -> Steps {
        let mut steps = Vec::new();
        for event in events {
            let now = self.order.progress().updated_at.plus(Duration::from_millis(7));
            steps.push(self.order.apply(event, now).unwrap());
        }
        self.history.extend_from_slice(&steps);
        Steps {
            order: self.order.clone(),
            events: steps,
        }
    }

    /// Nothing happens, as when a worker just lets go.
    pub fn stay(&self) -> Steps {
        Steps {
            order: self.order.clone(),
            events: Vec::new(),
        }
    }

    /// Quotes from both venues come in, Raydium is chosen, a transaction is being built.
    pub fn route(&mut self) -> Steps {
        let (raydium, meteora) = (self.quote(RAYDIUM, 1_000), self.quote(METEORA, 990));
        let best = Event::BestDex {
            venue: RAYDIUM,
            price: raydium.price,
            reason: RouteReason::MostOut {
                over: METEORA,
                by_ppm: 10_101,
            },
            min_out: Amount::new(995),
            legs: Vec::new(),
            weighed: Default::default(),
        };
        let quotes = vec![
            QuoteAnswer {
                venue: RAYDIUM,
                result: Ok(raydium),
            },
            QuoteAnswer {
                venue: METEORA,
                result: Ok(meteora),
            },
        ];
        let attempt = self.order.progress().attempt.max(1);
        self.go([
            Event::Routing {
                attempt,
                quotes,
                arrival: None,
            },
            best,
            Event::Building { venue: RAYDIUM },
        ])
    }

    fn quote(&self, venue: VenueId, out: u128) -> Quote {
        let spec = self.order.spec();
        Quote {
            venue,
            pool: pool(venue),
            amount_in: spec.quantity_in(),
            amount_out: Amount::new(out).with_decimals(spec.token_out.decimals),
            fee: Amount::new(1).with_decimals(spec.token_in.decimals),
            price: Price::of_trade(&spec.pair, spec.side, spec.amount_in, Amount::new(out)).unwrap(),
            price_impact_bps: 3,
        }
    }

    /// The transaction is built and about to be sent.
    pub fn submit(&mut self) -> (Attempt, Steps) {
        let venue = self.order.state().venue().unwrap();
        let number = self.order.progress().attempt;
        let spec = self.order.spec();
        let leg = Leg {
            venue,
            pool: pool(venue),
            token_in: spec.token_in,
            token_out: spec.token_out,
            amount_in: spec.amount_in,
            amount_out: Amount::new(1_000),
        };
        let attempt = Attempt {
            number,
            venue,
            draft: Draft {
                order_id: self.id(),
                legs: vec![leg],
                min_out: Amount::new(995),
            },
            transaction: transaction(self.id(), number),
            written_at: self.order.progress().updated_at.plus(Duration::from_millis(7)),
        };
        let steps = self.go([Event::Submitted {
            venue,
            tx_id: attempt.transaction.id,
        }]);
        (attempt, steps)
    }

    /// The transaction executed.
    pub fn confirm(&mut self, attempt: &Attempt) -> (AttemptOutcome, Steps) {
        let spec = self.order.spec();
        let fill = Fill {
            amount_in: spec.amount_in,
            amount_out: Amount::new(999),
            slot: 4_242,
        };
        let execution = Execution {
            venue: attempt.venue,
            tx_id: attempt.transaction.id,
            executed_price: Price::of_trade(&spec.pair, spec.side, fill.amount_in, fill.amount_out).unwrap(),
            amount_out: fill.amount_out.with_decimals(spec.token_out.decimals),
            fill,
        };
        (
            AttemptOutcome::Landed(fill),
            self.go([Event::Confirmed(execution)]),
        )
    }

    /// The attempt failed without having executed, and another follows.
    pub fn retry(&mut self, delay: Duration) -> (AttemptOutcome, Steps) {
        let attempt = self.order.progress().attempt.max(1) + 1;
        let failure = Failure::Venue(VenueError::SlippageExceeded);
        let delay_ms = u64::try_from(delay.as_millis()).unwrap();
        let steps = self.go([Event::Retrying {
            attempt,
            delay_ms,
            failure,
        }]);
        (AttemptOutcome::Dead(VenueError::SlippageExceeded), steps)
    }

    /// The order failed for good.
    pub fn fail(&mut self) -> Steps {
        self.go([Event::Failed {
            failure: Failure::Venue(VenueError::InsufficientLiquidity),
        }])
    }
}

/// The one pool that a venue has here.
pub fn pool(venue: VenueId) -> PoolId {
    PoolId(format!("{}-SOL-USDC", venue.as_str().to_lowercase()).into())
}

/// What the fixture order asks of a venue.
pub fn quote_request(spec: &OrderSpec) -> QuoteRequest {
    QuoteRequest {
        token_in: spec.token_in,
        token_out: spec.token_out,
        amount_in: spec.amount_in,
    }
}

/// A transaction of that attempt of that order, and of no other; every byte value occurs in it.
pub fn transaction(order: OrderId, attempt: u8) -> SignedTransaction {
    let mut id = [0xA5; 64];
    id[..16].copy_from_slice(order.uuid().as_bytes());
    id[16] = attempt;
    let bytes = (0..=255).chain(id).collect();
    SignedTransaction {
        id: TxId(id),
        bytes,
        last_valid_height: 1_000_150 + u64::from(attempt),
    }
}

/// A journal for those who execute nothing: it lets nobody write.
pub struct NoJournal;

#[async_trait]
impl OrderJournal for NoJournal {
    async fn append(&self, _: &Lease, _: Transition<'_>) -> Result<(), JournalError> {
        Err(JournalError::Fenced)
    }

    async fn write_ahead(&self, _: &Lease, _: &Attempt, _: Transition<'_>) -> Result<(), JournalError> {
        Err(JournalError::Fenced)
    }

    async fn record(
        &self,
        _: &Lease,
        _: Option<AttemptOutcome>,
        _: Release,
        _: Transition<'_>,
    ) -> Result<(), JournalError> {
        Err(JournalError::Fenced)
    }
}
