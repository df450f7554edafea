//! The whole engine in virtual time: the real core and application over the memory adapters and the mock market,
//! under seeded faults of every kind. One seed is one run, the same to the last byte of its log.
//!
//! A simulation is one thread on paused time. Everything random is drawn from the seed, so a failure is repeated
//! by its number: `simulate --seed N`. Engines that are broken on purpose ([`Variant`]) run in the same worlds,
//! to show that the audit notices.

mod broken;
mod checker;
mod clients;
mod clock;
mod faults;
mod fixed;
mod panics;
mod plan;
mod process;
mod recorder;
mod rng;
mod tally;
mod world;

pub use broken::Variant;
pub use checker::Outcome;
pub use faults::{Rates, StorePorts};
pub use fixed::{Backends, NotTold, Told, histories, histories_in_memory};
pub use plan::Plan;
pub use tally::{Tally, simulate_many};
pub use world::simulate;
