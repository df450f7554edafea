//! Is there an engine?

use std::time::Duration;

use testcontainers::core::client::docker_client_instance;

use crate::error::ServerError;

/// An engine on this machine answers in milliseconds; without one the tests must not wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Whether an engine answers where `testcontainers` would look for it.
pub(crate) async fn answers() -> Result<(), ServerError> {
    let client = docker_client_instance()
        .await
        .map_err(|error| ServerError::NoEngine { source: error.into() })?;
    match tokio::time::timeout(ANSWER_WITHIN, client.ping()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(ServerError::NoEngine { source: error.into() }),
        Err(late) => Err(ServerError::NoEngine { source: late.into() }),
    }
}
