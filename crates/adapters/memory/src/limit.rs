//! The dispatch limit in memory: an exact sliding window.
//!
//! It remembers when each of the last N dispatches was granted; the next one is granted a minute after the
//! first of them. So no minute, wherever it begins, sees more than N.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use order_ports::{DispatchLimit, Grant, QueueError};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep_until};

const WINDOW: Duration = Duration::from_secs(60);

/// At most so many dispatches in any minute, in this process.
#[derive(Debug)]
pub struct MemoryDispatchWindow {
    per_minute: usize,
    /// Held while waiting, so that those who wait are served in the order in which they came.
    turn: Mutex<()>,
    window: parking_lot::Mutex<Window>,
    /// Wakes whoever has the turn when a grant is given back.
    given_back: Notify,
}

/// The grants of the last minute.
#[derive(Debug, Default)]
struct Window {
    /// The oldest first.
    granted: VecDeque<(Grant, Instant)>,
    next: u64,
}

impl MemoryDispatchWindow {
    /// A window that no dispatch has passed yet.
    pub fn per_minute(dispatches: NonZeroU32) -> Self {
        let per_minute = usize::try_from(dispatches.get()).unwrap_or(usize::MAX);
        Self {
            per_minute,
            turn: Mutex::default(),
            window: parking_lot::Mutex::default(),
            given_back: Notify::new(),
        }
    }
}

impl Window {
    /// A grant, or when there may be one.
    fn grant(&mut self, limit: usize) -> Result<Grant, Instant> {
        let now = Instant::now();
        while self.granted.front().is_some_and(|(_, at)| *at + WINDOW <= now) {
            self.granted.pop_front();
        }
        if let Some((_, oldest)) = self.granted.front()
            && self.granted.len() >= limit
        {
            return Err(*oldest + WINDOW);
        }
        let grant = Grant(self.next);
        self.next += 1;
        self.granted.push_back((grant, now));
        Ok(grant)
    }
}

#[async_trait]
impl DispatchLimit for MemoryDispatchWindow {
    async fn acquire(&self) -> Result<Grant, QueueError> {
        let _turn = self.turn.lock().await;
        loop {
            let granted = self.window.lock().grant(self.per_minute);
            let until = match granted {
                Ok(grant) => return Ok(grant),
                Err(until) => until,
            };
            tokio::select! {
                biased;
                () = self.given_back.notified() => {}
                () = sleep_until(until) => {}
            }
        }
    }

    async fn give_back(&self, grant: Grant) -> Result<(), QueueError> {
        self.window
            .lock()
            .granted
            .retain(|(granted, _)| *granted != grant);
        self.given_back.notify_one();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_pass_in_the_order_in_which_they_came() {
        let limit = Arc::new(MemoryDispatchWindow::per_minute(NonZeroU32::MIN));
        let (sender, mut passed) = tokio::sync::mpsc::unbounded_channel();
        for n in 0..5 {
            let (limit, sender) = (limit.clone(), sender.clone());
            tokio::spawn(async move {
                limit.acquire().await.unwrap();
                sender.send((n, Instant::now())).unwrap();
            });
        }
        let mut last = None;
        for n in 0..5 {
            let (number, at) = passed.recv().await.unwrap();
            assert_eq!(number, n);
            assert!(last.is_none_or(|last| at >= last + WINDOW));
            last = Some(at);
        }
    }
}
