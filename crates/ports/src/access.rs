//! API keys and tickets: where they are kept. Who is let in is decided in the application.

use std::time::Duration;

use async_trait::async_trait;
use order_core::access::{ApiKey, Grant, KeyId, SecretHash};
use order_core::time::Timestamp;

/// Why keys or tickets cannot be read or written. What was asked may or may not have happened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is a key with that id.
    #[error("the id of the key is taken")]
    IdTaken,
    /// They do not answer; they may later.
    #[error("the keys are unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// They hold something that this program cannot read, or refuse what they should take.
    #[error("the keys hold or refuse something unexpected")]
    Corrupt(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Keeps API keys. What one process has written, all see from then on.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Keeps a new key.
    ///
    /// # Errors
    /// [`KeyError`]; the store is unchanged if the id is taken.
    async fn create(&self, key: ApiKey) -> Result<(), KeyError>;

    /// Those of these keys that there are, in any order, revoked ones included.
    ///
    /// # Errors
    /// [`KeyError`].
    async fn keys(&self, ids: &[KeyId]) -> Result<Vec<ApiKey>, KeyError>;

    /// All keys, by age and then by id, revoked ones included.
    ///
    /// # Errors
    /// [`KeyError`].
    async fn all(&self) -> Result<Vec<ApiKey>, KeyError>;

    /// Makes a key good for nothing. Whether there is such a key; one that was revoked before stays revoked since
    /// then.
    ///
    /// # Errors
    /// [`KeyError`].
    async fn revoke(&self, id: &KeyId, at: Timestamp) -> Result<bool, KeyError>;

    /// Gives a key another secret. Whether there is such a key that is not revoked.
    ///
    /// # Errors
    /// [`KeyError`].
    async fn rotate(&self, id: &KeyId, hash: SecretHash) -> Result<bool, KeyError>;
}

/// Keeps tickets, each until it is used, or its time is over. A ticket that is lost costs its caller another one.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Keeps a ticket under its hash for this long.
    ///
    /// # Errors
    /// [`KeyError`].
    async fn keep(&self, ticket: SecretHash, grant: Grant, good_for: Duration) -> Result<(), KeyError>;

    /// What the ticket stands for; `None` if there is none, any more or at all. Of any number who ask for one ticket,
    /// in all processes that share it, one is told.
    ///
    /// # Errors
    /// [`KeyError`]; then the ticket may be gone.
    async fn redeem(&self, ticket: SecretHash) -> Result<Option<Grant>, KeyError>;
}
