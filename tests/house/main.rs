//! The rules of the house: who may depend on whom, and what the sources may not contain. Each rule is shown to
//! bite on a made-up workspace, then holds for this one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dependencies;
mod links;
mod names;
mod sources;
mod words;
mod workspace;
