//! Redis for a test.

mod local;
mod options;
mod talk;

use std::env;

use testcontainers::core::WaitFor;
use url::Url;
use uuid::Uuid;

pub use options::RedisOptions;

use crate::{
    docker::{Container, Recipe},
    error::ServerError,
    local::on_a_free_port,
    runtime::blocking,
    search::Search,
    server::Server,
    source::Source,
};
use local::LocalRedis;
use talk::Address;

const VARIABLE: &str = "TEST_REDIS_URL";
const INSTALL: &str = "install Redis (Debian and Ubuntu: apt-get install redis-server), or run a Docker engine, \
                       or set TEST_REDIS_URL";

/// A Redis server.
///
/// A container or a local process is one test's own. A given server is shared by all: there a test keeps
/// to names that begin with [`Redis::prefix`], and does not flush.
pub struct Redis {
    server: Server<LocalRedis>,
    url: Url,
    prefix: String,
}

impl Redis {
    /// A server, ready for connections. A container or a local process belongs to this value alone: it
    /// ends when the value is dropped, or when the test's process dies, however it dies.
    ///
    /// # Errors
    /// No source has one, or the one that was chosen did not start.
    pub async fn start() -> Result<Self, ServerError> {
        Self::start_with(RedisOptions::default()).await
    }

    /// As [`Redis::start`], with options.
    ///
    /// # Errors
    /// No source has one that can do this, or the one that was chosen did not start.
    pub async fn start_with(options: RedisOptions) -> Result<Self, ServerError> {
        let mut search = Search::from_env(VARIABLE, options.is_private())?;
        if let Some(url) = search.given() {
            let redis = Self::new(Server::Given, url);
            redis.await_ready().await?;
            return Ok(redis);
        }
        if let Some(redis) = search.docker(Self::in_container(&options)).await? {
            return Ok(redis);
        }
        if let Some(binary) = search.local(local::binary) {
            return Self::on_this_machine(binary, options).await;
        }
        Err(search.failed("Redis", INSTALL))
    }

    /// The server's address, with its password.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// A beginning for the names of this test's keys, streams and channels: on a given server the only
    /// thing that keeps tests apart. Keys that begin so are deleted with this value there.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where the server comes from.
    pub fn source(&self) -> Source {
        self.server.source()
    }

    /// Kills the server: every connection is cut, and, because nothing is persisted unless
    /// [`RedisOptions::setting`] says so, all it knew is gone. Returns when it is dead.
    ///
    /// # Errors
    /// [`ServerError::Unsupported`] for a given server.
    pub async fn stop_immediate(&self) -> Result<(), ServerError> {
        self.server.stop_immediate().await
    }

    /// Starts the stopped (or killed) server on its old address, and returns when it is ready. One that
    /// runs is restarted.
    ///
    /// # Errors
    /// [`ServerError::Unsupported`] for a given server; or it did not start.
    pub async fn start_again(&self) -> Result<(), ServerError> {
        self.server.start_again().await?;
        self.await_ready().await
    }

    /// Deletes everything that the server holds, as an operator's mistake does.
    ///
    /// # Errors
    /// [`ServerError::Unsupported`] for a given server; or it does not answer.
    pub async fn flush(&self) -> Result<(), ServerError> {
        if matches!(self.server, Server::Given) {
            return Err(ServerError::Unsupported {
                operation: "flush it",
                by: Source::Given,
            });
        }
        let Some(address) = Address::of(&self.url) else {
            return Ok(());
        };
        blocking(move || {
            address.flush().map_err(|error| ServerError::Redis {
                doing: "delete everything",
                answer: error.to_string(),
            })
        })
        .await
    }

    /// The process id of a local server, for signals.
    ///
    /// # Errors
    /// [`ServerError::Unsupported`] unless the server is a local process; [`ServerError::Stopped`].
    pub fn pid(&self) -> Result<u32, ServerError> {
        self.server.pid()
    }

    async fn in_container(options: &RedisOptions) -> Result<Self, ServerError> {
        let password = Uuid::new_v4().simple().to_string();
        let mut command = vec![
            "redis-server".to_owned(),
            "--requirepass".to_owned(),
            password.clone(),
        ];
        command.extend(
            options
                .settings()
                .flat_map(|(name, value)| [format!("--{name}"), value.to_owned()]),
        );
        let container = Container::run(&Recipe {
            image: env::var("TEST_REDIS_IMAGE").unwrap_or_else(|_| "redis:7-alpine".to_owned()),
            port: 6379,
            ready: WaitFor::message_on_stdout("Ready to accept connections"),
            env: Vec::new(),
            command,
        })
        .await?;
        let url = address(&password, container.host(), container.port())?;
        let redis = Self::new(Server::Container(container), url);
        redis.await_ready().await?;
        Ok(redis)
    }

    async fn on_this_machine(binary: std::path::PathBuf, options: RedisOptions) -> Result<Self, ServerError> {
        let server =
            blocking(move || on_a_free_port(|port| LocalRedis::prepare(&binary, &options, port))).await?;
        let url = address(server.program().password(), "127.0.0.1", server.program().port())?;
        Ok(Self::new(Server::local(server), url))
    }

    async fn await_ready(&self) -> Result<(), ServerError> {
        // Encrypted ones and sockets are left to the test's own client, which speaks those.
        let Some(address) = Address::of(&self.url) else {
            return Ok(());
        };
        blocking(move || address.await_ready()).await
    }

    fn new(server: Server<LocalRedis>, url: Url) -> Self {
        Self {
            server,
            url,
            prefix: format!("order-test-{}:", Uuid::now_v7().simple()),
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let (Server::Given, Some(address)) = (&self.server, Address::of(&self.url)) {
            // A server that is gone has no keys to delete.
            let _ = address.delete(&self.prefix);
        }
    }
}

fn address(password: &str, host: &str, port: u16) -> Result<Url, ServerError> {
    Url::parse(&format!("redis://:{password}@{host}:{port}/")).map_err(|source| ServerError::BadUrl {
        variable: "the server's address",
        source,
    })
}
