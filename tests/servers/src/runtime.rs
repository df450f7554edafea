//! Blocking code in asynchronous tests, and asynchronous code in destructors.

use std::{future::Future, thread};

use crate::error::ServerError;

/// Runs code that blocks, without holding up the test's other tasks.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServerError> + Send + 'static,
) -> Result<T, ServerError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(ServerError::Machine {
            doing: "run a thread",
            source: std::io::Error::other(error),
        })
    })
}

/// Runs a future to its end from a destructor, wherever that runs.
pub(crate) fn off_the_runtime<T: Send + 'static>(
    future: impl Future<Output = Option<T>> + Send + 'static,
) -> Option<T> {
    let run = move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?
            .block_on(future)
    };
    thread::spawn(run).join().ok().flatten()
}
