//! What the endpoints are told: bodies, parameters and headers, read exactly and refused field by field.
//!
//! Everything that is wrong with a request is collected, so that its sender learns it all at once. Nothing
//! here goes through a float.

pub mod accept;
pub mod amend;
pub mod body;
pub mod error;
pub mod etag;
mod fields;
#[cfg(test)]
mod fuzz;
mod json;
mod limits;
pub mod listing;
pub mod order;
pub mod param;
pub mod quote;
mod quote_binding;
mod quote_id;
pub mod resume;
mod swap;

pub use quote_id::{QuoteSigner, QuotedTerms};
