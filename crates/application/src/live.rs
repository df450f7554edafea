//! A committed event on its way to those who watch, encoded once however many they are.

use std::sync::{Arc, OnceLock};

use order_core::lifecycle::RecordedEvent;

/// An event and, once somebody has needed it, its text on the wire.
#[derive(Debug)]
pub struct LiveEvent {
    event: RecordedEvent,
    wire: OnceLock<Arc<str>>,
}

impl LiveEvent {
    /// An event that nobody has encoded yet.
    pub const fn new(event: RecordedEvent) -> Self {
        Self {
            event,
            wire: OnceLock::new(),
        }
    }

    /// The event.
    pub const fn event(&self) -> &RecordedEvent {
        &self.event
    }

    /// Its text on the wire, encoded by whoever comes first. All callers must encode alike.
    pub fn wire(&self, encode: impl FnOnce(&RecordedEvent) -> String) -> Arc<str> {
        Arc::clone(self.wire.get_or_init(|| encode(&self.event).into()))
    }
}
