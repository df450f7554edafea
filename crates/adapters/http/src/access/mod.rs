//! Who stands at a door, and what they may do there.
//!
//! Every door that is about orders or prices has a [`Principal`] from [`By`], and nothing else says
//! whose orders it is about. Where the engine wants no keys, that is anybody, and orders belong to whom the
//! request names.

mod by;
mod credential;

use std::sync::Arc;

use order_application::{Access, AccessError};
use order_core::access::Scope;
use order_core::id::Owner;

pub use by::{By, Hold, Read, Talk, Trade, Watch, admin};

use crate::request::error::Errors;
use crate::wire::problem::Problem;

/// Who stands at a door.
#[derive(Clone, Debug)]
pub enum Principal {
    /// Anybody: the engine wants no keys.
    Anybody,
    /// The holder of a key.
    Holder(Arc<Access>),
}

impl Principal {
    /// Whose orders, and no others, the caller may know of; none if everybody's.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Anybody => None,
            Self::Holder(access) => Some(access.owner()),
        }
    }

    /// Whose orders a request is about that may say so itself.
    ///
    /// # Errors
    /// A problem when the caller is somebody else.
    pub fn owner_or(&self, named: Option<Owner>) -> Result<Option<Owner>, Problem> {
        match (self.owner(), named) {
            (None, named) => Ok(named),
            (Some(owner), Some(named)) if named != *owner => {
                let mut errors = Errors::default();
                errors.not_theirs("userId");
                Err(errors.into_problem())
            }
            (Some(owner), _) => Ok(Some(owner.clone())),
        }
    }

    /// Whether the caller may do this.
    ///
    /// # Errors
    /// A problem when not.
    pub fn may(&self, scope: Scope) -> Result<(), Problem> {
        match self {
            Self::Anybody => Ok(()),
            Self::Holder(access) if access.allows(scope) => Ok(()),
            Self::Holder(_) => Err(Problem::missing_scope(scope)),
        }
    }

    /// Returns when the caller has to leave, because the key is not good any more. Cancel-safe.
    pub async fn ended(&self) {
        match self {
            Self::Anybody => std::future::pending().await,
            Self::Holder(access) => access.ended().await,
        }
    }
}

/// Why somebody is not let in, to a client.
pub fn not_let_in(error: &AccessError) -> Problem {
    match error {
        AccessError::Refused => Problem::unauthorized(),
        AccessError::Keys(error) => {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "an API key cannot be checked"
            );
            Problem::store_unavailable()
        }
    }
}
