//! What the store wants to know about its database.

use std::time::Duration;

use secrecy::SecretString;

/// Where the database is and how to treat it. Prints without the URL, which may hold a password.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database`, with the options of libpq (`sslmode`, …).
    pub url: SecretString,
    /// Connections of this process, at most.
    pub max_connections: usize,
    /// How long a step waits for a free connection, a new one included.
    pub acquire_timeout: Duration,
    /// How long the database may take for one statement. A step that takes longer counts as failed, and may
    /// have happened.
    pub statement_timeout: Duration,
}

impl PostgresSettings {
    /// The database at that URL, with the usual limits.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: SecretString::from(url.into()),
            max_connections: 12,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
        }
    }
}
