//! Asking a running process how it is, for images that hold no shell and no other client.

use std::time::Duration;

use crate::config::{Config, shown};

/// A program that probes has a deadline of its own; an answer that takes this long is no good one.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a process does not count as healthy.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// It did not answer.
    #[error("no answer from {url}")]
    Silent {
        /// The address that was asked.
        url: String,
        /// What happened instead.
        #[source]
        source: reqwest::Error,
    },
    /// It says so itself.
    #[error("{url} answers {status}: {body}")]
    Down {
        /// The address that was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What it says.
        body: String,
    },
}

/// Where the engine with this configuration says how it is, seen from its own machine: at the endpoints for that, if
/// there are any, which speak without encryption.
pub fn own_health(config: &Config) -> String {
    let port = config.server.admin_port.unwrap_or(config.server.port);
    format!("http://127.0.0.1:{port}/health/ready")
}

/// Asks for any good answer.
///
/// # Errors
/// [`Unhealthy`].
pub async fn probe(url: &str) -> Result<(), Unhealthy> {
    let silent = |source: reqwest::Error| Unhealthy::Silent {
        url: shown(url),
        source: source.without_url(),
    };
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .map_err(silent)?;
    let answer = client.get(url).send().await.map_err(silent)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let body = answer.text().await.map_err(silent)?;
    Err(Unhealthy::Down {
        url: shown(url),
        status: status.as_u16(),
        body,
    })
}
