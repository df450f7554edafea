//! Names the order of each span at the store, where traces are collected.

use std::sync::Arc;

use order_application::Ports;
use order_traces::{TracedStore, Traces};

/// The same ports; if this process collects traces, spans learn there which order they are about.
pub(crate) fn traced(ports: Ports) -> Ports {
    let Some(traces) = Traces::of_process() else {
        return ports;
    };
    let store = TracedStore::new(ports.intake, ports.leases, ports.journal, ports.control, traces);
    let store = Arc::new(store);
    Ports {
        intake: store.clone(),
        leases: store.clone(),
        journal: store.clone(),
        control: store,
        ..ports
    }
}
