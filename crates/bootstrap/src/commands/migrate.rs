//! `migrate`: brings the configured database up to date.

use crate::config::Config;
use crate::error::StartError;
use crate::wiring;

/// Brings the configured database up to date.
///
/// # Errors
/// [`StartError`].
pub async fn migrate(config: &Config) -> Result<(), StartError> {
    wiring::migrate(config).await
}
