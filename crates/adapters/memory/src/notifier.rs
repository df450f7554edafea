//! The notifier in memory: a ring that every listener reads at its own pace.
//!
//! The ring holds the last so many publications, once for all listeners. A listener that falls behind further
//! than that misses the oldest; the publisher never waits.

use std::sync::Arc;

use async_trait::async_trait;
use order_ports::{Notifications, Notifier, NotifyError, OrderNotification};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Tells everybody in this process.
#[derive(Clone, Debug)]
pub struct MemoryNotifier {
    ring: broadcast::Sender<Arc<[OrderNotification]>>,
}

impl MemoryNotifier {
    /// How many publications the ring holds by default: about a second of a busy engine. It costs
    /// some tens of megabytes while somebody is that far behind, and little otherwise.
    pub const RING: usize = 16 * 1024;

    /// A notifier whose slowest listener may be this many publications behind.
    pub fn new(ring: usize) -> Self {
        Self {
            ring: broadcast::Sender::new(ring),
        }
    }
}

impl Default for MemoryNotifier {
    fn default() -> Self {
        Self::new(Self::RING)
    }
}

#[async_trait]
impl Notifier for MemoryNotifier {
    async fn publish(&self, notifications: Arc<[OrderNotification]>) -> Result<(), NotifyError> {
        if !notifications.is_empty() {
            // It fails when nobody listens, which is nobody's loss.
            drop(self.ring.send(notifications));
        }
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError> {
        Ok(Box::new(Ear(self.ring.subscribe())))
    }
}

struct Ear(broadcast::Receiver<Arc<[OrderNotification]>>);

#[async_trait]
impl Notifications for Ear {
    async fn next(&mut self) -> Option<Arc<[OrderNotification]>> {
        loop {
            match self.0.recv().await {
                Ok(notifications) => return Some(notifications),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use order_ports::contract::fixtures::{acceptance, name, spec};

    use super::*;

    fn notification(n: u32) -> Arc<[OrderNotification]> {
        Arc::new([OrderNotification {
            owner: name("alice"),
            client_order_id: None,
            event: acceptance(n, spec()).event,
        }])
    }

    #[tokio::test]
    async fn who_falls_behind_goes_on_with_what_the_ring_holds() {
        let notifier = MemoryNotifier::new(4);
        let mut listener = notifier.listen().await.unwrap();
        for n in 1..=10 {
            notifier.publish(notification(n)).await.unwrap();
        }
        for n in 7..=10 {
            assert_eq!(listener.next().await, Some(notification(n)));
        }
    }

    #[tokio::test]
    async fn a_notifier_that_is_gone_says_no_more() {
        let notifier = MemoryNotifier::default();
        let mut listener = notifier.listen().await.unwrap();
        notifier.publish(notification(1)).await.unwrap();
        drop(notifier);
        assert_eq!(listener.next().await, Some(notification(1)));
        assert_eq!(listener.next().await, None);
    }
}
