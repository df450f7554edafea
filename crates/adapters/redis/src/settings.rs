//! What an operator can set.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::time::Duration;

use order_core::id::WorkerId;

use crate::address::RedisAddress;

/// How the queue, the notifier and the dispatch limit use Redis.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// Where the server is.
    pub address: RedisAddress,
    /// What all keys and channels begin with.
    pub name: QueueName,
    /// Into how many shards the queue is split. One, unless a cluster is to spread it. The same for every
    /// process: work items in a shard that no worker reads wait until the store's sweep repeats them elsewhere.
    pub streams: NonZeroU16,
    /// The name of this process among the consumers.
    pub consumer: WorkerId,
    /// How long after its delivery a work item that is not acknowledged is given to another worker. Not shorter
    /// than the lease of an order, or the second delivery finds the order still taken.
    pub claim_after: Duration,
    /// How long a consumer that holds nothing and has not been heard of is remembered.
    pub forget_after: Duration,
    /// How long one command may take, and so how long a caller waits when Redis goes away. Once it is away
    /// for longer, callers do not wait at all.
    pub patience: Duration,
    /// How long [`crate::RedisServer::check`] waits for a server that does not answer yet.
    pub startup_patience: Duration,
}

impl RedisSettings {
    /// The defaults, for this server and this process.
    pub fn new(address: RedisAddress, consumer: WorkerId) -> Self {
        Self {
            address,
            name: QueueName::default(),
            streams: NonZeroU16::MIN,
            consumer,
            claim_after: Duration::from_secs(35),
            forget_after: Duration::from_hours(1),
            patience: Duration::from_secs(1),
            startup_patience: Duration::from_secs(10),
        }
    }
}

/// What all keys and channels begin with: 1 to 64 ASCII letters, digits, `.`, `_`, `-` and `:`. Not braces,
/// which say which slot of a cluster a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueName(Box<str>);

/// A text that is no queue name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 letters, digits, '.', '_', '-' or ':'")]
pub struct InvalidQueueName;

impl FromStr for QueueName {
    type Err = InvalidQueueName;

    fn from_str(text: &str) -> Result<Self, InvalidQueueName> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidQueueName)
        }
    }
}

impl Default for QueueName {
    fn default() -> Self {
        Self("orders".into())
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_its_keys_to_another_slot() {
        assert_eq!(
            "desk-1:orders".parse::<QueueName>().unwrap().to_string(),
            "desk-1:orders"
        );
        for wrong in ["", "{orders}", "or ders", "é", &"x".repeat(65)] {
            assert_eq!(wrong.parse::<QueueName>(), Err(InvalidQueueName), "{wrong}");
        }
    }
}
