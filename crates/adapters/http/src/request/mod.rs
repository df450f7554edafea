//! Reading requests: bodies, parameters and headers, exactly, and refused field by field.
//!
//! Everything that is wrong with a request is collected, so that its sender learns it all at once. Nothing
//! here goes through a float. Which fields a request has stands at its endpoint, in `api`.

pub mod body;
pub mod error;
pub mod etag;
pub mod fields;
pub mod json;
pub mod limits;
pub mod param;
pub mod resume;
pub mod swap;
pub mod values;
