//! Where the numbers are kept, and how they are read.

use std::sync::{Mutex, OnceLock, PoisonError};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{births, names};

/// One process has one set of numbers, however many engines run in it, as they do in tests.
static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
/// Held while the set is made.
static MAKING: Mutex<()> = Mutex::new(());

/// Why nothing is counted.
#[derive(Debug, thiserror::Error)]
#[error("cannot count for Prometheus")]
pub struct RecorderError(#[from] BuildError);

/// The numbers of this process.
#[derive(Clone)]
pub struct Recorder {
    handle: PrometheusHandle,
}

impl Recorder {
    /// Begins to count, unless this process does so already. `version` and `role` say what is counted.
    ///
    /// # Errors
    /// [`RecorderError`].
    pub fn install(version: &'static str, role: &'static str) -> Result<Self, RecorderError> {
        let guard = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = match HANDLE.get() {
            Some(handle) => handle.clone(),
            None => {
                let made = make()?;
                HANDLE.get_or_init(|| made).clone()
            }
        };
        drop(guard);
        names::show_build(version, role);
        Ok(Self { handle })
    }

    /// All numbers in Prometheus' text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds the latest observations into the histograms. Reading does so too; without either they pile up.
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }
}

fn make() -> Result<PrometheusHandle, BuildError> {
    // From what a step in memory takes to what an order may take that is tried again and again.
    let seconds = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
        10.0, 30.0, 60.0, 300.0,
    ];
    let rows = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &seconds)?
        .set_buckets_for_metric(Matcher::Suffix("_rows".into()), &rows)?
        .install_recorder()?;
    names::describe();
    births::count_from_zero();
    Ok(handle)
}
