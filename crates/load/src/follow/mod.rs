//! Knowing when orders end.

mod each;
mod feed;
mod socket;

use std::sync::Arc;

use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::LoadError;
use crate::options::Follow;
use crate::orders::Orders;
use crate::target::Target;

/// Follows orders in the way that was chosen. Dropped, it follows none any more.
pub(crate) struct Follower {
    follow: Follow,
    target: Arc<Target>,
    orders: Arc<Orders>,
    stop: CancellationToken,
    _stops: DropGuard,
}

impl Follower {
    /// Opens what must be open before the first order.
    pub(crate) async fn start(
        follow: Follow,
        target: Arc<Target>,
        orders: Arc<Orders>,
    ) -> Result<Self, LoadError> {
        let stop = CancellationToken::new();
        if follow == Follow::Feed {
            let feed = feed::open(&target).await?;
            let (target, orders) = (Arc::clone(&target), Arc::clone(&orders));
            tokio::spawn(
                stop.clone()
                    .run_until_cancelled_owned(feed::listen(feed, target, orders)),
            );
        }
        Ok(Self {
            follow,
            target,
            orders,
            _stops: stop.clone().drop_guard(),
            stop,
        })
    }

    /// An order was accepted.
    pub(crate) fn accepted(&self, id: &str) {
        if let Follow::Each(watchers) = self.follow {
            let watching = each::watch(
                Arc::clone(&self.target),
                Arc::clone(&self.orders),
                id.to_owned(),
                watchers,
            );
            tokio::spawn(self.stop.clone().run_until_cancelled_owned(watching));
        }
    }
}
