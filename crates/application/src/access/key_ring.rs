//! Making keys, and taking them away.

use std::sync::Arc;

use order_core::access::{ApiKey, KeyId, Scopes};
use order_core::id::Owner;
use order_ports::{Clock, Entropy, KeyError, KeyStore};
use secrecy::{ExposeSecret, SecretString};

use super::secret;

/// How often another id is tried. Two ids of 64 random bits do not meet.
const TRIES: u32 = 3;

/// A key that was just made, and the only time that its secret is to be seen.
#[derive(Debug)]
pub struct NewKey {
    /// What is kept of it.
    pub key: ApiKey,
    /// What its caller shows: `id.secret`.
    pub shown: SecretString,
}

/// Makes keys and takes them away.
pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl KeyRing {
    /// The keys of this store.
    pub fn new(store: Arc<dyn KeyStore>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            clock,
            entropy,
        }
    }

    /// Makes a key and keeps it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn create(&self, owner: Owner, scopes: Scopes) -> Result<NewKey, KeyError> {
        let mut tries = 1;
        loop {
            let id = self.fresh_id()?;
            let new = self.make(id, owner.clone(), scopes);
            match self.store.create(new.key.clone()).await {
                Ok(()) => return Ok(new),
                Err(KeyError::IdTaken) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// All keys, by age.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn list(&self) -> Result<Vec<ApiKey>, KeyError> {
        self.store.all().await
    }

    /// Makes a key good for nothing, for good. Whether there is such a key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn revoke(&self, id: &KeyId) -> Result<bool, KeyError> {
        self.store.revoke(id, self.clock.now()).await
    }

    /// Gives a key another secret; the one before is good for nothing any more. What its caller shows from now on, if
    /// there is such a key that is not revoked.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn rotate(&self, id: &KeyId) -> Result<Option<SecretString>, KeyError> {
        let fresh = secret::fresh(&*self.entropy);
        let rotated = self.store.rotate(id, secret::hash(&fresh)).await?;
        Ok(rotated.then(|| shown(id, &fresh)))
    }

    fn fresh_id(&self) -> Result<KeyId, KeyError> {
        let id = format!("k{:016x}", self.entropy.next()).parse();
        // Letters and digits, so that this cannot fail.
        id.map_err(|error: order_core::access::InvalidKeyId| KeyError::Corrupt(Box::new(error)))
    }

    fn make(&self, id: KeyId, owner: Owner, scopes: Scopes) -> NewKey {
        let fresh = secret::fresh(&*self.entropy);
        let shown = shown(&id, &fresh);
        let key = ApiKey {
            id,
            owner,
            scopes,
            hash: secret::hash(&fresh),
            created_at: self.clock.now(),
            revoked_at: None,
        };
        NewKey { key, shown }
    }
}

fn shown(id: &KeyId, secret: &SecretString) -> SecretString {
    format!("{id}.{}", secret.expose_secret()).into()
}
