//! Background tasks that must not stop silently: one that panics or ends is started again, and if that keeps
//! happening the whole process is given up, for its supervisor to see.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long to wait before starting a task again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a task may end by itself within [`WINDOW`].
const PATIENCE: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);

/// A task that could not be kept running.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{task} {problem}")]
pub struct TaskFailed {
    /// Which one.
    pub task: &'static str,
    /// What it did.
    pub problem: &'static str,
}

/// Where a task is reported that could not be kept running.
#[derive(Clone, Default)]
pub(crate) struct Failures {
    failed: CancellationToken,
    first: Arc<OnceCell<TaskFailed>>,
}

impl Failures {
    fn report(&self, failed: TaskFailed) {
        // Only the first one counts.
        drop(self.first.set(failed));
        self.failed.cancel();
    }

    /// Returns when a task has failed for good.
    pub(crate) async fn first(&self) -> TaskFailed {
        self.failed.cancelled().await;
        let unnamed = || TaskFailed {
            task: "a task",
            problem: "failed",
        };
        self.first.get().cloned().unwrap_or_else(unnamed)
    }
}

/// Runs a part of the engine until `stop`, again and again if need be.
pub(crate) fn keep_running<P, F>(
    task: &'static str,
    stop: &CancellationToken,
    failures: &Failures,
    part: Arc<P>,
    run: impl Fn(Arc<P>, CancellationToken) -> F + Send + 'static,
) -> JoinHandle<()>
where
    P: Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (stop, failures) = (stop.clone(), failures.clone());
    tokio::spawn(async move {
        let mut ends = Vec::new();
        loop {
            let problem = run_once(run(Arc::clone(&part), stop.clone())).await;
            if stop.is_cancelled() && problem.is_none() {
                return;
            }
            let problem = problem.unwrap_or("ended by itself");
            ends.push(Instant::now());
            ends.retain(|end| end.elapsed() < WINDOW);
            tracing::error!(task, problem, "a background task is gone; starting it again");
            if ends.len() > PATIENCE {
                return failures.report(TaskFailed { task, problem });
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    })
}

/// Runs a task that cannot be started twice, until it ends after `stop`.
pub(crate) fn run_until_stopped(
    task: &'static str,
    stop: CancellationToken,
    failures: Failures,
    future: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let problem = run_once(future).await;
        if let Some(problem) = problem.or((!stop.is_cancelled()).then_some("ended by itself")) {
            failures.report(TaskFailed { task, problem });
        }
    })
}

/// Whether it panicked. It is aborted when this future is dropped.
async fn run_once(future: impl Future<Output = ()> + Send + 'static) -> Option<&'static str> {
    let mut alone = JoinSet::new();
    alone.spawn(future);
    match alone.join_next().await {
        Some(Err(error)) if error.is_panic() => Some("panicked"),
        Some(Err(_) | Ok(())) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again() {
        let (runs, failures, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Failures::default(),
            CancellationToken::new(),
        );
        let task = keep_running("flaky", &stop, &failures, Arc::clone(&runs), |runs, stop| {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(run >= 2, "not yet");
                stop.cancelled().await;
            }
        });
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        stop.cancel();
        task.await.unwrap();
        assert!(!failures.failed.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_cannot_stay_up_is_reported() {
        let (failures, stop) = (Failures::default(), CancellationToken::new());
        drop(keep_running(
            "hopeless",
            &stop,
            &failures,
            Arc::new(()),
            |_, _| async {},
        ));
        let failed = tokio::time::timeout(Duration::from_secs(30), failures.first())
            .await
            .unwrap();
        assert_eq!(failed.to_string(), "hopeless ended by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_repeated_is_reported_at_once() {
        let (failures, stop) = (Failures::default(), CancellationToken::new());
        let panics = async { panic!("on purpose") };
        drop(run_until_stopped("once", stop, failures.clone(), panics));
        assert_eq!(failures.first().await.to_string(), "once panicked");
    }
}
