//! What every endpoint needs.

use std::sync::Arc;

use order_application::Engine;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Guard;
use crate::request::body::BodyLimits;
use crate::settings::HttpSettings;

/// What every endpoint needs.
pub struct ApiContext {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// How the endpoints behave.
    pub settings: HttpSettings,
    /// What stands before them.
    pub admission: Arc<Guard>,
    /// Cancelled when streams and sockets must end.
    pub stop: CancellationToken,
    /// The sockets, which outlive their requests.
    pub tasks: TaskTracker,
}

impl ApiContext {
    /// How bodies are taken.
    pub const fn body_limits(&self) -> BodyLimits {
        BodyLimits {
            bytes: self.settings.body_limit,
            time: self.settings.body_timeout,
        }
    }
}
