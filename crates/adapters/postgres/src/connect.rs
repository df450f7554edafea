//! Finding the database, and saying what is wrong when that fails.

use std::io;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::Instant;

use crate::database::Database;
use crate::error::code_of;
use crate::pool::pool;
use crate::pooler::{self, Sharing};
use crate::session::Session;
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
    /// It lets nobody of that name in from here, or not over a connection like this one.
    #[error(
        "the database lets no user {user:?} in from here, or only with, or only without encryption (sslmode)"
    )]
    NotLetIn {
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
    /// A pooler is in between that gives a session to each transaction.
    #[error(
        "the database at {address} is behind a pooler whose sessions are not this program's own (PgBouncer: \
         pool_mode = transaction or statement), which mixes up prepared statements and loses settings; use the \
         address of the database itself, or a pool with pool_mode = session"
    )]
    SharedSessions {
        /// Host and port, or the socket.
        address: String,
        /// How it shows.
        #[source]
        source: Sharing,
    },
    /// What answers does not speak as Postgres does, or not as this program does.
    #[error("what answers at {address} cannot be understood; is it Postgres?")]
    NotUnderstood {
        /// Host and port, or the socket.
        address: String,
        /// What went wrong.
        #[source]
        source: sqlx::Error,
    },
    /// It is there and says no.
    #[error("the database refuses the connection")]
    Refused(#[source] sqlx::Error),
}

impl ConnectError {
    /// Whether it is worth the wait: a server that starts, or a network that is not up yet.
    const fn may_pass(&self) -> bool {
        match self {
            // What cannot be understood may be a proxy on its way up, or this very connection: to a port of this machine on
            // which nothing listens yet, TCP at times connects to itself.
            Self::UnknownHost { .. }
            | Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::NotUnderstood { .. } => true,
            Self::InvalidUrl(_)
            | Self::WrongPassword { .. }
            | Self::NotLetIn { .. }
            | Self::NoSuchDatabase { .. }
            | Self::Tls(_)
            | Self::SharedSessions { .. }
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
        // Floats are not used here, and a pooler would refuse to hear of their digits.
        let plain = plain.application_name("order-engine").extra_float_digits(None);
        let session = Session::new(settings.statement_timeout);
        await_server(&plain, &session, wait).await?;
        let database = Database::new(
            pool(plain.clone(), session, settings.max_connections),
            settings.acquire_timeout,
            settings.statement_timeout,
        );
        Ok(Self::start(database, plain))
    }
}

async fn await_server(
    options: &PgConnectOptions,
    session: &Session,
    wait: Duration,
) -> Result<(), ConnectError> {
    let deadline = Instant::now() + wait;
    let mut told = false;
    loop {
        let patience = TRY.min((deadline - Instant::now()).max(PAUSE));
        let error = match tokio::time::timeout(patience, try_once(options, session)).await {
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

async fn try_once(options: &PgConnectOptions, session: &Session) -> Result<(), ConnectError> {
    // A host that is a path is a folder of sockets.
    if options.get_socket().is_none() && !options.get_host().starts_with('/') {
        resolve(options).await?;
    }
    match pooler::check(options, session).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(source)) => Err(ConnectError::SharedSessions {
            address: address(options),
            source,
        }),
        Err(error) => Err(diagnose(options, error)),
    }
}

pub(crate) async fn close_politely(connection: PgConnection) {
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
        sqlx::Error::Database(refusal) => match code_of(refusal.as_ref()) {
            // invalid_password
            "28P01" => ConnectError::WrongPassword {
                user: options.get_username().to_owned(),
                source: error,
            },
            // invalid_authorization_specification
            "28000" => ConnectError::NotLetIn {
                user: options.get_username().to_owned(),
                source: error,
            },
            // invalid_catalog_name. Without a name, the database is called like the user.
            "3D000" => {
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
            "57P03" | "57P01" | "53300" => ConnectError::Unreachable {
                address: address(options),
                source: error,
            },
            _ => ConnectError::Refused(error),
        },
        // A certificate that is not trusted, and the like; or the file of an authority that is not there.
        sqlx::Error::Io(cause) if is_of_encryption(options, cause.kind()) => ConnectError::Tls(error),
        sqlx::Error::Io(_) => ConnectError::Unreachable {
            address: address(options),
            source: error,
        },
        sqlx::Error::Protocol(_) => ConnectError::NotUnderstood {
            address: address(options),
            source: error,
        },
        sqlx::Error::Tls(_) => ConnectError::Tls(error),
        sqlx::Error::Configuration(_) => ConnectError::InvalidUrl(error),
        _ => ConnectError::Refused(error),
    }
}

/// Whether an error is not the network's: what TLS has to object to comes as bad data, and a network has no files.
fn is_of_encryption(options: &PgConnectOptions, kind: io::ErrorKind) -> bool {
    let over_the_network = options.get_socket().is_none() && !options.get_host().starts_with('/');
    match kind {
        io::ErrorKind::InvalidData => true,
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => over_the_network,
        _ => false,
    }
}
