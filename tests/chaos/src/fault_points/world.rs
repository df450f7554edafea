//! Fault points around the queue, the notifier and the venues.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::routing::LiquiditySnapshot;
use order_core::token::{Pair, Token};
use order_core::venue::{Draft, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus, VenueId};
use order_ports::{
    Delivery, LookUpError, MarketFeed, MarketMoves, Notifications, Notifier, NotifyError, OrderNotification,
    PoolSource, QueueDepth, QueueError, QuoteSource, Receipt, SendError, Settlement, WorkItem, WorkQueue,
};

use super::{Around, Injected, When};

fn queue(_: When) -> QueueError {
    QueueError::Unavailable(Box::new(Injected))
}

#[async_trait]
impl WorkQueue for Around<dyn WorkQueue> {
    async fn push(&self, items: &[WorkItem]) -> Result<(), QueueError> {
        self.points
            .around("queue.push", queue, || self.inner.push(items))
            .await
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.points
            .around("queue.pull", queue, || self.inner.pull(max))
            .await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError> {
        self.points
            .around("queue.acknowledge", queue, || self.inner.acknowledge(receipts))
            .await
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        self.inner.depth().await
    }
}

#[async_trait]
impl Notifier for Around<dyn Notifier> {
    async fn publish(&self, notifications: Arc<[OrderNotification]>) -> Result<(), NotifyError> {
        let error = |_| NotifyError::Unavailable(Box::new(Injected));
        self.points
            .around("notifier.publish", error, || {
                self.inner.publish(Arc::clone(&notifications))
            })
            .await
    }

    async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError> {
        self.inner.listen().await
    }
}

#[async_trait]
impl QuoteSource for Around<dyn QuoteSource> {
    fn venue(&self) -> VenueId {
        self.inner.venue()
    }

    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, VenueError> {
        let error = |_| VenueError::Timeout;
        self.points
            .around("venue.quote", error, || self.inner.quote(request))
            .await
    }

    async fn capacity(
        &self,
        token_in: Token,
        token_out: Token,
        enough: Amount,
    ) -> Result<Amount, VenueError> {
        self.inner.capacity(token_in, token_out, enough).await
    }
}

#[async_trait]
impl Settlement for Around<dyn Settlement> {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        let error = |_| VenueError::Timeout;
        self.points
            .around("settlement.build", error, || self.inner.build(draft))
            .await
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        let error = |when| match when {
            When::Before => SendError::NotSent(VenueError::Down),
            When::After => SendError::Unknown(Box::new(Injected)),
        };
        self.points
            .around("settlement.send", error, || self.inner.send(transaction))
            .await
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        let error = |_| LookUpError(Box::new(Injected));
        self.points
            .around("settlement.look_up", error, || self.inner.look_up(id, wait))
            .await
    }

    fn removes_duplicates(&self) -> bool {
        self.inner.removes_duplicates()
    }
}

#[async_trait]
impl PoolSource for Around<dyn PoolSource> {
    async fn pools(&self, token_in: Token, token_out: Token) -> Result<LiquiditySnapshot, VenueError> {
        let error = |_| VenueError::Timeout;
        self.points
            .around("pools.pools", error, || self.inner.pools(token_in, token_out))
            .await
    }
}

#[async_trait]
impl MarketFeed for Around<dyn MarketFeed> {
    async fn moves(
        &self,
        pairs: &[Pair],
        after: Option<u64>,
        wait: Duration,
    ) -> Result<MarketMoves, VenueError> {
        let error = |_| VenueError::Timeout;
        self.points
            .around("feed.moves", error, || self.inner.moves(pairs, after, wait))
            .await
    }
}
