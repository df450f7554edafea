//! One run, from the first order to the report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::error::{Fault, LoadError};
use crate::follow::Follower;
use crate::http::{Connection, dial};
use crate::mix::Bodies;
use crate::options::{LoadOptions, LoadPace};
use crate::orders::{Orders, Submission, Window};
use crate::pacer::{self, Schedule};
use crate::progress;
use crate::report::LoadReport;
use crate::settle::Settling;
use crate::stamps::Epoch;

/// A connection that failed waits so long before its next order, so that a server that is gone is not asked
/// thousands of times a second.
const PAUSE: Duration = Duration::from_millis(50);

/// From the decision to begin until the first order is due: the server must be found, the feed opened.
const LEAD: Duration = Duration::from_millis(20);

type Due = Arc<Mutex<mpsc::UnboundedReceiver<Instant>>>;

/// Submits orders and follows them, and says what came of it. When `stop` is ready it ends at once and says what
/// it has. Must be called within a tokio runtime; one thread is enough.
///
/// # Errors
/// [`LoadError`] when it cannot begin. What goes wrong later is in the report.
pub async fn run(options: LoadOptions, stop: impl Future<Output = ()>) -> Result<LoadReport, LoadError> {
    let target = Arc::new(options.target.clone());
    drop(dial(&target).await.map_err(|source| LoadError::Unreachable {
        address: target.authority(),
        source,
    })?);
    let (epoch, begin) = (Epoch::now(), Instant::now() + LEAD);
    let from = begin + options.warm_up;
    let window = Window {
        from,
        to: from + options.duration,
    };
    let orders = Arc::new(Orders::new(window)?);
    let follower = Follower::start(options.follow, Arc::clone(&target), Arc::clone(&orders)).await?;
    let submitting = Submitting {
        bodies: options.orders.bodies(target.dialect),
        orders: Arc::clone(&orders),
        follower,
        begin,
        end: window.to,
    };
    let settling = Settling {
        target,
        orders: Arc::clone(&orders),
        epoch,
        connections: options.connections.get(),
        patience: options.patience,
    };
    let work = async {
        let submitting = Arc::new(submitting);
        submit(&submitting, &options).await?;
        settling.settle(options.follow).await;
        Ok::<_, LoadError>(())
    };
    let mut looking_on = JoinSet::new();
    if options.progress {
        looking_on.spawn(progress::draw(Arc::clone(&orders), begin, window));
    }
    let stopped = tokio::select! {
        done = work => done.map(|()| None)?,
        () = stop => Some(Instant::now()),
    };
    looking_on.shutdown().await;
    Ok(orders.tally(|tally, window| LoadReport::new(&options, stopped, tally, window)))
}

/// What all connections have in common.
struct Submitting {
    bodies: Bodies,
    orders: Arc<Orders>,
    follower: Follower,
    begin: Instant,
    end: Instant,
}

/// Submits orders until their time is over.
async fn submit(submitting: &Arc<Submitting>, options: &LoadOptions) -> Result<(), LoadError> {
    let mut connections = JoinSet::new();
    let connection = || Connection::new(Arc::new(options.target.clone()));
    match options.pace {
        LoadPace::Closed { in_flight } => {
            let limit = in_flight.map(|most| Arc::new(Semaphore::new(most.get())));
            for _ in 0..options.connections.get() {
                let submitting = Arc::clone(submitting);
                connections.spawn(submitting.closed_loop(connection(), limit.clone()));
            }
            while connections.join_next().await.is_some() {}
        }
        LoadPace::Open { rate } => {
            let due = pacer::start(Schedule::new(rate), submitting.begin, submitting.end)?;
            let due = Arc::new(Mutex::new(due));
            for _ in 0..options.connections.get() {
                let submitting = Arc::clone(submitting);
                connections.spawn(submitting.open_loop(connection(), Arc::clone(&due)));
            }
            let deadline = (submitting.end + options.patience).into();
            let all = async { while connections.join_next().await.is_some() {} };
            if timeout_at(deadline, all).await.is_err() {
                connections.shutdown().await;
                let left = due.lock().await.len();
                submitting
                    .orders
                    .never_sent(u64::try_from(left).unwrap_or(u64::MAX));
            }
        }
    }
    Ok(())
}

impl Submitting {
    async fn closed_loop(self: Arc<Self>, mut connection: Connection, limit: Option<Arc<Semaphore>>) {
        tokio::time::sleep_until(self.begin.into()).await;
        loop {
            let permit = match &limit {
                None => None,
                Some(limit) => {
                    let acquired = timeout_at(self.end.into(), Arc::clone(limit).acquire_owned());
                    let Ok(Ok(permit)) = acquired.await else { return };
                    Some(permit)
                }
            };
            let now = Instant::now();
            if now >= self.end {
                return;
            }
            self.submit(&mut connection, now, permit).await;
        }
    }

    async fn open_loop(self: Arc<Self>, mut connection: Connection, due: Due) {
        loop {
            let next = due.lock().await.recv().await;
            let Some(next) = next else { return };
            self.submit(&mut connection, next, None).await;
        }
    }

    async fn submit(&self, connection: &mut Connection, due: Instant, permit: Option<OwnedSemaphorePermit>) {
        let sent = Instant::now();
        let answer = connection.submit(self.bodies.next()).await;
        let submission = Submission {
            due,
            sent,
            answered: Instant::now(),
        };
        if let Ok(id) = &answer {
            self.follower.accepted(id);
        }
        let away = matches!(answer, Err(Fault::Connect(_)));
        self.orders.answered(submission, answer, permit);
        if away {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
