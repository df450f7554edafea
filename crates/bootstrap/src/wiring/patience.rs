//! Waiting, for a limited time, for what is not there yet.

use std::error::Error;
use std::time::Duration;

use tokio::time::Instant;

/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(200);

/// Tries until it succeeds, fails for good, or has failed for so long; and says once what the start waits for.
///
/// # Errors
/// The last failure.
pub(super) async fn until<T, E: Error + 'static>(
    what: &str,
    patience: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
    may_pass: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let deadline = Instant::now() + patience;
    let mut told = false;
    loop {
        match attempt().await {
            Err(error) if may_pass(&error) && Instant::now() + PAUSE < deadline => {
                if !std::mem::replace(&mut told, true) {
                    tracing::info!(error = &error as &dyn Error, "waiting for {what}");
                }
                tokio::time::sleep(PAUSE).await;
            }
            settled => return settled,
        }
    }
}
