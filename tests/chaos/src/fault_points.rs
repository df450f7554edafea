//! Fault points: a decorator around every port that the protocol goes through, which lets the nth call abort the
//! process, wait, or fail, before it is made or after.
//!
//! What strikes is said in the variable [`VARIABLE`], as `site.when=what@nth`, several of them with semicolons
//! between: `journal.write_ahead.after=abort@3;settlement.send.before=error@1`. `what` is `abort` (the process is
//! gone as by SIGKILL), `error` (before: the call is not made; after: it is made, and its answer lost),
//! `delay:1500ms`, or, before only, `repeat` (the call is made twice, and the second answer counts). `@*` means
//! every call.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use order_application::Ports;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::id::{IdempotencyKey, OrderId, WorkerId};
use order_core::lifecycle::{Attempt, AttemptOutcome, Release};
use order_core::order::OrderSpec;
use order_core::token::Token;
use order_core::venue::{Draft, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus, Venue};
use order_ports::{
    AcceptError, Acceptance, Accepted, Claim, Delivery, JournalError, Lease, LookUpError, Moved, Notice,
    Notices, Notifier, NotifyError, OrderIntake, OrderJournal, OrderLeases, QueueDepth, QueueError,
    QuoteSource, Receipt, SendError, Settlement, StoreError, Sweep, WorkHint, WorkQueue,
};

use crate::Failure;

/// The environment variable that says what strikes.
pub const VARIABLE: &str = "CHAOS_FAULT_POINTS";

/// What a process says when a fault strikes it.
pub const STRUCK: &str = "fault point struck:";

/// All sites.
pub const SITES: [&str; 14] = [
    "intake.accept",
    "leases.claim",
    "leases.due",
    "journal.append",
    "journal.write_ahead",
    "journal.record",
    "queue.push",
    "queue.pull",
    "queue.acknowledge",
    "notifier.publish",
    "venue.quote",
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
            settlement: around!(ports.settlement),
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
            // Not by the log, which may not be written to its end.
            eprintln!("{STRUCK} {point}");
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

fn store(_: When) -> StoreError {
    StoreError::Unavailable(Box::new(Injected))
}

fn queue(_: When) -> QueueError {
    QueueError::Unavailable(Box::new(Injected))
}

#[async_trait]
impl OrderIntake for Around<dyn OrderIntake> {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let error = |when| AcceptError::Store(store(when));
        self.points
            .around("intake.accept", error, || self.inner.accept(acceptance.clone()))
            .await
    }

    async fn recall(
        &self,
        spec: &OrderSpec,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        self.inner.recall(spec, idempotency_key).await
    }
}

#[async_trait]
impl OrderLeases for Around<dyn OrderLeases> {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        self.points
            .around("leases.claim", store, || self.inner.claim(id, holder, ttl))
            .await
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkHint>, StoreError> {
        self.points
            .around("leases.due", store, || self.inner.due(sweep, limit))
            .await
    }
}

fn journal(when: When) -> JournalError {
    JournalError::Store(store(when))
}

#[async_trait]
impl OrderJournal for Around<dyn OrderJournal> {
    async fn append(&self, lease: &Lease, moved: Moved<'_>) -> Result<(), JournalError> {
        self.points
            .around("journal.append", journal, || self.inner.append(lease, moved))
            .await
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Moved<'_>,
    ) -> Result<(), JournalError> {
        let call = || self.inner.write_ahead(lease, attempt, moved);
        self.points.around("journal.write_ahead", journal, call).await
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Moved<'_>,
    ) -> Result<(), JournalError> {
        let call = || self.inner.record(lease, outcome, release, moved);
        self.points.around("journal.record", journal, call).await
    }
}

#[async_trait]
impl WorkQueue for Around<dyn WorkQueue> {
    async fn push(&self, hints: &[WorkHint]) -> Result<(), QueueError> {
        self.points
            .around("queue.push", queue, || self.inner.push(hints))
            .await
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.points
            .around("queue.pull", queue, || self.inner.pull(max))
            .await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError> {
        self.points
            .around("queue.acknowledge", queue, || self.inner.acknowledge(receipts))
            .await
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        self.inner.depth().await
    }
}

#[async_trait]
impl Notifier for Around<dyn Notifier> {
    async fn publish(&self, notices: Arc<[Notice]>) -> Result<(), NotifyError> {
        let error = |_| NotifyError::Unavailable(Box::new(Injected));
        self.points
            .around("notifier.publish", error, || {
                self.inner.publish(Arc::clone(&notices))
            })
            .await
    }

    async fn listen(&self) -> Result<Box<dyn Notices>, NotifyError> {
        self.inner.listen().await
    }
}

#[async_trait]
impl QuoteSource for Around<dyn QuoteSource> {
    fn venue(&self) -> Venue {
        self.inner.venue()
    }

    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, VenueError> {
        let error = |_| VenueError::Timeout;
        self.points
            .around("venue.quote", error, || self.inner.quote(request))
            .await
    }

    async fn capacity(
        &self,
        token_in: Token,
        token_out: Token,
        enough: Amount,
    ) -> Result<Amount, VenueError> {
        self.inner.capacity(token_in, token_out, enough).await
    }
}

#[async_trait]
impl Settlement for Around<dyn Settlement> {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        let error = |_| VenueError::Timeout;
        self.points
            .around("settlement.build", error, || self.inner.build(draft))
            .await
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        let error = |when| match when {
            When::Before => SendError::NotSent(VenueError::Down),
            When::After => SendError::Unknown(Box::new(Injected)),
        };
        self.points
            .around("settlement.send", error, || self.inner.send(transaction))
            .await
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        let error = |_| LookUpError(Box::new(Injected));
        self.points
            .around("settlement.look_up", error, || self.inner.look_up(id, wait))
            .await
    }

    fn removes_duplicates(&self) -> bool {
        self.inner.removes_duplicates()
    }
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
}
