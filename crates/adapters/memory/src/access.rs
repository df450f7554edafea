//! API keys and tickets in memory. The keys are few, and come from the configuration or from whoever embeds the
//! engine.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use order_core::access::{ApiKey, Grant, KeyId, SecretHash};
use order_core::time::Timestamp;
use order_ports::{KeyError, KeyStore, Tickets};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::later;

/// The keys of a single process.
#[derive(Debug, Default)]
pub struct MemoryKeys {
    keys: Mutex<HashMap<KeyId, ApiKey>>,
}

impl MemoryKeys {
    /// These keys; of several with one id, the last.
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Self {
        let keys = keys.into_iter().map(|key| (key.id.clone(), key));
        Self {
            keys: Mutex::new(keys.collect()),
        }
    }
}

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn create(&self, key: ApiKey) -> Result<(), KeyError> {
        let mut keys = self.keys.lock();
        if keys.contains_key(&key.id) {
            return Err(KeyError::IdTaken);
        }
        keys.insert(key.id.clone(), key);
        Ok(())
    }

    async fn keys(&self, ids: &[KeyId]) -> Result<Vec<ApiKey>, KeyError> {
        let keys = self.keys.lock();
        Ok(ids.iter().filter_map(|id| keys.get(id).cloned()).collect())
    }

    async fn all(&self) -> Result<Vec<ApiKey>, KeyError> {
        let mut all: Vec<_> = self.keys.lock().values().cloned().collect();
        all.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(all)
    }

    async fn revoke(&self, id: &KeyId, at: Timestamp) -> Result<bool, KeyError> {
        let mut keys = self.keys.lock();
        let Some(key) = keys.get_mut(id) else {
            return Ok(false);
        };
        key.revoked_at.get_or_insert(at);
        Ok(true)
    }

    async fn rotate(&self, id: &KeyId, hash: SecretHash) -> Result<bool, KeyError> {
        let mut keys = self.keys.lock();
        match keys.get_mut(id).filter(|key| key.revoked_at.is_none()) {
            Some(key) => {
                key.hash = hash;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

#[derive(Debug)]
struct Kept {
    grant: Grant,
    until: Instant,
}

/// The tickets of a single process.
#[derive(Debug, Default)]
pub struct MemoryTickets {
    kept: Mutex<HashMap<[u8; 32], Kept>>,
}

#[async_trait]
impl Tickets for MemoryTickets {
    async fn keep(&self, ticket: SecretHash, grant: Grant, good_for: Duration) -> Result<(), KeyError> {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        // As many as were made within their time: few enough to look at.
        kept.retain(|_, kept| kept.until > now);
        let until = later(now, good_for);
        kept.insert(*ticket.bytes(), Kept { grant, until });
        Ok(())
    }

    async fn redeem(&self, ticket: SecretHash) -> Result<Option<Grant>, KeyError> {
        let found = self.kept.lock().remove(ticket.bytes());
        let good = found.filter(|kept| kept.until > Instant::now());
        Ok(good.map(|kept| kept.grant))
    }
}
