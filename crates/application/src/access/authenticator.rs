//! Checking what callers show, without asking the store each time, and noticing when a key is taken away.
//!
//! What is known of a key is trusted for [`TRUSTED`]. The recheck renews it every [`RECHECK`] for all keys that are in
//! use, so that a request finds it fresh and does not wait for the store. An authenticated caller holds an [`Access`],
//! which the recheck ends when the key was revoked or got another secret, in whatever process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use order_core::access::{ApiKey, Grant, KeyId, Scope, SecretHash};
use order_core::id::Owner;
use order_ports::{Clock, Entropy, KeyError, KeyStore, Tickets};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use super::secret;

/// How often what is known of keys is renewed.
const RECHECK: Duration = Duration::from_secs(1);
/// How long it may be trusted without that.
const TRUSTED: Duration = Duration::from_secs(2);
/// How long a key is renewed that is not used.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How long a ticket is good.
const TICKET: Duration = Duration::from_secs(30);
/// The longest text that is looked at as a key.
const LONGEST: usize = 256;

/// Why a caller is not authenticated.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// What was shown is no key, or not a good one. It is not said why, since that would help a caller that guesses.
    #[error("a valid API key is required")]
    Refused,
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// A caller that was authenticated by a key, for as long as the key stays as it is.
#[derive(Debug)]
pub struct Access {
    key: ApiKey,
    ended: CancellationToken,
}

impl Access {
    /// The owner of the orders that the caller acts on.
    pub fn owner(&self) -> &Owner {
        &self.key.owner
    }

    /// The key's public half.
    pub fn key_id(&self) -> &KeyId {
        &self.key.id
    }

    /// Whether the key is good for this.
    pub fn allows(&self, scope: Scope) -> bool {
        self.key.scopes.contains(scope)
    }

    /// Returns when the key has been revoked or got another secret. Cancel-safe.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

/// A stand-in for a key, good once and not for long, for callers that can put it nowhere but into a URL.
#[derive(Debug)]
pub struct Ticket {
    /// What its caller shows.
    pub shown: SecretString,
    /// How long it is good.
    pub good_for: Duration,
}

struct Known {
    access: Arc<Access>,
    /// When the store was asked for it, by the clock's monotonic reading.
    asked: Duration,
    used: Duration,
}

/// Checks keys and tickets.
pub struct Authenticator {
    keys: Arc<dyn KeyStore>,
    tickets: Arc<dyn Tickets>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    known: Mutex<HashMap<KeyId, Known>>,
}

impl Authenticator {
    /// An authenticator that knows no key yet.
    pub fn new(
        keys: Arc<dyn KeyStore>,
        tickets: Arc<dyn Tickets>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            keys,
            tickets,
            clock,
            entropy,
            known: Mutex::default(),
        }
    }

    /// Authenticates a caller that shows a key, `id.secret`.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn by_key(&self, shown: &SecretString) -> Result<Arc<Access>, AccessError> {
        let text = shown.expose_secret();
        let (id, secret) = text.split_once('.').ok_or(AccessError::Refused)?;
        let id: KeyId = id.parse().map_err(|_| AccessError::Refused)?;
        if secret.is_empty() || text.len() > LONGEST {
            return Err(AccessError::Refused);
        }
        let hash = secret::hash(&secret.into());
        self.holding(&id, &hash).await
    }

    /// Authenticates a caller that shows a ticket; it is used up by that.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn by_ticket(&self, shown: &SecretString) -> Result<Arc<Access>, AccessError> {
        if shown.expose_secret().len() > LONGEST {
            return Err(AccessError::Refused);
        }
        let grant = self.tickets.redeem(secret::hash(shown)).await?;
        let Grant { key, hash } = grant.ok_or(AccessError::Refused)?;
        self.holding(&key, &hash).await
    }

    /// Makes a ticket for a caller that was authenticated by a key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn ticket(&self, access: &Access) -> Result<Ticket, KeyError> {
        let shown = secret::fresh(&*self.entropy);
        let grant = Grant {
            key: access.key.id.clone(),
            hash: access.key.hash,
        };
        self.tickets.keep(secret::hash(&shown), grant, TICKET).await?;
        let good_for = TICKET;
        Ok(Ticket { shown, good_for })
    }

    /// Renews what is known of the keys in use, until stopped.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.clock.sleep(RECHECK) => {}
            }
            if let Err(error) = self.reconcile().await {
                // Open streams stay open; no new caller is authenticated by old knowledge.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the keys in use are not renewed"
                );
            }
        }
    }

    /// The caller that holds the secret of this hash of that key.
    async fn holding(&self, id: &KeyId, hash: &SecretHash) -> Result<Arc<Access>, AccessError> {
        let access = self.current(id).await?.ok_or(AccessError::Refused)?;
        if secret::same(&access.key.hash, hash) {
            Ok(access)
        } else {
            Err(AccessError::Refused)
        }
    }

    /// The access that this key gives now, if it is good.
    async fn current(&self, id: &KeyId) -> Result<Option<Arc<Access>>, KeyError> {
        let now = self.clock.monotonic();
        if let Some(known) = self.known.lock().get_mut(id)
            && now < known.asked + TRUSTED
        {
            known.used = now;
            return Ok(Some(Arc::clone(&known.access)));
        }
        let found = self.keys.keys(std::slice::from_ref(id)).await?;
        Ok(self.learn(id, found.into_iter().next(), now, Some(now)))
    }

    /// Takes in what the store said of a key when it was asked then. No open stream is closed because of an answer
    /// that is older than the one they came in by.
    fn learn(
        &self,
        id: &KeyId,
        found: Option<ApiKey>,
        asked: Duration,
        used: Option<Duration>,
    ) -> Option<Arc<Access>> {
        let mut known = self.known.lock();
        let before = known.get(id);
        if let Some(before) = before.filter(|before| before.asked > asked) {
            return Some(Arc::clone(&before.access));
        }
        let key = found.filter(|key| key.revoked_at.is_none());
        let stays = |before: &&Known, key: &ApiKey| secret::same(&before.access.key.hash, &key.hash);
        let same = before.filter(|before| key.as_ref().is_some_and(|key| stays(before, key)));
        let used = used.or(before.map(|before| before.used)).unwrap_or(asked);
        let access = same.map(|same| Arc::clone(&same.access)).or_else(|| {
            let key = key?;
            let ended = CancellationToken::new();
            Some(Arc::new(Access { key, ended }))
        });
        let entry = access.clone().map(|access| Known { access, asked, used });
        let left = match entry {
            Some(entry) => known.insert(id.clone(), entry),
            None => known.remove(id),
        };
        // Another one came in its place, or none did.
        if let Some(left) =
            left.filter(|left| !access.as_ref().is_some_and(|now| Arc::ptr_eq(now, &left.access)))
        {
            left.access.ended.cancel();
        }
        access
    }

    /// Asks the store for all keys in use at once.
    async fn reconcile(&self) -> Result<(), KeyError> {
        let now = self.clock.monotonic();
        let in_use: Vec<_> = {
            let mut known = self.known.lock();
            known.retain(|_, known| Arc::strong_count(&known.access) > 1 || now < known.used + REMEMBERED);
            known.keys().cloned().collect()
        };
        if in_use.is_empty() {
            return Ok(());
        }
        let found = self.keys.keys(&in_use).await?;
        let mut found: HashMap<_, _> = found.into_iter().map(|key| (key.id.clone(), key)).collect();
        for id in in_use {
            let key = found.remove(&id);
            self.learn(&id, key, now, None);
        }
        Ok(())
    }
}
