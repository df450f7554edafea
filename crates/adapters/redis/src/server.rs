//! The Redis server as one process sees it: its settings and its connections.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::{Connection, Manager, Pool, PoolError, Runtime};
use redis::{AsyncConnectionConfig, FromRedisValue, RedisError};
use tokio::time::timeout;

use crate::check::{self, CheckError};
use crate::error::RedisUnavailable;
use crate::keys::Keys;
use crate::link::{Link, RedisRequest, is_broken};
use crate::probe::{self, ProbeError};
use crate::settings::RedisSettings;

/// How many rare commands may run at once.
const POOL_SIZE: usize = 4;

/// The Redis server, as the queue, the notifier and the dispatch limit of one process share it. Cheap to
/// clone.
#[derive(Clone)]
pub struct RedisServer {
    shared: Arc<Shared>,
}

struct Shared {
    settings: RedisSettings,
    keys: Arc<Keys>,
    link: Link,
    pool: Pool,
}

impl RedisServer {
    /// Begins to connect; to be called in a Tokio runtime. What is asked before the connection stands waits
    /// for it, up to [`RedisSettings::patience`].
    ///
    /// # Errors
    /// [`RedisUnavailable`] when the address cannot be used at all.
    pub fn connect(settings: RedisSettings) -> Result<Self, RedisUnavailable> {
        let link = Link::new(settings.address.clone(), settings.patience);
        let pool = pool(&settings)?;
        let keys = Arc::new(Keys::new(&settings.name, settings.streams.get()));
        Ok(Self {
            shared: Arc::new(Shared {
                settings,
                keys,
                link,
                pool,
            }),
        })
    }

    /// Waits until the server answers, and makes sure that it will do: to be called once, before anything is
    /// trusted to it.
    ///
    /// # Errors
    /// [`CheckError`] says what is wrong, and what to do about it.
    pub async fn check(&self) -> Result<(), CheckError> {
        check::check(&self.shared.settings, &self.shared.keys).await
    }

    /// Asks whether it carries the queue, now: it answers, takes writes, and keeps what it was given.
    ///
    /// # Errors
    /// [`ProbeError`] says what is wrong; also when it does not answer within [`RedisSettings::patience`].
    pub async fn probe(&self) -> Result<(), ProbeError> {
        probe::probe(self).await
    }

    pub(crate) fn settings(&self) -> &RedisSettings {
        &self.shared.settings
    }

    pub(crate) fn keys(&self) -> &Arc<Keys> {
        &self.shared.keys
    }

    pub(crate) fn link(&self) -> &Link {
        &self.shared.link
    }

    /// Asks on a connection from the pool: for what is rare and must not queue behind the hot path.
    /// The pool leads to one server; in a cluster the shared connection knows which node to ask.
    pub(crate) async fn ask_rarely<T: FromRedisValue>(
        &self,
        ask: RedisRequest<'_>,
    ) -> Result<T, RedisUnavailable> {
        if self.shared.link.is_cluster() {
            return self.shared.link.ask(ask).await;
        }
        let patience = self.shared.settings.patience;
        let asked = async {
            // Each may have been made before the server became a replica, and its name led elsewhere.
            for _ in 0..POOL_SIZE {
                let mut connection: Connection = self.shared.pool.get().await.map_err(from_pool(patience))?;
                match ask.of(&mut connection).await {
                    Err(error) if is_broken(&error) => drop(Connection::take(connection)),
                    answered => return Ok(answered?),
                }
            }
            let mut fresh: Connection = self.shared.pool.get().await.map_err(from_pool(patience))?;
            Ok(ask.of(&mut fresh).await?)
        };
        timeout(patience, asked)
            .await
            .unwrap_or(Err(RedisUnavailable::Silent(patience)))
    }
}

fn pool(settings: &RedisSettings) -> Result<Pool, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(settings.patience))
        .set_response_timeout(Some(settings.patience));
    let info = settings.address.client().get_connection_info().clone();
    let manager = Manager::new_with_config(info, config)?;
    let built = Pool::builder(manager)
        .max_size(POOL_SIZE)
        .wait_timeout(Some(settings.patience))
        .create_timeout(Some(settings.patience))
        .recycle_timeout(Some(settings.patience))
        .runtime(Runtime::Tokio1)
        .build();
    // Timeouts need a runtime, and one is given; there is no other way to fail.
    built.map_err(|error| RedisError::from((redis::ErrorKind::Client, "no pool", error.to_string())))
}

fn from_pool(patience: Duration) -> impl FnOnce(PoolError) -> RedisUnavailable {
    move |error| match error {
        PoolError::Backend(error) => error.into(),
        PoolError::Timeout(_) => RedisUnavailable::Silent(patience),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            RedisUnavailable::Away(None)
        }
    }
}
