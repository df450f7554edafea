//! What a run has shown.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::latency::Percentiles;
use crate::options::{Follow, LoadOptions, LoadPace};
use crate::orders::{OrderCounts, Tally, Window};

/// What a run has shown. Rates are orders a second, latencies microseconds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadReport {
    /// The server.
    pub target: String,
    /// `open` or `closed`.
    pub pace: &'static str,
    /// Orders a second that were due, in an open loop.
    pub rate: Option<u32>,
    /// Connections that submitted.
    pub connections: usize,
    /// How orders were followed.
    pub follow: &'static str,
    /// Sockets an order.
    pub watchers: usize,
    /// How long orders were submitted that count.
    pub seconds: f64,
    /// Whether it was ended before its time.
    pub interrupted: bool,
    /// What became of them.
    pub orders: OrderCounts,
    /// Orders accepted in a second.
    pub accepted_per_second: f64,
    /// Orders confirmed in a second: while orders were submitted, or, where they were followed by draining, until
    /// the last one was confirmed. Nothing where they were not followed.
    pub confirmed_per_second: Option<f64>,
    /// From the time an order was due, or in a closed loop was sent, to its answer; corrected for coordinated
    /// omission in either case.
    pub submit: Percentiles,
    /// From the time an order was sent to its answer, as measured.
    pub submit_uncorrected: Percentiles,
    /// From the same time as `submit` to the news of its confirmation; in a drained run between the server's own
    /// stamps.
    pub submit_to_confirmed: Percentiles,
    /// How often what went wrong.
    pub errors: BTreeMap<String, u64>,
}

impl LoadReport {
    pub(crate) fn new(
        options: &LoadOptions,
        stopped: Option<Instant>,
        tally: &Tally,
        window: Window,
    ) -> Self {
        let to = stopped.map_or(window.to, |stopped| window.to.min(stopped));
        let measured = to.saturating_duration_since(window.from);
        let (pace, rate) = match options.pace {
            LoadPace::Closed { .. } => ("closed", None),
            LoadPace::Open { rate } => ("open", Some(rate.get())),
        };
        let submit = match options.pace {
            LoadPace::Closed { .. } => tally.service.corrected().percentiles(),
            LoadPace::Open { .. } => tally.submit.percentiles(),
        };
        Self {
            target: options.target.to_string(),
            pace,
            rate,
            connections: options.connections.get(),
            follow: options.follow.as_str(),
            watchers: options.follow.watchers(),
            seconds: measured.as_secs_f64(),
            interrupted: stopped.is_some(),
            orders: tally.counts,
            accepted_per_second: per_second(tally.accepted_within, measured),
            confirmed_per_second: confirmed_per_second(options.follow, tally, window, measured),
            submit,
            submit_uncorrected: tally.service.percentiles(),
            submit_to_confirmed: tally.life.percentiles(),
            errors: tally.errors.clone(),
        }
    }
}

fn confirmed_per_second(follow: Follow, tally: &Tally, window: Window, measured: Duration) -> Option<f64> {
    match follow {
        Follow::Feed | Follow::Each(_) => Some(per_second(tally.confirmed_within, measured)),
        Follow::Drain => {
            let last = tally.last_confirmed.unwrap_or(window.from);
            let until_last = last.saturating_duration_since(window.from);
            Some(per_second(tally.confirmed_since, until_last))
        }
        Follow::Nothing => None,
    }
}

/// To a tenth.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a rate for people to read"
)]
fn per_second(count: u64, time: Duration) -> f64 {
    let seconds = time.as_secs_f64();
    if seconds > 0.0 {
        (count as f64 / seconds * 10.0).round() / 10.0
    } else {
        0.0
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pace = self.rate.map_or_else(
            || "as fast as taken".to_owned(),
            |rate| format!("{rate} orders/s due"),
        );
        let interrupted = if self.interrupted { ", interrupted" } else { "" };
        writeln!(
            f,
            "{}: {pace}, {} connections, {:.1} s{interrupted}",
            self.target, self.connections, self.seconds
        )?;
        let OrderCounts {
            submitted,
            accepted,
            refused,
            confirmed,
            failed,
            cancelled,
            expired,
            open,
            warm_up,
        } = self.orders;
        writeln!(
            f,
            "orders     {submitted} submitted, {accepted} accepted, {refused} refused; before them {warm_up} to warm up"
        )?;
        writeln!(
            f,
            "           {confirmed} confirmed, {failed} failed, {cancelled} cancelled, {expired} expired, {open} open"
        )?;
        writeln!(f, "accepted   {:.1}/s", self.accepted_per_second)?;
        if let Some(rate) = self.confirmed_per_second {
            writeln!(f, "confirmed  {rate:.1}/s")?;
        }
        writeln!(
            f,
            "\n{:22}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "latency, ms", "min", "p50", "p90", "p99", "p99.9", "max"
        )?;
        line(f, "submit", &self.submit)?;
        line(f, "  as measured", &self.submit_uncorrected)?;
        line(f, "submit to confirmed", &self.submit_to_confirmed)?;
        if !self.errors.is_empty() {
            writeln!(f, "\nerrors")?;
        }
        for (kind, count) in &self.errors {
            writeln!(f, "  {count:>8}  {kind}")?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, times: &Percentiles) -> fmt::Result {
    if times.count == 0 {
        return Ok(());
    }
    write!(f, "{name:22}")?;
    for micros in [times.min, times.p50, times.p90, times.p99, times.p999, times.max] {
        write!(f, "{:>10}", format!("{}.{:03}", micros / 1_000, micros % 1_000))?;
    }
    writeln!(f)
}
