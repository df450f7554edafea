//! A worker that does not know the request's own minimum.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::id::{OrderId, WorkerId};
use order_core::order::Order;
use order_core::spec::{OrderSpec, Protection};
use order_ports::{Claim, Claimed, OrderLeases, StoreError, Sweep, WorkItem};

/// Hands out orders as if whatever comes out were enough for them.
pub struct WithoutMinimum {
    leases: Arc<dyn OrderLeases>,
}

impl WithoutMinimum {
    /// Hands out the orders of this store.
    pub fn new(leases: Arc<dyn OrderLeases>) -> Self {
        Self { leases }
    }
}

fn without_minimum(order: &Order) -> Order {
    let spec = OrderSpec {
        protection: Protection::Slippage(10_000),
        ..order.spec().clone()
    };
    Order::restore(order.id(), spec, order.created_at(), order.progress().clone())
}

#[async_trait]
impl OrderLeases for WithoutMinimum {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        Ok(match self.leases.claim(id, holder, ttl).await? {
            Claim::Taken(claimed) => Claim::Taken(Box::new(Claimed {
                order: without_minimum(&claimed.order),
                ..*claimed
            })),
            other @ (Claim::NotNow | Claim::Finished | Claim::NoSuchOrder) => other,
        })
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        self.leases.due(sweep, limit).await
    }
}
