//! What a container said, kept for the error when it does not start.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use testcontainers::core::logs::{LogFrame, consumer::LogConsumer};

/// Both of a container's outputs. The engine forgets them with the container, which is removed as soon
/// as it fails.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<String>>);

impl Log {
    /// The end to which the engine's messages go.
    pub(super) fn consumer(&self) -> impl LogConsumer + use<> {
        let log = self.clone();
        move |frame: &LogFrame| {
            let text = String::from_utf8_lossy(frame.bytes());
            log.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&text);
        }
    }

    /// All of it: the last words may still be on their way.
    pub(super) async fn text(&self) -> String {
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
