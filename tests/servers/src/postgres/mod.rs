//! Postgres for a test.

mod databases;
mod local;
mod options;
mod template;

use std::sync::{Mutex, PoisonError};

use testcontainers::core::WaitFor;
use url::Url;

pub use options::PostgresOptions;

use crate::{
    docker::{Container, Recipe},
    error::ServerError,
    local::{LocalServer, on_a_free_port},
    runtime::blocking,
    search::Search,
    server::Server,
    source::Source,
};
use local::{Binaries, LocalPostgres};

const VARIABLE: &str = "TEST_DATABASE_URL";
const INSTALL: &str = "install Postgres (Debian and Ubuntu: apt-get install postgresql), or run a Docker \
                       engine, or set TEST_DATABASE_URL to a server where databases may be created";

/// A Postgres server, and databases on it.
pub struct Postgres {
    server: Server<LocalPostgres>,
    url: Url,
    /// Databases to drop at the end: those on a given server, which stays.
    made: Mutex<Vec<String>>,
}

impl Postgres {
    /// A server, ready for connections. A container or a local process belongs to this value alone: it
    /// ends when the value is dropped, or when the test's process dies, however it dies.
    ///
    /// # Errors
    /// No source has one, or the one that was chosen did not start.
    pub async fn start() -> Result<Self, ServerError> {
        Self::start_with(PostgresOptions::default()).await
    }

    /// As [`Postgres::start`], with options.
    ///
    /// # Errors
    /// No source has one that can do this, or the one that was chosen did not start.
    pub async fn start_with(options: PostgresOptions) -> Result<Self, ServerError> {
        let mut search = Search::from_env(VARIABLE, options.is_private())?;
        if let Some(url) = search.given() {
            databases::sweep(&url).await?;
            return Ok(Self::new(Server::Given, url));
        }
        if let Some(postgres) = search.docker(Self::in_container(&options)).await? {
            return Ok(postgres);
        }
        if let Some(binaries) = search.local(Binaries::find) {
            return Self::on_this_machine(binaries, options).await;
        }
        Err(search.failed("Postgres", INSTALL))
    }

    /// The address of a database that every server has; for maintenance, not for a test's tables.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Makes a new, empty database and returns its address. It goes with the server, or, on a given
    /// server, with this value.
    ///
    /// # Errors
    /// Postgres refused: it is down, or the given account may not create databases.
    pub async fn fresh_database(&self) -> Result<String, ServerError> {
        let name = databases::create(&self.url).await?;
        let mut url = self.url.clone();
        url.set_path(&name);
        if matches!(self.server, Server::Given) {
            self.made
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(name);
        }
        Ok(url.into())
    }

    /// Changes a database behind the back of the program that uses it.
    ///
    /// # Errors
    /// Postgres is down, or refuses the statement.
    pub async fn tamper(&self, database: &str, statement: &str) -> Result<(), ServerError> {
        let mut url = self.url.clone();
        url.set_path(database.rsplit('/').next().unwrap_or_default());
        databases::change(&url, statement).await
    }

    /// Where the server comes from.
    pub fn source(&self) -> Source {
        self.server.source()
    }

    /// Ends the server as a crash would: every connection is cut, nothing is tidied up, and the next
    /// start recovers from the log. Returns when it is gone.
    ///
    /// # Errors
    /// [`ServerError::Unsupported`] for a given server.
    pub async fn stop_immediate(&self) -> Result<(), ServerError> {
        self.server.stop_immediate().await
    }

    /// Starts the stopped (or killed) server on its old address and data, and returns when it is ready.
    /// One that runs is restarted.
    ///
    /// # Errors
    /// [`ServerError::Unsupported`] for a given server; or it did not start.
    pub async fn start_again(&self) -> Result<(), ServerError> {
        self.server.start_again().await?;
        databases::await_ready(&self.url).await
    }

    /// The process id of a local server, for signals.
    ///
    /// # Errors
    /// [`ServerError::Unsupported`] unless the server is a local process; [`ServerError::Stopped`].
    pub fn pid(&self) -> Result<u32, ServerError> {
        self.server.pid()
    }

    async fn in_container(options: &PostgresOptions) -> Result<Self, ServerError> {
        let password = uuid::Uuid::new_v4().simple().to_string();
        let mut command = vec!["postgres".to_owned()];
        command.extend(options.arguments());
        let container = Container::run(&Recipe {
            image: std::env::var("TEST_POSTGRES_IMAGE").unwrap_or_else(|_| "postgres:17-alpine".to_owned()),
            port: 5432,
            ready: WaitFor::message_on_stderr("database system is ready to accept connections"),
            env: vec![("POSTGRES_PASSWORD", password.clone())],
            command,
        })
        .await?;
        let url = address(&password, container.host(), container.port())?;
        // The official image starts a server for its own preparations first, which is ready too.
        databases::await_ready(&url).await?;
        Ok(Self::new(Server::Container(container), url))
    }

    async fn on_this_machine(binaries: Binaries, options: PostgresOptions) -> Result<Self, ServerError> {
        let server: LocalServer<LocalPostgres> =
            blocking(move || on_a_free_port(|port| LocalPostgres::prepare(&binaries, &options, port)))
                .await?;
        let url = address(server.program().password(), "127.0.0.1", server.program().port())?;
        Ok(Self::new(Server::local(server), url))
    }

    fn new(server: Server<LocalPostgres>, url: Url) -> Self {
        Self {
            server,
            url,
            made: Mutex::default(),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let made = std::mem::take(self.made.get_mut().unwrap_or_else(PoisonError::into_inner));
        if !made.is_empty() {
            databases::drop_all(self.url.clone(), made);
        }
    }
}

fn address(password: &str, host: &str, port: u16) -> Result<Url, ServerError> {
    Url::parse(&format!("postgres://postgres:{password}@{host}:{port}/postgres")).map_err(|source| {
        ServerError::BadUrl {
            variable: "the server's address",
            source,
        }
    })
}
