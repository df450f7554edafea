//! The endpoints, served for real on a loopback port, onto an engine whose orders the tests move themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod bad_input;
mod connections;
mod fuzz;
mod limits;
mod names;
mod one_connection;
mod pages;
mod reading;
mod service;
mod sockets;
mod streams;
mod submitting;
mod test_server;
mod tls;
