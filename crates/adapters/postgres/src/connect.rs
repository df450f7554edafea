//! Finding the database, and saying what is wrong when that fails.

use std::io;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::Instant;

use crate::database::Database;
use crate::pool::pool;
use crate::settings::PostgresSettings;
use crate::store::PostgresStore;

/// Why there is no connection. No message holds the password or the URL.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be read.
    #[error("the database URL is not valid")]
    InvalidUrl(#[source] sqlx::Error),
    /// Nobody knows the host.
    #[error("cannot resolve the database host {host:?}")]
    UnknownHost {
        /// The host in the URL.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// Nobody answers there.
    #[error("no database answers at {address}")]
    Unreachable {
        /// Host and port, or the socket.
        address: String,
        /// What the system said.
        #[source]
        source: sqlx::Error,
    },
    /// Somebody is there, but says nothing.
    #[error("the database at {address} does not answer in time")]
    Silent {
        /// Host and port, or the socket.
        address: String,
    },
    /// It does not let this user in.
    #[error("the database refuses the user {user:?} or the password")]
    WrongPassword {
        /// The user in the URL.
        user: String,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// It has no such database.
    #[error("the server has no database {database:?}")]
    NoSuchDatabase {
        /// The name in the URL.
        database: String,
        /// What the server said.
        #[source]
        source: sqlx::Error,
    },
    /// It could not be agreed on how to encrypt.
    #[error("no encrypted connection to the database")]
    Tls(#[source] sqlx::Error),
    /// It is there and says no.
    #[error("the database refuses the connection")]
    Refused(#[source] sqlx::Error),
}

impl ConnectError {
    /// Whether it is worth the wait: a server that starts, or a network that is not up yet.
    const fn may_pass(&self) -> bool {
        match self {
            Self::UnknownHost { .. } | Self::Unreachable { .. } | Self::Silent { .. } => true,
            Self::InvalidUrl(_)
            | Self::WrongPassword { .. }
            | Self::NoSuchDatabase { .. }
            | Self::Tls(_)
            | Self::Refused(_) => false,
        }
    }
}

/// Whether a store could be looked for there.
///
/// # Errors
/// [`ConnectError::InvalidUrl`].
pub fn check_url(url: &str) -> Result<(), ConnectError> {
    let read = url.parse::<PgConnectOptions>();
    read.map(drop).map_err(ConnectError::InvalidUrl)
}

/// How often a server that is not there yet is tried.
const PAUSE: Duration = Duration::from_millis(200);

/// How long one try may take, the search for the host's address included.
const TRY: Duration = Duration::from_secs(5);

impl PostgresStore {
    /// Connects, waiting up to `wait` for a server that is not there yet. What waiting cannot mend (a wrong
    /// password, a missing database) fails at once. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ConnectError`] names what is wrong.
    pub async fn connect(settings: &PostgresSettings, wait: Duration) -> Result<Self, ConnectError> {
        let plain: PgConnectOptions = settings
            .url
            .expose_secret()
            .parse()
            .map_err(ConnectError::InvalidUrl)?;
        let plain = plain
            .application_name("order-engine")
            // What it has to say short of a warning, such as that a table exists already, is no news to anybody.
            .options([("client_min_messages", "warning")]);
        await_server(&plain, wait).await?;
        let options = tuned(plain.clone(), settings.statement_timeout);
        let database = Database {
            pool: pool(options, settings.max_connections),
            patience: settings.acquire_timeout,
            // The server's limit comes first, so that it can say so and the connection survives.
            limit: settings.statement_timeout + Duration::from_millis(500),
        };
        Ok(Self::start(database, plain))
    }
}

/// Settings of the pool's connections.
///
/// Every statement finds its rows by `= any(ids)` on an index and hashes what belongs to them. The planner is told
/// to see it this way whatever it takes the tables to look like: a plan that is made, and kept, for an almost
/// empty table would otherwise go on to read all of a large one for each batch. Likewise, what is wanted in order
/// is read in order, up to its limit, rather than found as a whole and sorted.
///
/// Each statement is planned once. By itself the planner plans those of one row anew every time, because what it knows of
/// the row makes the plan look cheaper than the one for many; but planning takes twice as long as running it.
fn tuned(options: PgConnectOptions, statement_timeout: Duration) -> PgConnectOptions {
    options.options([
        (
            "statement_timeout",
            statement_timeout.as_millis().to_string().as_str(),
        ),
        ("enable_seqscan", "off"),
        ("enable_nestloop", "off"),
        ("enable_mergejoin", "off"),
        ("enable_sort", "off"),
        ("jit", "off"),
        ("plan_cache_mode", "force_generic_plan"),
    ])
}

async fn await_server(options: &PgConnectOptions, wait: Duration) -> Result<(), ConnectError> {
    let deadline = Instant::now() + wait;
    let mut told = false;
    loop {
        let patience = TRY.min((deadline - Instant::now()).max(PAUSE));
        let error = match tokio::time::timeout(patience, try_once(options)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => ConnectError::Silent {
                address: address(options),
            },
        };
        if !error.may_pass() || Instant::now() + PAUSE >= deadline {
            return Err(error);
        }
        if !std::mem::replace(&mut told, true) {
            tracing::info!(%error, "waiting for the database");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn try_once(options: &PgConnectOptions) -> Result<(), ConnectError> {
    // A host that is a path is a folder of sockets.
    if options.get_socket().is_none() && !options.get_host().starts_with('/') {
        resolve(options).await?;
    }
    let connection = options
        .connect()
        .await
        .map_err(|error| diagnose(options, error))?;
    farewell(connection).await;
    Ok(())
}

async fn farewell(connection: PgConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "a connection was not closed in good order");
    }
}

async fn resolve(options: &PgConnectOptions) -> Result<(), ConnectError> {
    let host = options.get_host().trim_matches(['[', ']']);
    match tokio::net::lookup_host((host, options.get_port())).await {
        Ok(_) => Ok(()),
        Err(source) => Err(ConnectError::UnknownHost {
            host: host.to_owned(),
            source,
        }),
    }
}

fn address(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

fn diagnose(options: &PgConnectOptions, error: sqlx::Error) -> ConnectError {
    match &error {
        sqlx::Error::Database(refusal) => match refusal.code().as_deref() {
            // invalid_password, invalid_authorization_specification
            Some("28P01" | "28000") => ConnectError::WrongPassword {
                user: options.get_username().to_owned(),
                source: error,
            },
            // invalid_catalog_name. Without a name, the database is called like the user.
            Some("3D000") => {
                let database = options
                    .get_database()
                    .unwrap_or_else(|| options.get_username())
                    .to_owned();
                ConnectError::NoSuchDatabase {
                    database,
                    source: error,
                }
            }
            // cannot_connect_now (starting, stopping, recovering), admin_shutdown, too_many_connections
            Some("57P03" | "57P01" | "53300") => ConnectError::Unreachable {
                address: address(options),
                source: error,
            },
            Some(_) | None => ConnectError::Refused(error),
        },
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => ConnectError::Unreachable {
            address: address(options),
            source: error,
        },
        sqlx::Error::Tls(_) => ConnectError::Tls(error),
        sqlx::Error::Configuration(_) => ConnectError::InvalidUrl(error),
        _ => ConnectError::Refused(error),
    }
}
