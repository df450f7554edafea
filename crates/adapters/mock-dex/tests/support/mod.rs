//! What the tests of the market share: a clock that follows tokio's, randomness that counts, orders and swaps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]
#![allow(dead_code, reason = "no test file uses all of it")]

pub mod served;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use order_core::amount::Amount;
use order_core::id::OrderId;
use order_core::time::Timestamp;
use order_core::token::{Token, TokenRegistry};
use order_core::venue::{Draft, Leg, PoolId, Quote, QuoteRequest, SignedTransaction, TxStatus, VenueId};
use order_mock_dex::{Market, MarketSettings};
use order_ports::{Clock, Entropy, QuoteSource, Settlement};
use uuid::Uuid;

/// One test for each break: it must make that law panic, with that message. The test file has the `laws`, and says what is
/// `broken` by a `Break`.
#[macro_export]
macro_rules! bites {
    ($($name:ident: $break:ident => $law:ident, $message:literal;)+) => {
        $(
            #[tokio::test(start_paused = true)]
            #[should_panic(expected = $message)]
            async fn $name() {
                laws::$law(&broken(Break::$break)).await;
            }
        )+
    };
}

/// Tokio's clock, which a test can pause.
pub struct TokioClock {
    started: tokio::time::Instant,
    epoch: i64,
}

impl TokioClock {
    pub fn starting_at(epoch: i64) -> Arc<Self> {
        Arc::new(Self {
            started: tokio::time::Instant::now(),
            epoch,
        })
    }
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.epoch).plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Counts, from a number on.
pub struct Counting(AtomicU64);

impl Counting {
    pub fn from(first: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(first)))
    }
}

impl Entropy for Counting {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub fn settings(toml: &str) -> MarketSettings {
    toml::from_str(toml).unwrap()
}

/// Instant, frozen, seeded.
pub fn quiet() -> MarketSettings {
    settings("profile = \"instant\"\nprice = \"frozen\"\nseed = 42")
}

pub fn market(settings: &MarketSettings) -> Arc<Market> {
    Market::new(
        settings,
        &TokenRegistry::default(),
        TokioClock::starting_at(0),
        Counting::from(1),
    )
    .unwrap()
}

pub fn token(name: &str) -> Token {
    TokenRegistry::default().find(name).unwrap()
}

pub fn request(token_in: &str, token_out: &str, amount_in: &str) -> QuoteRequest {
    let token_in = token(token_in);
    QuoteRequest {
        token_in,
        token_out: token(token_out),
        amount_in: Amount::from_decimal(amount_in.parse().unwrap(), token_in.decimals).unwrap(),
    }
}

pub fn order(number: u32) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number.into()))
}

pub fn venue(market: &Arc<Market>, venue: VenueId) -> Arc<dyn QuoteSource> {
    market
        .quote_sources()
        .into_iter()
        .find(|source| source.venue() == venue)
        .unwrap()
}

/// A swap of one leg, that accepts any output of at least `min_out`.
pub fn draft(number: u32, request: &QuoteRequest, quote: &Quote, min_out: Amount) -> Draft {
    let leg = leg(&quote.pool, quote.venue, request, quote.amount_out.amount);
    Draft {
        order_id: order(number),
        legs: vec![leg],
        min_out,
    }
}

pub fn leg(pool: &PoolId, venue: VenueId, request: &QuoteRequest, amount_out: Amount) -> Leg {
    Leg {
        venue,
        pool: pool.clone(),
        token_in: request.token_in,
        token_out: request.token_out,
        amount_in: request.amount_in,
        amount_out,
    }
}

/// Quotes and builds a swap at that venue, without sending it.
pub async fn built(
    market: &Arc<Market>,
    number: u32,
    at: VenueId,
    request: &QuoteRequest,
) -> SignedTransaction {
    let quote = venue(market, at).quote(request).await.unwrap();
    market
        .build(&draft(number, request, &quote, Amount::new(1)))
        .await
        .unwrap()
}

/// Sends, and waits until the chain has decided.
pub async fn decided(settlement: &dyn Settlement, transaction: &SignedTransaction) -> TxStatus {
    settlement.send(transaction).await.unwrap();
    loop {
        let status = settlement
            .look_up(transaction.id, Duration::from_secs(5))
            .await
            .unwrap();
        match status {
            TxStatus::Landed(_) | TxStatus::Rejected(_) => return status,
            TxStatus::Pending | TxStatus::NotFound { .. } => {}
        }
    }
}
