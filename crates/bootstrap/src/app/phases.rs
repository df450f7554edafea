//! In which order an engine's parts are stopped.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What is stopped in which order: the fields from first to last.
#[derive(Clone, Default)]
pub(super) struct Phases {
    /// Say that clients should go elsewhere, and serve on.
    pub(super) leave: CancellationToken,
    /// Refuse new orders, take no more work.
    pub(super) drain: CancellationToken,
    /// Publish the events that are still to be published.
    pub(super) announce: CancellationToken,
    /// Close the endpoints.
    pub(super) listeners: CancellationToken,
    /// Stop listening to other processes.
    pub(super) relay: CancellationToken,
}

/// The tasks that end in each phase.
#[derive(Default)]
pub(super) struct Tasks {
    pub(super) work: Vec<JoinHandle<()>>,
    pub(super) announce: Vec<JoinHandle<()>>,
    pub(super) listeners: Vec<JoinHandle<()>>,
    pub(super) relay: Vec<JoinHandle<()>>,
}

impl Phases {
    /// Stops everything at once when they are dropped.
    pub(super) fn guards(&self) -> [DropGuard; 5] {
        [
            &self.leave,
            &self.drain,
            &self.announce,
            &self.listeners,
            &self.relay,
        ]
        .map(|phase| phase.clone().drop_guard())
    }
}

/// Waits until these tasks have ended, each for `patience` at the most; one that takes longer is aborted.
pub(super) async fn ended(tasks: &mut Vec<JoinHandle<()>>, patience: Duration) {
    for mut task in tasks.drain(..) {
        if tokio::time::timeout(patience, &mut task).await.is_err() {
            tracing::warn!("a part did not end in time and is dropped");
            task.abort();
        }
    }
}
