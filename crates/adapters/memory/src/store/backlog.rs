//! What waits, over all shards.

use async_trait::async_trait;
use order_core::order::{State, Status};
use order_ports::{Backlog, OrderBacklog, StoreError};
use tokio::time::Instant;

use super::MemoryStore;
use super::record::Record;

#[async_trait]
impl OrderBacklog for MemoryStore {
    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let now = Instant::now();
        let mut backlog = Backlog::default();
        for shard in &self.shards {
            shard.lock().visit_live(|record| add(&mut backlog, record, now));
        }
        Ok(backlog)
    }
}

fn add(backlog: &mut Backlog, record: &Record, now: Instant) {
    let (state, timing) = (&record.progress.state, record.timing);
    if matches!(state, State::Submitted { unknown: true, .. }) {
        backlog.unknown += 1;
    }
    let held = timing.leased_until.is_some_and(|until| until > now);
    if held || timing.due_at > now || state.status() == Status::Waiting {
        return;
    }
    backlog.oldest_due = backlog.oldest_due.max(Some(now - timing.due_at));
}
