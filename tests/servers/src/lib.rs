//! Postgres and Redis for tests: given, in containers, or the machine's own binaries.
//!
//! A test asks for a server and gets one, or fails with one line that says what to install. It is
//! never skipped. Where the server comes from, in this order:
//!
//! 1. **given**: `TEST_DATABASE_URL`, `TEST_REDIS_URL`. One server for all tests, so each gets its
//!    own database ([`Postgres::fresh_database`]) or its own key prefix ([`Redis::prefix`]) on it.
//! 2. **docker**: a container of its own, where a Docker engine answers. The images are
//!    `TEST_POSTGRES_IMAGE` and `TEST_REDIS_IMAGE`, the official ones by default.
//! 3. **local**: a server of its own from the machine's binaries, in a temporary folder.
//!
//! `TEST_SERVERS=given|docker|local` allows one of them alone.
//!
//! Tests that stop, kill or flush a server ask for a private one ([`PostgresOptions::private`],
//! [`RedisOptions::private`]): the given one is then passed over, because it may hold a person's own data.
//!
//! No server outlives its test, even one killed by SIGKILL: a small shell holds the other end of a
//! pipe, sees it close, and cleans up. See [`Postgres::start`] and [`Redis::start`].

mod docker;
mod error;
mod local;
mod pooler;
mod postgres;
mod redis;
mod runtime;
mod search;
mod server;
mod source;

pub use error::ServerError;
pub use pooler::Pooler;
pub use postgres::{Postgres, PostgresOptions};
pub use redis::{Redis, RedisOptions};
pub use source::Source;
