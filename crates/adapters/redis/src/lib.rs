//! The work queue on Redis Streams, the notifier on Pub/Sub, and the dispatch limit that all workers share.
//!
//! Redis holds nothing that cannot be lost: the store is the truth, and a work item or a notification that goes missing
//! here costs time, never an order. So nothing in this crate waits for Redis longer than its patience, and
//! everything in it comes back by itself.
//!
//! # The queue
//! Each shard `k` has one stream per priority: `{orders:k}:high`, `{orders:k}:normal`, `{orders:k}:low`. The
//! braces put a shard into one slot of a cluster. All workers are consumers of one group, so each entry is
//! handed to one of them, and stays in the group's list of pending entries until it is acknowledged.
//!
//! * **Push** is a script per shard and portion of work items: an XADD for each order that the queue does not hold. In
//!   which entry an order is, says the hash `{orders:k}:held` beside the streams; a program that writes to the streams
//!   writes to it in the same step. What of the two is lost alone is made good by the next push. The streams are
//!   never trimmed: that would drop entries that a worker still works on. An acknowledged entry is deleted, so a
//!   stream is as long as its work.
//! * **Pull** takes from Redis just what is asked for, in one script per shard, in the turns that
//!   [`order_core::priority::Turns`] says. Nothing is read ahead: what one worker held back, an idle one could
//!   not take, and an urgent work item could not overtake. Only when there is nothing does a blocking read wait, on a
//!   connection of its own, for one entry. It is never dropped while it waits, since an entry that is on its
//!   way at that moment would reach no consumer; instead what it brings is kept for the next pull, and put back if
//!   none follows.
//! * **Acknowledge** is XACK and XDEL in one script, gathered from all callers of the same time; an order that was
//!   pushed meanwhile is added again there.
//! * **A worker that died** leaves its deliveries pending. A worker with free hands takes them over by
//!   XAUTOCLAIM once they are older than [`RedisSettings::claim_after`]. This is the fast path; the sweep of
//!   the store finds the same orders.
//! * **A flushed or emptied Redis** has no group any more. It is made again from the beginning of the streams,
//!   and one pull reports [`order_ports::QueueError::Lost`], so that the application fills it from the store.
//!
//! # The notifier
//! One message per [`order_ports::Notifier::publish`], in this process by a channel in memory, to all others
//! by PUBLISH on `{orders}:events`.
//!
//! # Connections
//! One multiplexed connection carries every command of the hot path. One more per shard does the blocking
//! reads, one listens. What is rare (health, depth, housekeeping) takes a connection from a pool, and so cannot
//! be held up by the rest. After a break all of them come back by themselves.
//!
//! Where the address leads to a node of a cluster, the commands find the other nodes through it, and the shards
//! spread over them. Notifications stay on the channel that every node passes on to all others: sharded channels need
//! a subscription per node, for a load that the queue's shards do not have.

mod address;
mod check;
mod connection;
mod error;
mod keys;
mod link;
mod notifier;
mod probe;
mod queue;
mod server;
mod settings;
mod window;

pub use address::{AuthorityError, InvalidAddress, RedisAddress};
pub use check::CheckError;
pub use error::RedisUnavailable;
pub use notifier::RedisNotifier;
pub use probe::ProbeError;
pub use queue::RedisQueue;
pub use server::RedisServer;
pub use settings::{InvalidQueueName, QueueName, RedisSettings};
pub use window::RedisDispatchWindow;
