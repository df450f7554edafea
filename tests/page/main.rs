//! The page, in a real browser.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access;
mod browser;
mod cable;
mod honesty;
mod keys;
mod numbers;
mod policy;
mod ticket;
mod trading;
mod waiting;
