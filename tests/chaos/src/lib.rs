//! The engine's real processes, under faults of every kind, and the audit that judges what came of it.
//!
//! [`run`] starts Postgres, Redis, a venue server, two endpoints and three workers, each of which reaches the others
//! through TCP proxies of its own. While clients submit orders and watch them, processes are killed, frozen and
//! restarted, servers taken away, connections cut and held, and the venue misbehaves. Then everything is healed,
//! and the invariants are checked over the store, the venue's ledger and what every client saw.
//!
//! What strikes when is drawn from a seed. What the machine makes of it is not: a run is no replay of another,
//! but the faults are the same.

mod check;
mod checker;
mod clients;
pub mod fault_points;
mod fault_schedule;
mod market;
mod modes;
pub mod naive;
mod owners;
mod process;
mod proxy;
mod rng;
mod run;
mod stage;
mod steps;
mod tally;
mod watchdog;

pub use check::Check;
pub use checker::Verdict;
pub use rng::SeededRng;
pub use run::{Outcome, Plan, run};
pub use stage::Programs;
pub use steps::{Steps, fail_and_repeat_every_step};
pub use tally::{Replaced, Tally};

/// What a run cannot go on after. What it finds is in its [`Outcome`].
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
