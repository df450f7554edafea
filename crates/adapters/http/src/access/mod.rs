//! The caller of an endpoint, as its credential authenticates it, and what that caller may do.
//!
//! Every endpoint that is about orders or prices has a [`Principal`] from [`Authenticated`], and nothing else names the
//! owner of the orders that it is about. Where the engine wants no keys, the principal is anonymous, and orders belong
//! to the user that the request names.

mod authenticated;
mod credential;

use std::sync::Arc;

use order_application::{Access, AccessError};
use order_core::access::Scope;
use order_core::id::Owner;

pub use authenticated::{AnyKey, AnyScope, Authenticated, Read, Trade, Watch, admin};

use crate::request::error::Errors;
use crate::wire::problem::Problem;

/// The caller of an endpoint.
#[derive(Clone, Debug)]
pub enum Principal {
    /// Anybody: the engine wants no keys.
    Anonymous,
    /// The holder of a key.
    KeyHolder(Arc<Access>),
}

impl Principal {
    /// Whose orders, and no others, the caller may know of; none if everybody's.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Anonymous => None,
            Self::KeyHolder(access) => Some(access.owner()),
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
            Self::Anonymous => Ok(()),
            Self::KeyHolder(access) if access.allows(scope) => Ok(()),
            Self::KeyHolder(_) => Err(Problem::missing_scope(scope)),
        }
    }

    /// Returns when the caller has to leave, because the key is not good any more. Cancel-safe.
    pub async fn ended(&self) {
        match self {
            Self::Anonymous => std::future::pending().await,
            Self::KeyHolder(access) => access.ended().await,
        }
    }
}

/// Why somebody is not let in, to a client.
pub fn unauthorized(error: &AccessError) -> Problem {
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
