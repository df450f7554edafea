//! One trace for each order, from its acceptance to its end, whoever works on it and in however many processes.
//!
//! The use cases open spans and know no trace. A decorator of the store's ports says whose they are, in the moment in
//! which the store says which order was accepted or claimed ([`TracedStore`]); [`Traces`] collects them and sends them
//! to an OpenTelemetry collector. Nothing has to be carried from process to process for that: a trace is named after
//! its order ([`place`]), or is the caller's, which is stored with the order.
//!
//! Collecting loses spans rather than holding up an order.

mod collect;
mod place;
mod root;
mod store;

pub use collect::{Traces, TracesError, TracesSettings};
pub use store::TracedStore;
