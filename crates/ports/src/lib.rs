//! What the application needs of the outside world, as narrow traits in the domain's own types.
//!
//! Only traits, their errors and their argument types live here; no implementation does. Behind the feature
//! `contract` are the laws that every implementation is tested against, behind `mock` the mockall doubles.

mod access;
mod environment;
mod feed;
mod notifier;
mod queue;
mod resting;
mod spans;
mod store;
mod venue;

#[cfg(feature = "contract")]
pub mod contract;

pub use access::*;
pub use environment::*;
pub use feed::*;
pub use notifier::*;
pub use queue::*;
pub use resting::*;
pub use spans::*;
pub use store::*;
pub use venue::*;
