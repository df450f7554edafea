//! Authentication: making keys, and checking what callers show.
//!
//! Secrets exist here and in their callers' hands only: made once, hashed, compared by hash. Where keys are kept is
//! a port's business, what a caller may do then an endpoint's.

mod authenticator;
mod key_ring;
mod secret;

pub use authenticator::{Access, AccessError, Authenticator, Ticket};
pub use key_ring::{KeyRing, NewKey};
