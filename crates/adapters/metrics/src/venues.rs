//! The venues, watched: how long they take, and what they refuse.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::{Histogram, counter, histogram};
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::token::Token;
use order_core::venue::{Draft, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus, VenueId};
use order_ports::{LookUpError, QuoteSource, SendError, Settlement};
use tokio::time::Instant;

use crate::births::count_venue_from_zero;
use crate::names;

/// What may be asked of the chain.
pub(crate) const CALLS: [&str; 3] = ["build", "send", "look_up"];

/// Observes how long something took, also when it is given up half-way: a venue that is left out because it is
/// too slow must not look fast.
struct Watch<'a> {
    began: Instant,
    histogram: &'a Histogram,
}

impl<'a> Watch<'a> {
    fn begin(histogram: &'a Histogram) -> Self {
        Self {
            began: Instant::now(),
            histogram,
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.histogram.record(self.began.elapsed());
    }
}

/// One venue's prices, with somebody who counts.
pub struct MeteredQuotes {
    source: Arc<dyn QuoteSource>,
    duration: Histogram,
}

impl MeteredQuotes {
    /// Watches this venue, whose counters begin at zero. To be made after the recorder, or it counts for nobody.
    pub fn new(source: Arc<dyn QuoteSource>) -> Self {
        count_venue_from_zero(source.venue());
        let duration = histogram!(names::QUOTE_DURATION, "venue" => source.venue().to_string());
        Self { source, duration }
    }
}

#[async_trait]
impl QuoteSource for MeteredQuotes {
    fn venue(&self) -> VenueId {
        self.source.venue()
    }

    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, VenueError> {
        let watch = Watch::begin(&self.duration);
        let result = self.source.quote(request).await;
        drop(watch);
        if let Err(error) = &result {
            let (venue, code) = (self.source.venue().to_string(), error.code());
            counter!(names::QUOTE_ERRORS, "venue" => venue, "code" => code).increment(1);
        }
        result
    }

    async fn capacity(
        &self,
        token_in: Token,
        token_out: Token,
        enough: Amount,
    ) -> Result<Amount, VenueError> {
        self.source.capacity(token_in, token_out, enough).await
    }
}

/// The chain, with somebody who counts.
pub struct MeteredSettlement {
    settlement: Arc<dyn Settlement>,
    build: Histogram,
    send: Histogram,
    look_up: Histogram,
}

impl MeteredSettlement {
    /// Watches this chain. To be made after the recorder, or it counts for nobody.
    pub fn new(settlement: Arc<dyn Settlement>) -> Self {
        let duration = |call: &'static str| histogram!(names::SETTLEMENT_DURATION, "call" => call);
        Self {
            settlement,
            build: duration("build"),
            send: duration("send"),
            look_up: duration("look_up"),
        }
    }
}

/// Counts a call that failed.
fn told<T, E>(call: &'static str, result: Result<T, E>) -> Result<T, E> {
    if result.is_err() {
        counter!(names::SETTLEMENT_ERRORS, "call" => call).increment(1);
    }
    result
}

#[async_trait]
impl Settlement for MeteredSettlement {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        let _watch = Watch::begin(&self.build);
        told("build", self.settlement.build(draft).await)
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        let _watch = Watch::begin(&self.send);
        told("send", self.settlement.send(transaction).await)
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        let _watch = Watch::begin(&self.look_up);
        told("look_up", self.settlement.look_up(id, wait).await)
    }

    fn removes_duplicates(&self) -> bool {
        self.settlement.removes_duplicates()
    }
}
