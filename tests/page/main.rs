//! The page, in a real browser.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access;
mod browser;
mod cable;
mod keys;
mod policy;
mod trading;
mod waiting;
