//! Why Redis did not do it. The ports' errors carry this as their source.

use std::time::Duration;

use order_ports::{NotifyError, QueueError};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Redis did not do what it was asked. Never shows credentials.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RedisUnavailable {
    /// There is no connection; one is being made.
    #[error("there is no connection to Redis")]
    Away(#[source] Option<RedisError>),
    /// It did not answer in time. It may have done it all the same.
    #[error("Redis did not answer within {0:?}")]
    Silent(Duration),
    /// It answered with an error, or the connection broke. Then it may have done it all the same.
    #[error("Redis failed")]
    Failed(#[from] RedisError),
    /// The queue was closed by this process.
    #[error("the queue is closed")]
    Closed,
}

impl RedisUnavailable {
    /// Whether the consumer group is missing, and so whatever it held.
    pub(crate) fn is_missing_group(&self) -> bool {
        match self {
            Self::Failed(error) => says(error, "NOGROUP"),
            Self::Away(_) | Self::Silent(_) | Self::Closed => false,
        }
    }
}

/// Whether the server answered with this code. Scripts of servers before 7.0 wrap the error that they met into one of
/// their own.
pub(crate) fn says(error: &RedisError, code: &str) -> bool {
    error.code() == Some(code) || error.detail().is_some_and(|text| text.contains(code))
}

/// Whether the server does not let this user do that.
pub(crate) fn is_forbidden(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
        // Commands that are renamed away, as managed servers do.
        || error.detail().is_some_and(|text| text.contains("unknown command"))
}

impl From<RedisUnavailable> for QueueError {
    fn from(error: RedisUnavailable) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<RedisUnavailable> for NotifyError {
    fn from(error: RedisUnavailable) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
