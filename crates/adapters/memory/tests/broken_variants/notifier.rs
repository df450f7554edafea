use std::sync::Arc;

use async_trait::async_trait;
use order_ports::contract::notifier as laws;
use order_ports::{Notifications, Notifier, NotifyError, OrderNotification};
use parking_lot::Mutex;
use tokio::sync::mpsc;

/// In which way a notifier is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Break {
    HoldsEverything,
    WaitsForTheSlowest,
    TellsOneListenerOnly,
    TurnsEventsRound,
    ForgetsWhatADroppedWaitHeld,
}

type Publication = Arc<[OrderNotification]>;

/// One line to each listener, as naive notifiers have it.
struct Broken {
    at: Break,
    listeners: Mutex<Vec<mpsc::Sender<Publication>>>,
}

impl Broken {
    fn new(at: Break) -> Self {
        Self {
            at,
            listeners: Mutex::default(),
        }
    }
}

#[async_trait]
impl Notifier for Broken {
    async fn publish(&self, notifications: Publication) -> Result<(), NotifyError> {
        if notifications.is_empty() {
            return Ok(());
        }
        let told = match self.at {
            Break::TurnsEventsRound => notifications.iter().rev().cloned().collect(),
            _ => notifications,
        };
        let listeners = self.listeners.lock().clone();
        let count = if self.at == Break::TellsOneListenerOnly {
            1
        } else {
            listeners.len()
        };
        for listener in listeners.iter().take(count) {
            drop(listener.send(told.clone()).await);
        }
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError> {
        let room = if self.at == Break::WaitsForTheSlowest {
            1_000
        } else {
            1_000_000
        };
        let (sender, receiver) = mpsc::channel(room);
        self.listeners.lock().push(sender);
        Ok(Box::new(Line {
            at: self.at,
            receiver,
        }))
    }
}

struct Line {
    at: Break,
    receiver: mpsc::Receiver<Publication>,
}

#[async_trait]
impl Notifications for Line {
    async fn next(&mut self) -> Option<Publication> {
        let next = self.receiver.recv().await;
        if self.at == Break::ForgetsWhatADroppedWaitHeld {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        next
    }
}

crate::bites! { Broken::new, (), [
    a_notifier_that_holds_everything:
        Break::HoldsEverything => a_slow_listener_holds_up_nobody_and_hears_again, "were kept";
    a_notifier_that_waits_for_the_slowest:
        Break::WaitsForTheSlowest => a_slow_listener_holds_up_nobody_and_hears_again, "nobody waits";
    a_notifier_that_tells_one_listener_only:
        Break::TellsOneListenerOnly => every_listener_hears_everything, "a notification comes";
    a_notifier_that_turns_events_round:
        Break::TurnsEventsRound => a_listener_that_is_gone_harms_nobody, "left == right";
    a_notifier_that_forgets_what_a_dropped_wait_held:
        Break::ForgetsWhatADroppedWaitHeld => a_dropped_wait_loses_no_notification, "all notifications come";
] }
