//! In memory, or on Postgres and Redis: the same tests run on both.

use order_test_servers::{Postgres, Redis, RedisOptions};

/// What keeps the orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// This process.
    Memory,
    /// A Postgres and a Redis of the test's own.
    Durable,
}

/// Makes of each `async fn name(mode: Mode)` two tests, `name::memory` and `name::durable`.
#[macro_export]
macro_rules! in_both_modes {
    ($($name:ident),+ $(,)?) => {
        $(
            mod $name {
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn memory() {
                    super::$name($crate::Mode::Memory).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn durable() {
                    super::$name($crate::Mode::Durable).await;
                }
            }
        )+
    };
}

/// The servers of a durable engine. Several engines may share them, and they outlive each.
pub struct Backends {
    /// The store's server.
    pub postgres: Postgres,
    /// The queue's server.
    pub redis: Redis,
    database: String,
}

impl Backends {
    /// A Postgres with an empty database, and a Redis.
    pub async fn start() -> Self {
        Self::with(RedisOptions::default()).await
    }

    /// The same, whose Redis is this test's alone, which may spoil it.
    pub async fn private() -> Self {
        Self::with(RedisOptions::default().private()).await
    }

    async fn with(options: RedisOptions) -> Self {
        let (postgres, redis) = tokio::join!(Postgres::start(), Redis::start_with(options));
        let (postgres, redis) = (postgres.unwrap(), redis.unwrap());
        let database = postgres.fresh_database().await.unwrap();
        Self {
            postgres,
            redis,
            database,
        }
    }

    /// The address of the database.
    pub fn database_url(&self) -> &str {
        &self.database
    }

    /// The settings that select these servers, as TOML.
    pub fn settings(&self) -> String {
        let (database, redis, prefix) = (&self.database, self.redis.url(), self.redis.prefix());
        // Tests that restart an engine on the same market share a venue server.
        format!(
            "database.url = {database:?}\nredis.url = {redis:?}\nqueue.name = \"{prefix}q\"\nmarket.ledger = \"off\"\n"
        )
    }
}
