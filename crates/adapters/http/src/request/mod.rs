//! What the doors are told: bodies, parameters and headers, read exactly and refused field by field.
//!
//! Everything that is wrong with a request is collected, so that its sender learns it all at once. Nothing
//! here goes through a float.

pub mod accept;
pub mod amend;
pub mod body;
pub mod error;
mod fields;
mod json;
pub mod listing;
pub mod order;
pub mod param;
pub mod quote;
pub mod resume;
mod swap;
