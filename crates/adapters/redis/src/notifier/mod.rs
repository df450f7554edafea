//! Telling every process what was committed.

mod listener;
mod wire;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use order_ports::{Notifications, Notifier, NotifyError, OrderNotification, Subscriptions};
use parking_lot::Mutex;
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::RedisUnavailable;
use crate::link::RedisRequest;
use crate::server::RedisServer;

use listener::Listener;
use wire::Origin;

/// How many messages a listener may be behind before it misses the oldest.
const BUFFER: usize = 4096;

/// Tells two notifiers of one process apart.
static INSTANCES: AtomicU32 = AtomicU32::new(0);

/// The notifier on Pub/Sub. Its tasks end with it, and its listeners then hear that it is gone.
///
/// Listeners of the same notifier are told in memory, so they hear of their own process even while Redis is
/// away; all others are told by one message per call. A node of a cluster passes a message on to all others.
pub struct RedisNotifier {
    server: RedisServer,
    origin: Origin,
    heard: broadcast::Sender<Arc<[OrderNotification]>>,
    /// The subscriptions of this process; until they are set, every notification is wanted.
    subscriptions: Arc<OnceLock<Arc<dyn Subscriptions>>>,
    /// Whether the subscription stands, once a subscriber has begun to listen.
    subscribed: Mutex<Option<watch::Receiver<bool>>>,
    stop: CancellationToken,
    _stop: DropGuard,
}

impl RedisNotifier {
    /// The notifier on this server.
    pub fn new(server: &RedisServer) -> Self {
        let stop = CancellationToken::new();
        Self {
            server: server.clone(),
            origin: Origin::new(
                server.settings().consumer,
                INSTANCES.fetch_add(1, Ordering::Relaxed),
            ),
            heard: broadcast::Sender::new(BUFFER),
            subscriptions: Arc::default(),
            subscribed: Mutex::new(None),
            _stop: stop.clone().drop_guard(),
            stop,
        }
    }

    /// Begins to hear the other processes, unless that was done before: a process without subscribers
    /// need not read what is said.
    fn subscribe(&self) -> watch::Receiver<bool> {
        let mut subscribed = self.subscribed.lock();
        if let Some(subscribed) = &*subscribed {
            return subscribed.clone();
        }
        let (state, seen) = watch::channel(false);
        let listener = Listener {
            address: self.server.settings().address.clone(),
            channel: self.server.keys().events().to_owned(),
            origin: self.origin,
            heard: self.heard.clone(),
            subscriptions: Arc::clone(&self.subscriptions),
            subscribed: state,
        };
        tokio::spawn(listener.run(self.stop.clone()));
        subscribed.insert(seen).clone()
    }
}

#[async_trait]
impl Notifier for RedisNotifier {
    async fn publish(&self, notifications: Arc<[OrderNotification]>) -> Result<(), NotifyError> {
        if notifications.is_empty() {
            return Ok(());
        }
        let message = wire::encode(self.origin, &notifications);
        // Without listeners there is nothing to do here.
        let _ = self.heard.send(notifications);
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(self.server.keys().events()).arg(message);
        let _: u64 = self.server.link().ask(RedisRequest::Command(&publish)).await?;
        Ok(())
    }

    fn set_subscriptions(&self, subscriptions: Arc<dyn Subscriptions>) {
        // There is one relay in a process; a second one hears what the first one wants, and reads the rest.
        let _ = self.subscriptions.set(subscriptions);
    }

    async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError> {
        let heard = self.heard.subscribe();
        let mut subscribed = self.subscribe();
        let patience = self.server.settings().patience;
        match timeout(patience, subscribed.wait_for(|subscribed| *subscribed)).await {
            Ok(Ok(_)) => Ok(Box::new(Heard(heard))),
            Ok(Err(_)) => Err(RedisUnavailable::Away(None).into()),
            Err(_) => Err(RedisUnavailable::Silent(patience).into()),
        }
    }
}

struct Heard(broadcast::Receiver<Arc<[OrderNotification]>>);

#[async_trait]
impl Notifications for Heard {
    async fn next(&mut self) -> Option<Arc<[OrderNotification]>> {
        loop {
            match self.0.recv().await {
                Ok(notifications) => return Some(notifications),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "a listener was too slow and missed notifications");
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
