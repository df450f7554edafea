//! What an endpoint talks to: the use cases of a caller.

mod control;
mod market_check;
mod quote;
mod submit;

use std::sync::Arc;

use order_core::failure::VenueError;
use order_core::id::{ClientOrderId, OrderId, Owner};
use order_core::order::{Order, RecordedEvent};
use order_core::time::Timestamp;
use order_core::venue::{VenueListing, VenueRegistry};
use order_ports::{OrderFilter, OrderPage, StoreError};
use tokio_util::sync::CancellationToken;

pub use self::control::{Amendment, CancelledMany, ControlError, Expected};
use self::market_check::MarketSilence;
pub use self::quote::QuoteReport;
pub use self::submit::{Submission, SubmitError, SubmitOptions};
use crate::hub::Hub;
use crate::publisher::EventPublisher;
use crate::setup::{Ports, Settings};
use crate::watch::OrderWatch;
use crate::watch_owner::OwnerWatch;

/// The use cases, as the endpoints call them. Cheap to share behind an `Arc`.
pub struct Engine {
    pub(crate) ports: Ports,
    pub(crate) settings: Settings,
    pub(crate) publisher: EventPublisher,
    hub: Arc<Hub>,
    drain: CancellationToken,
    pub(crate) market_silence: MarketSilence,
    venues: VenueRegistry,
}

impl Engine {
    /// An engine on these ports. Once `drain` is cancelled it takes no new orders.
    pub fn new(
        ports: Ports,
        settings: Settings,
        publisher: EventPublisher,
        hub: Arc<Hub>,
        drain: CancellationToken,
    ) -> Self {
        let venues = ports.venues.iter().map(|source| source.venue()).collect();
        Self {
            venues,
            ports,
            settings,
            publisher,
            hub,
            drain,
            market_silence: MarketSilence::default(),
        }
    }

    /// Whether the service is shutting down.
    pub fn draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// The venues that orders may be routed to.
    pub const fn venues(&self) -> &VenueRegistry {
        &self.venues
    }

    /// The venues with their pools as they are now; where they are out of reach, as they were known last.
    ///
    /// # Errors
    /// [`VenueError`], when they never were within reach.
    pub async fn venue_listings(&self) -> Result<Vec<VenueListing>, VenueError> {
        self.ports.catalogue.venues().await
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// The order as it stands; none if there is none, or if it is not this owner's. Without an owner, any order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn order(&self, id: OrderId, owner: Option<&Owner>) -> Result<Option<Order>, StoreError> {
        let order = self.ports.reader.order(id).await?;
        Ok(order.filter(|order| owner.is_none_or(|owner| order.spec().owner == *owner)))
    }

    /// The order that this owner calls so, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn order_called(
        &self,
        owner: &Owner,
        client_order_id: &ClientOrderId,
    ) -> Result<Option<Order>, StoreError> {
        let filter = OrderFilter {
            owner: Some(owner.clone()),
            client_order_id: Some(client_order_id.clone()),
            ..OrderFilter::default()
        };
        let page = self.ports.reader.list(&filter, None, 1).await?;
        Ok(page.items.into_iter().next())
    }

    /// A page of orders, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn orders(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<OrderPage, StoreError> {
        self.ports.reader.list(filter, before, limit).await
    }

    /// The order's events after `seq`, at most `limit`; none if it is not this owner's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn events(
        &self,
        id: OrderId,
        owner: Option<&Owner>,
        after: u32,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        // An order's owner never changes, so this may be asked before.
        if owner.is_some() && self.order(id, owner).await?.is_none() {
            return Ok(Vec::new());
        }
        self.ports.reader.events(id, after, limit).await
    }

    /// Watches an order from behind `after`; `None` if there is no such order of this owner.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn watch(
        &self,
        id: OrderId,
        owner: Option<&Owner>,
        after: u32,
    ) -> Result<Option<(Order, OrderWatch)>, StoreError> {
        // Tapped before the look-up, so that nothing committed in between is missed.
        let subscription = self.hub.watch(id);
        let Some(order) = self.order(id, owner).await? else {
            return Ok(None);
        };
        let watch = OrderWatch::new(Arc::clone(&self.ports.reader), subscription, &order, after);
        Ok(Some((order, watch)))
    }

    /// Watches all orders of an owner, or of all owners: the histories of those still open, then all live.
    pub fn watch_owner(&self, owner: Option<Owner>) -> OwnerWatch {
        let subscription = self.hub.watch_owner(owner.clone());
        OwnerWatch::new(
            self.ports.clone(),
            subscription,
            owner,
            self.settings.reconcile_interval,
        )
    }

    /// Watches all orders of an owner from where an earlier watch broke off: of the newest 500 orders,
    /// ended ones included, and of all that are open, the events behind `after`; of orders accepted from now on,
    /// all of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn resume_owner(&self, owner: Option<Owner>, after: u32) -> Result<OwnerWatch, StoreError> {
        let mut watch = self.watch_owner(owner);
        watch.resume(after).await?;
        Ok(watch)
    }

    /// How many watchers this process has.
    pub fn watchers(&self) -> usize {
        self.hub.watchers()
    }
}
