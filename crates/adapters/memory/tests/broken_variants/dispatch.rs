use std::time::Duration;

use async_trait::async_trait;
use order_memory::MemoryDispatchWindow;
use order_ports::contract::dispatch as laws;
use order_ports::{DispatchLimit, Grant, QueueError};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

const WINDOW: Duration = Duration::from_secs(60);

/// In which way a limit is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Break {
    LimitsNothing,
    NeverOpensAgain,
    WindowsFollowEachOther,
    ForgetsTheCountOfADroppedWait,
    TakesNothingBack,
    TakesBackAnyGrant,
}

struct Broken {
    at: Break,
    /// When the window began, and how many have passed in it.
    window: Mutex<Option<(Instant, u32)>>,
    /// An exact limit, for those that are broken in what they take back.
    exact: MemoryDispatchWindow,
    granted: Mutex<Vec<Grant>>,
}

impl Broken {
    fn new(at: Break) -> Self {
        Self {
            at,
            window: Mutex::default(),
            exact: MemoryDispatchWindow::per_minute(laws::ALLOWED),
            granted: Mutex::default(),
        }
    }
}

#[async_trait]
impl DispatchLimit for Broken {
    async fn acquire(&self) -> Result<Grant, QueueError> {
        match self.at {
            Break::LimitsNothing => return Ok(Grant(0)),
            Break::TakesNothingBack | Break::TakesBackAnyGrant => {
                let grant = self.exact.acquire().await?;
                self.granted.lock().await.push(grant);
                return Ok(grant);
            }
            Break::NeverOpensAgain | Break::WindowsFollowEachOther | Break::ForgetsTheCountOfADroppedWait => {
            }
        }
        let mut window = self.window.lock().await;
        let (began, passed) = window.unwrap_or((Instant::now(), 0));
        if passed < laws::ALLOWED.get() && Instant::now() < began + WINDOW {
            *window = Some((began, passed + 1));
            return Ok(Grant(0));
        }
        match self.at {
            Break::NeverOpensAgain => std::future::pending().await,
            Break::ForgetsTheCountOfADroppedWait => *window = None,
            Break::WindowsFollowEachOther
            | Break::LimitsNothing
            | Break::TakesNothingBack
            | Break::TakesBackAnyGrant => {}
        }
        sleep_until(began + WINDOW).await;
        *window = Some((Instant::now(), 1));
        Ok(Grant(0))
    }

    async fn give_back(&self, _: Grant) -> Result<(), QueueError> {
        if self.at == Break::TakesBackAnyGrant
            && let Some(newest) = self.granted.lock().await.pop()
        {
            self.exact.give_back(newest).await?;
        }
        Ok(())
    }
}

crate::bites! { Broken::new, (WINDOW), [
    a_limit_that_limits_nothing: Break::LimitsNothing => as_many_as_allowed_pass_at_once, "one more passed";
    a_limit_that_never_opens_again:
        Break::NeverOpensAgain => one_more_waits_until_the_window_has_moved_on, "the window moves on";
    a_limit_whose_windows_follow_each_other:
        Break::WindowsFollowEachOther => a_burst_late_in_a_window_counts_in_the_next, "6 in";
    a_limit_that_forgets_its_count_with_a_dropped_wait:
        Break::ForgetsTheCountOfADroppedWait => a_dropped_wait_lets_nobody_through_too_early, "one more passed";
    a_limit_that_takes_nothing_back:
        Break::TakesNothingBack => what_is_given_back_goes_to_whoever_waits, "nobody waits";
    a_limit_that_takes_a_grant_back_twice:
        Break::TakesBackAnyGrant => a_grant_is_given_back_once, "one more passed";
    a_limit_that_takes_back_what_is_over:
        Break::TakesBackAnyGrant => what_is_given_back_late_opens_nothing, "one more passed";
] }
