//! Orders' events on their way out: server-sent events and WebSockets.
//!
//! Both only carry what the application's watchers hand them, so that every endpoint tells the same history.

pub mod socket;
pub mod sse;
