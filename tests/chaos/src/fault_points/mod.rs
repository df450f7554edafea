//! Fault points: a decorator around every port that the protocol goes through, which lets the nth call abort the
//! process, wait, or fail, before it is made or after.
//!
//! What strikes is said in the variable [`VARIABLE`], as `site.when=what@nth`, several of them with semicolons
//! between: `journal.write_ahead.after=abort@3;settlement.send.before=error@1`. `what` is `abort` (the process is
//! gone as by SIGKILL), `error` (before: the call is not made; after: it is made, and its answer lost),
//! `delay:1500ms`, or, before only, `repeat` (the call is made twice, and the second answer counts). `@*` means
//! every call.

mod store;
mod world;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use order_application::Ports;
use order_ports::{PoolSource, QuoteSource};

use crate::Failure;

/// The environment variable that says what strikes.
pub const VARIABLE: &str = "CHAOS_FAULT_POINTS";

/// What a process says when a fault strikes it.
pub const STRUCK: &str = "fault point struck:";

/// All sites.
pub const SITES: [&str; 19] = [
    "intake.accept",
    "leases.claim",
    "leases.due",
    "journal.append",
    "journal.write_ahead",
    "journal.record",
    "waiting.waiting",
    "waiting.wake",
    "control.apply_owner_command",
    "queue.push",
    "queue.pull",
    "queue.acknowledge",
    "notifier.publish",
    "venue.quote",
    "pools.pools",
    "feed.moves",
    "settlement.build",
    "settlement.send",
    "settlement.look_up",
];

/// On which side of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before it is made.
    Before,
    /// After it was made.
    After,
}

/// What strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The process is gone.
    Abort,
    /// The call fails, or its answer is lost.
    Error,
    /// The call takes longer.
    Delay(Duration),
    /// The call is made twice.
    Repeat,
}

/// What a fault does to the call that it struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Struck {
    Not,
    Fails,
    Twice,
}

struct Point {
    site: &'static str,
    when: When,
    what: What,
    /// None for every call.
    nth: Option<u64>,
    calls: AtomicU64,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.when {
            When::Before => "before",
            When::After => "after",
        };
        write!(f, "{}.{when}={:?}", self.site, self.what)
    }
}

/// A fault that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("a fault point")]
struct Injected;

/// The fault points of a process.
pub struct FaultPoints(Vec<Point>);

impl FaultPoints {
    /// Those of this process's environment; none if there are none.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn of_process() -> Result<Option<Self>, Failure> {
        match std::env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => Ok(Some(Self::parse(&text)?)),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// Those of a text.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let points = text.split(';').map(|point| {
            parse_point(point.trim()).ok_or_else(|| format!("{point:?} is no fault point").into())
        });
        Ok(Self(points.collect::<Result<_, Failure>>()?))
    }

    /// Puts them around the ports.
    pub fn decorate(self, ports: Ports) -> Ports {
        let points = Arc::new(self);
        macro_rules! around {
            ($port:expr) => {
                Arc::new(Around {
                    inner: $port,
                    points: Arc::clone(&points),
                })
            };
        }
        Ports {
            intake: around!(ports.intake),
            leases: around!(ports.leases),
            journal: around!(ports.journal),
            queue: around!(ports.queue),
            notifier: around!(ports.notifier),
            venues: ports
                .venues
                .into_iter()
                .map(|venue| around!(venue) as Arc<dyn QuoteSource>)
                .collect(),
            pools: ports.pools.map(|pools| around!(pools) as Arc<dyn PoolSource>),
            settlement: around!(ports.settlement),
            waiting: around!(ports.waiting),
            control: around!(ports.control),
            feed: around!(ports.feed),
            ..ports
        }
    }

    async fn strike(&self, site: &'static str, when: When) -> Struck {
        let mut struck = Struck::Not;
        for point in self
            .0
            .iter()
            .filter(|point| point.site == site && point.when == when)
        {
            let call = point.calls.fetch_add(1, Ordering::SeqCst) + 1;
            if point.nth.is_some_and(|nth| nth != call) {
                continue;
            }
            // Not by the log, which may not be written to its end. Where no reader is left, the fault is injected all
            // the same.
            let _ = tell(io::stderr(), point);
            match point.what {
                What::Error => struck = Struck::Fails,
                What::Repeat => struck = Struck::Twice,
                What::Delay(duration) => tokio::time::sleep(duration).await,
                What::Abort => {
                    // Nothing is tidied up and nothing is said, as with a machine that loses power.
                    let _ = kill(Pid::this(), Signal::SIGKILL);
                    std::future::pending::<()>().await;
                }
            }
        }
        struck
    }

    /// Makes a call; `error` says what it fails with, before and after.
    async fn around<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        site: &'static str,
        error: impl Fn(When) -> E,
        call: impl Fn() -> F,
    ) -> Result<T, E> {
        match self.strike(site, When::Before).await {
            Struck::Not => {}
            Struck::Fails => return Err(error(When::Before)),
            Struck::Twice => drop(call().await),
        }
        let result = call().await;
        match self.strike(site, When::After).await {
            Struck::Fails => Err(error(When::After)),
            Struck::Not | Struck::Twice => result,
        }
    }
}

/// Says in one write that a point strikes: the log goes to the same file from other threads, and must not come between.
fn tell(mut out: impl Write, point: &Point) -> io::Result<()> {
    out.write_all(format!("{STRUCK} {point}\n").as_bytes())
}

fn parse_point(text: &str) -> Option<Point> {
    let (place, fault) = text.split_once('=')?;
    let (site, when) = place.rsplit_once('.')?;
    let (what, nth) = fault.split_once('@')?;
    Some(Point {
        site: SITES.into_iter().find(|known| *known == site)?,
        when: match when {
            "before" => When::Before,
            "after" => When::After,
            _ => return None,
        },
        what: match what.split_once(':') {
            Some(("delay", millis)) => {
                What::Delay(Duration::from_millis(millis.strip_suffix("ms")?.parse().ok()?))
            }
            None if what == "abort" => What::Abort,
            None if what == "error" => What::Error,
            None if what == "repeat" && when == "before" => What::Repeat,
            Some(_) | None => return None,
        },
        nth: if nth == "*" { None } else { Some(nth.parse().ok()?) },
        calls: AtomicU64::new(0),
    })
}

/// A port with fault points around it.
struct Around<P: ?Sized> {
    inner: Arc<P>,
    points: Arc<FaultPoints>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_site_a_side_a_fault_and_a_number() {
        let points =
            FaultPoints::parse("journal.record.after=abort@3; venue.quote.before=delay:20ms@*").unwrap();
        let shown: Vec<_> = points
            .0
            .iter()
            .map(|point| (point.to_string(), point.nth))
            .collect();
        assert_eq!(
            shown,
            [
                ("journal.record.after=Abort".into(), Some(3)),
                ("venue.quote.before=Delay(20ms)".into(), None)
            ]
        );
        for wrong in [
            "",
            "journal.record=abort@1",
            "journal.recrod.after=abort@1",
            "queue.pull.after=abort",
        ] {
            assert!(FaultPoints::parse(wrong).is_err(), "{wrong}");
        }
    }

    /// Counts what would each be a system call.
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, part: &[u8]) -> io::Result<usize> {
            self.0.push(part.to_vec());
            Ok(part.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nothing_comes_between_the_words_that_tell_of_a_fault() {
        let points = FaultPoints::parse("settlement.build.after=error@2").unwrap();
        let mut writes = Writes(Vec::new());
        tell(&mut writes, &points.0[0]).unwrap();
        let whole = format!("{STRUCK} settlement.build.after=Error\n");
        assert_eq!(writes.0, [whole.into_bytes()]);
    }
}
