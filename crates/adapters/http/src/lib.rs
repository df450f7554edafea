//! The endpoints onto the engine: REST, WebSocket, server-sent events, and the documents that describe them.
//!
//! This crate turns bytes into the domain's types and back, and keeps connections. It decides nothing about
//! orders: what an order may do is the core's business, what happens to it the application's. poem is named
//! here and in bootstrap only.

mod access;
mod admission;
mod api;
mod connection;
mod context;
mod docs;
mod handshake;
mod health;
mod metrics;
mod negotiation;
mod page;
mod quote_id;
mod request;
mod routes;
mod server;
mod settings;
mod stream;
mod tls;
mod wire;

pub use admission::{LimitSettings, LoadShedding, Rate, host_entry, host_of_origin, is_origin};
pub use docs::openapi_json;
pub use health::{Health, HealthReport, PartHealth};
pub use metrics::MetricsReport;
pub use quote_id::QuoteSigner;
pub use server::serve;
pub use settings::{HttpSettings, SocketSettings};
pub use tls::{CertificateError, Certificates};
