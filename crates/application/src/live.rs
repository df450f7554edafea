//! A committed event on its way to its subscribers, encoded once however many they are.

use std::sync::{Arc, OnceLock};

use order_core::id::ClientOrderId;
use order_core::order::RecordedEvent;

/// An event and, once a subscriber has needed it, its text on the wire.
#[derive(Debug)]
pub struct LiveEvent {
    event: RecordedEvent,
    client_order_id: Option<ClientOrderId>,
    wire: OnceLock<Arc<str>>,
}

impl LiveEvent {
    /// An event that is not encoded yet, of the order that its owner calls so.
    pub const fn new(event: RecordedEvent, client_order_id: Option<ClientOrderId>) -> Self {
        Self {
            event,
            client_order_id,
            wire: OnceLock::new(),
        }
    }

    /// The event.
    pub const fn event(&self) -> &RecordedEvent {
        &self.event
    }

    /// The owner's own id of its order, if it has one.
    pub const fn client_order_id(&self) -> Option<&ClientOrderId> {
        self.client_order_id.as_ref()
    }

    /// Its text on the wire, encoded by the first caller. All callers must encode alike.
    pub fn wire(&self, encode: impl FnOnce(&Self) -> String) -> Arc<str> {
        Arc::clone(self.wire.get_or_init(|| encode(self).into()))
    }
}
