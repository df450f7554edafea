//! The rules of the house: which crate may depend on which, and what the sources may not contain. Each rule is shown to
//! bite on a made-up workspace, then holds for this one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dependencies;
mod links;
mod modules;
mod names;
mod sources;
mod words;
mod workspace;
