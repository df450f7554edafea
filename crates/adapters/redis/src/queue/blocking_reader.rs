//! The blocking read of one shard, on a connection of its own and in a task of its own.
//!
//! A read that was begun is never dropped while it may still be answered: an entry that Redis hands out at
//! that moment would belong to this consumer and never be handed out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::take::{Taken, Taker};
use crate::address::RedisAddress;
use crate::connection::{Connection, Limits};
use crate::error::RedisUnavailable;
use crate::keys::Keys;

/// How long a read waits in Redis. Not for ever, so that a connection that is dead without a word is noticed.
const BLOCK: Duration = Duration::from_secs(5);
/// How much later than that the answer may come.
const GRACE: Duration = Duration::from_secs(2);
const LIMITS: Limits = Limits {
    connect: GRACE,
    answer: Duration::from_secs(60),
};
/// The pauses after failures, so that a server in trouble is not hammered.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// What a read came to.
pub(crate) struct Woken {
    pub(crate) shard: usize,
    pub(crate) outcome: Result<Taken, RedisUnavailable>,
}

/// Reads one shard whenever it is told to.
pub(crate) struct BlockingReader {
    pub(crate) address: RedisAddress,
    pub(crate) taker: Arc<Taker>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) shard: usize,
}

impl BlockingReader {
    /// Reads once for each `()`, until the sender is gone.
    pub(crate) async fn run(self, mut orders: mpsc::Receiver<()>, woken: mpsc::Sender<Woken>) {
        let mut connection = None;
        let mut pause = FIRST_PAUSE;
        while orders.recv().await.is_some() {
            let outcome = self.read(&mut connection).await;
            if outcome.is_ok() {
                pause = FIRST_PAUSE;
            } else {
                connection = None;
                sleep(pause).await;
                pause = LAST_PAUSE.min(pause * 2);
            }
            if woken
                .send(Woken {
                    shard: self.shard,
                    outcome,
                })
                .await
                .is_err()
            {
                return;
            }
        }
    }

    async fn read(&self, connection: &mut Option<Connection>) -> Result<Taken, RedisUnavailable> {
        let connection = match connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(&self.address, LIMITS).await?),
        };
        let read = self.taker.wait(connection, &self.keys, self.shard, BLOCK);
        // After this long nothing comes any more, so it can be dropped.
        match timeout(BLOCK + GRACE, read).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(RedisUnavailable::Silent(BLOCK + GRACE)),
        }
    }
}
