//! The dispatch limit in memory: an exact sliding window.
//!
//! It remembers when each of the last N dispatches was granted; the next one is granted a minute after the
//! first of them. So no minute, wherever it begins, sees more than N.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use order_ports::{DispatchLimit, QueueError};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

const WINDOW: Duration = Duration::from_secs(60);

/// At most so many dispatches in any minute, in this process.
#[derive(Debug)]
pub struct MemoryDispatchWindow {
    per_minute: usize,
    /// Held while waiting, so that those who wait are served in the order in which they came.
    granted: Mutex<VecDeque<Instant>>,
}

impl MemoryDispatchWindow {
    /// A window that no dispatch has passed yet.
    pub fn per_minute(dispatches: NonZeroU32) -> Self {
        let per_minute = usize::try_from(dispatches.get()).unwrap_or(usize::MAX);
        Self {
            per_minute,
            granted: Mutex::default(),
        }
    }
}

#[async_trait]
impl DispatchLimit for MemoryDispatchWindow {
    async fn acquire(&self) -> Result<(), QueueError> {
        let mut granted = self.granted.lock().await;
        if granted.len() == self.per_minute
            && let Some(oldest) = granted.front()
        {
            sleep_until(*oldest + WINDOW).await;
            granted.pop_front();
        }
        granted.push_back(Instant::now());
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
