//! Sharing statements. Whoever wants a step of one kind hands its row to that kind's workers; a worker takes
//! whatever has queued up while all of them were busy, up to [`MAX_ROWS`], and runs it as one statement with one
//! commit. A lone row therefore waits for nothing, and under load the batches grow by themselves: no timer.
//!
//! Each row gets its own reply. A row that the database refuses does not fail its neighbours: the batch is cut
//! in half until the row is alone. A caller that goes away does not disturb a batch either, since the workers are
//! tasks of their own; a row nobody waits for any more before its batch begins is left out.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use metrics::{Histogram, histogram};
use order_core::id::OrderId;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

use crate::database::Database;
use crate::error::{Failure, Kind};

/// Rows in a batch, at most. Larger ones save nothing more, and make their first row wait for their last.
pub(crate) const MAX_ROWS: usize = 256;

/// How often a batch that was undone for the sake of another transaction is tried in all.
const TRIES: usize = 5;

/// One kind of step.
pub(crate) trait Step: Send + Sync + 'static {
    /// What it is called where it is counted.
    const NAME: &'static str;

    /// Whether steps change nothing, so that any number of one order may share a batch.
    const READS: bool = false;

    /// What one caller wants.
    type Row: Send + Sync + 'static;
    /// What one caller gets.
    type Reply: Send + 'static;
    /// The order in which batches take rows, the same in every process: who takes locks in one order does not
    /// end in a deadlock.
    type Rank: Ord;

    /// Whose step it is. A batch holds one step of an order, unless they only read.
    fn order_id(row: &Self::Row) -> OrderId;

    /// The row's place in a batch.
    fn rank(row: &Self::Row) -> Self::Rank;

    /// Runs a batch, all or nothing, and says of each row what came of it.
    fn run(
        database: &Database,
        rows: &[Self::Row],
    ) -> impl Future<Output = Result<Vec<Self::Reply>, Failure>> + Send;
}

/// How large the batches of one kind are, and how long each takes.
#[derive(Clone)]
struct Meter {
    rows: Histogram,
    duration: Histogram,
}

impl Meter {
    fn new(step: &'static str) -> Self {
        Self {
            rows: histogram!("order_engine_store_batch_rows", "step" => step),
            duration: histogram!("order_engine_store_commit_duration_seconds", "step" => step),
        }
    }

    fn observe(&self, rows: usize, began: Instant) {
        // There are no more than MAX_ROWS.
        self.rows.record(u32::try_from(rows).unwrap_or(u32::MAX));
        self.duration.record(began.elapsed());
    }
}

type Outcome<S> = Result<<S as Step>::Reply, Failure>;

struct Job<S: Step> {
    row: S::Row,
    reply: oneshot::Sender<Outcome<S>>,
}

/// Where steps of one kind are handed in. Its workers end with the last clone of it.
pub(crate) struct Batcher<S: Step> {
    jobs: mpsc::UnboundedSender<Job<S>>,
}

impl<S: Step> Clone for Batcher<S> {
    fn clone(&self) -> Self {
        Self {
            jobs: self.jobs.clone(),
        }
    }
}

impl<S: Step> Batcher<S> {
    /// Starts so many workers, which is how many batches of this kind may be under way at a time.
    pub(crate) fn start(database: &Database, workers: usize) -> Self {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let inbox = Arc::new(Mutex::new(Inbox {
            receiver,
            set_aside: VecDeque::new(),
        }));
        let meter = Meter::new(S::NAME);
        for _ in 0..workers {
            tokio::spawn(work(database.clone(), Arc::clone(&inbox), meter.clone()));
        }
        Self { jobs }
    }

    /// Takes a step, together with others that are waiting.
    pub(crate) async fn run(&self, row: S::Row) -> Outcome<S> {
        let (reply, answer) = oneshot::channel();
        self.jobs
            .send(Job { row, reply })
            .map_err(|_| Failure::task_gone())?;
        answer.await.map_err(|_| Failure::task_gone())?
    }
}

async fn work<S: Step>(database: Database, inbox: Arc<Mutex<Inbox<S>>>, meter: Meter) {
    loop {
        // The lock is held while waiting: the other idle workers wait for the lock instead.
        let jobs = inbox.lock().await.next_batch().await;
        if jobs.is_empty() {
            return;
        }
        settle(&database, jobs, &meter).await;
    }
}

struct Inbox<S: Step> {
    receiver: mpsc::UnboundedReceiver<Job<S>>,
    /// Steps of orders that the batch before had another step of.
    set_aside: VecDeque<Job<S>>,
}

impl<S: Step> Inbox<S> {
    /// Waits for a job and takes those behind it; none when there will be no more.
    async fn next_batch(&mut self) -> Vec<Job<S>> {
        let mut jobs = Vec::new();
        let mut orders = HashSet::new();
        let mut again = VecDeque::new();
        while jobs.len() < MAX_ROWS {
            let next = match self.set_aside.pop_front() {
                Some(job) => Some(job),
                None if jobs.is_empty() => self.await_first().await,
                None => self.receiver.try_recv().ok(),
            };
            let Some(job) = next else { break };
            if job.reply.is_closed() {
                continue;
            }
            if S::READS || orders.insert(S::order_id(&job.row)) {
                jobs.push(job);
            } else {
                again.push_back(job);
            }
        }
        again.append(&mut self.set_aside);
        self.set_aside = again;
        jobs.sort_by_cached_key(|job| S::rank(&job.row));
        jobs
    }

    async fn await_first(&mut self) -> Option<Job<S>> {
        let first = self.receiver.recv().await;
        // Callers that woke up together hand in together, if they are let.
        tokio::task::yield_now().await;
        first
    }
}

/// Runs a batch and replies to each of its rows.
async fn settle<S: Step>(database: &Database, jobs: Vec<Job<S>>, meter: &Meter) {
    let mut pending = vec![split(jobs)];
    while let Some((mut rows, mut callers)) = pending.pop() {
        let began = Instant::now();
        let answer = run_undone_again::<S>(database, &rows).await;
        meter.observe(rows.len(), began);
        match answer {
            Ok(replies) => {
                for (caller, reply) in callers.into_iter().zip(replies) {
                    // A caller that has gone away reads the outcome in the store, if ever.
                    drop(caller.send(Ok(reply)));
                }
            }
            Err(failure) if failure.kind == Kind::Row && rows.len() > 1 => {
                let middle = rows.len() / 2;
                let tail = (rows.split_off(middle), callers.split_off(middle));
                pending.extend([tail, (rows, callers)]);
            }
            Err(failure) => {
                tracing::warn!(rows = rows.len(), error = %failure, "a batch failed");
                for caller in callers {
                    drop(caller.send(Err(failure.clone())));
                }
            }
        }
    }
}

type Split<S> = (Vec<<S as Step>::Row>, Vec<oneshot::Sender<Outcome<S>>>);

fn split<S: Step>(jobs: Vec<Job<S>>) -> Split<S> {
    jobs.into_iter().map(|job| (job.row, job.reply)).unzip()
}

async fn run_undone_again<S: Step>(database: &Database, rows: &[S::Row]) -> Result<Vec<S::Reply>, Failure> {
    let mut tries = 1;
    loop {
        match S::run(database, rows).await {
            Err(failure) if failure.kind == Kind::Undone && tries < TRIES => tries += 1,
            answer => return answer,
        }
    }
}

/// One column of a batch.
pub(crate) fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
