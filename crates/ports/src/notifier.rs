//! Telling every process what has been committed. Best effort: a process that misses a notification finds its event in
//! the store.

use std::sync::Arc;

use async_trait::async_trait;
use order_core::id::{ClientOrderId, OrderId, Owner};
use order_core::order::RecordedEvent;

/// A committed event on its way to those who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderNotification {
    /// Whose order.
    pub owner: Owner,
    /// The owner's own id of that order, if it has one.
    pub client_order_id: Option<ClientOrderId>,
    /// The event.
    pub event: RecordedEvent,
}

/// Why a notification was not sent or cannot be received.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The other processes cannot be reached.
    #[error("the notifier is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Who in this process wants to hear of which orders.
pub trait Subscriptions: Send + Sync {
    /// Whether anybody wants to hear of this order of this owner now.
    fn wants(&self, order: OrderId, owner: &str) -> bool;
}

/// Publishes committed events to every process, this one included.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Tells everybody. To be called after the commit only, with the events of one order in order.
    ///
    /// # Errors
    /// [`NotifyError`]; then some may have been told.
    async fn publish(&self, notifications: Arc<[OrderNotification]>) -> Result<(), NotifyError>;

    /// Says who listens in this process. Notifications that nobody there wants at the time may be left out from then
    /// on.
    fn set_subscriptions(&self, subscriptions: Arc<dyn Subscriptions>) {
        drop(subscriptions);
    }

    /// Starts to listen. Everything published from now on arrives, unless it is lost.
    ///
    /// # Errors
    /// [`NotifyError`].
    async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError>;
}

/// What a listener hears.
#[async_trait]
pub trait Notifications: Send {
    /// The next notifications, at least one; `None` when the notifier is gone for good. A listener that falls
    /// behind misses notifications rather than holding memory. Reconnecting after a break is the
    /// implementation's business. Cancel-safe.
    async fn next(&mut self) -> Option<Arc<[OrderNotification]>>;
}
