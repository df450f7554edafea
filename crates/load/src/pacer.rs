//! When orders are due in an open loop.

use std::num::NonZeroU32;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::error::LoadError;

/// Orders at equal distances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    rate: NonZeroU32,
}

impl Schedule {
    pub(crate) const fn new(rate: NonZeroU32) -> Self {
        Self { rate }
    }

    /// How long after the beginning the nth order is due, counted from 0. Multiplied, not added up: no error grows.
    pub(crate) fn due(self, n: u64) -> Duration {
        let nanos = u128::from(n) * 1_000_000_000 / u128::from(self.rate.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The longest sleep, after which the pacer looks whether the receiver is still there.
const LOOK_UP: Duration = Duration::from_millis(100);

/// Says when each order is due, when it is, until `end`. A thread of its own, since the runtime's timers are only
/// good to the millisecond, which would be counted as the server's latency.
pub(crate) fn start(
    schedule: Schedule,
    begin: Instant,
    end: Instant,
) -> Result<mpsc::UnboundedReceiver<Instant>, LoadError> {
    let (sender, due) = mpsc::unbounded_channel();
    thread::Builder::new()
        .name("pacer".into())
        .spawn(move || keep_pace(schedule, begin, end, &sender))
        .map_err(LoadError::Pacer)?;
    Ok(due)
}

fn keep_pace(schedule: Schedule, begin: Instant, end: Instant, due: &mpsc::UnboundedSender<Instant>) {
    for n in 0.. {
        let next = begin + schedule.due(n);
        if next >= end {
            return;
        }
        loop {
            let left = next.saturating_duration_since(Instant::now());
            if due.is_closed() {
                return;
            }
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(LOOK_UP));
        }
        if due.send(next).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rate: u32) -> Schedule {
        Schedule::new(NonZeroU32::new(rate).unwrap())
    }

    #[test]
    fn distances_are_equal_and_no_error_grows() {
        let three = schedule(3);
        assert_eq!(three.due(0), Duration::ZERO);
        assert_eq!(three.due(1), Duration::from_nanos(333_333_333));
        assert_eq!(three.due(3), Duration::from_secs(1));
        assert_eq!(three.due(3_000_000), Duration::from_secs(1_000_000));
    }

    #[test]
    fn as_many_are_due_as_fit_into_the_time() {
        let begin = Instant::now();
        let mut due = start(schedule(1_000), begin, begin + Duration::from_millis(50)).unwrap();
        let mut times = Vec::new();
        while let Some(time) = due.blocking_recv() {
            assert!(Instant::now() >= time, "told before it was due");
            times.push(time - begin);
        }
        let expected: Vec<_> = (0..50).map(Duration::from_millis).collect();
        assert_eq!(times, expected);
    }
}
