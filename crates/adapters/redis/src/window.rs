//! How many orders may be dispatched in a minute, over all workers together.

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use order_ports::{DispatchLimit, Grant, QueueError};
use redis::Script;
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

use crate::link::RedisRequest;
use crate::server::RedisServer;

/// How often Redis is asked again while there is no grant: another process may have given one back.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

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
    /// The first caller is granted first, and only one of this process asks Redis at a time.
    turn: Mutex<()>,
    /// Wakes the caller that has the turn when this process has given a grant back.
    given_back: Notify,
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
            given_back: Notify::new(),
        }
    }

    /// Asks once: a grant, or how long to wait before asking again.
    async fn ask(&self) -> Result<Result<Grant, Duration>, QueueError> {
        let mut invocation = self.script.key(self.server.keys().dispatched());
        let window = u64::try_from(self.window.as_micros()).unwrap_or(u64::MAX);
        invocation.arg(self.limit.get()).arg(window);
        let (wait, grant): (u64, u64) = self.server.link().ask(RedisRequest::Script(&invocation)).await?;
        Ok(if wait > 0 {
            Err(Duration::from_millis(wait))
        } else {
            Ok(Grant(grant))
        })
    }
}

#[async_trait]
impl DispatchLimit for RedisDispatchWindow {
    async fn acquire(&self) -> Result<Grant, QueueError> {
        let _turn = self.turn.lock().await;
        loop {
            match self.ask().await? {
                Ok(grant) => return Ok(grant),
                // Its end, early or late, is a reason to ask again and nothing else.
                Err(wait) => _ = timeout(wait.min(LONGEST_WAIT), self.given_back.notified()).await,
            }
        }
    }

    async fn give_back(&self, grant: Grant) -> Result<(), QueueError> {
        let mut remove = redis::cmd("LREM");
        remove.arg(self.server.keys().dispatched()).arg(1).arg(grant.0);
        let _: u64 = self.server.link().ask(RedisRequest::Command(&remove)).await?;
        self.given_back.notify_one();
        Ok(())
    }
}
