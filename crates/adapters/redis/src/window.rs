//! How many orders may be dispatched in a minute, over all workers together.

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use order_ports::{DispatchLimit, QueueError};
use redis::Script;
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::link::Ask;
use crate::server::RedisServer;

/// A sliding window that all processes share: in no span of its length are more dispatches granted than the
/// limit, by the clock of Redis.
///
/// Redis remembers the times of the last grants, as many as the limit; a new one is due when the oldest of
/// them has left the window.
pub struct RedisDispatchWindow {
    server: RedisServer,
    script: Script,
    limit: NonZeroU32,
    window: Duration,
    /// Whoever asks first is granted first, and only one of this process asks Redis at a time.
    turn: Mutex<()>,
}

impl RedisDispatchWindow {
    /// So many dispatches in any minute. Every process must have the same limit.
    pub fn per_minute(server: &RedisServer, limit: NonZeroU32) -> Self {
        Self::new(server, limit, Duration::from_mins(1))
    }

    /// So many dispatches in any span of this length.
    pub fn new(server: &RedisServer, limit: NonZeroU32, window: Duration) -> Self {
        Self {
            server: server.clone(),
            script: Script::new(include_str!("window.lua")),
            limit,
            window,
            turn: Mutex::new(()),
        }
    }

    /// Asks once: `None` when granted, else how long to wait before asking again.
    async fn ask(&self) -> Result<Option<Duration>, QueueError> {
        let mut invocation = self.script.key(self.server.keys().dispatched());
        let window = u64::try_from(self.window.as_micros()).unwrap_or(u64::MAX);
        invocation.arg(self.limit.get()).arg(window);
        let wait: u64 = self.server.link().ask(Ask::Script(&invocation)).await?;
        Ok((wait > 0).then(|| Duration::from_millis(wait)))
    }
}

#[async_trait]
impl DispatchLimit for RedisDispatchWindow {
    async fn acquire(&self) -> Result<(), QueueError> {
        let _turn = self.turn.lock().await;
        while let Some(wait) = self.ask().await? {
            sleep(wait).await;
        }
        Ok(())
    }
}
