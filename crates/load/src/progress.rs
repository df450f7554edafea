//! How far a run is, on a terminal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::orders::{Orders, Window};

/// Often enough for people, and next to nothing for the machine.
const TICK: Duration = Duration::from_millis(500);

/// Draws until it is dropped: on standard error, and only if that is a terminal.
pub(crate) async fn draw(orders: Arc<Orders>, begin: Instant, window: Window) {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(
        Some(millis(window.to.saturating_duration_since(begin))),
        ProgressDrawTarget::stderr(),
    );
    if bar.is_hidden() {
        return;
    }
    if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:30}] {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        let now = Instant::now();
        bar.set_prefix(if now < window.from {
            "warming up"
        } else if now < window.to {
            "measuring"
        } else {
            "waiting"
        });
        bar.set_position(millis(now.saturating_duration_since(begin)));
        let counts = orders.tally(|tally, _| tally.counts);
        bar.set_message(format!(
            "{} accepted, {} refused, {} open",
            counts.accepted + counts.warm_up,
            counts.refused,
            orders.open_count()
        ));
    }
}
