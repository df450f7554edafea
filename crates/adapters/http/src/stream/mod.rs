//! Events on their way out: server-sent events and WebSockets.
//!
//! Both only carry what the endpoints hand them, so that every endpoint tells the same history.

pub mod handshake;
pub mod session;
pub mod sse;
