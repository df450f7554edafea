//! The binary in several processes on real servers: roles apart, stopped in good order, and killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod clocks;
mod collector;
mod conditions;
mod deployment;
mod ending;
mod guarded;
mod keys;
mod ledger;
mod logging;
mod monitoring;
mod nginx;
mod privileges;
mod prometheus;
mod queueing;
mod roles;
mod secrets;
mod tracing;
mod venues;
mod verifying;
