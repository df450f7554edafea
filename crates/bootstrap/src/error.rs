//! Why the engine does not start, and how an error is told.

use std::error::Error;
use std::path::PathBuf;

/// What can be done where a ledger cannot be kept.
const KEEPING: &str = "set market.ledger to a file that can be written, or to \"off\" if it may be forgotten at exit (an \
                       order under way may then be sent again), or VENUE_URL";

/// Why the engine does not start. No message holds a password.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address to listen on is taken.
    #[error("{0} is in use: something else listens there; choose another port by PORT")]
    AddressInUse(String),
    /// The address to listen on cannot be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which address.
        address: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Something needs a database and none is configured.
    #[error("no database is configured; set DATABASE_URL")]
    NoDatabase,
    /// Nothing says where the venues' ledger is.
    #[error("no ledger of the venues is configured; set VENUE_URL or market.ledger")]
    NoLedger,
    /// The ledger that a process with this database would keep is not there.
    #[error(
        "no ledger of the venues is at {0}; set VENUE_URL or market.ledger to where what was executed is kept"
    )]
    LedgerNotThere(PathBuf),
    /// It cannot be told which database this is.
    #[error("the database does not tell its name and age, by which the venues' ledger is named")]
    Identity(#[source] order_ports::StoreError),
    /// There is no folder for a ledger.
    #[error(
        "no home directory is known in which the venues of this process could keep what they execute; {KEEPING}"
    )]
    NoHome(#[source] etcetera::HomeDirError),
    /// The folder of the ledger cannot be made.
    #[error("the venues of this process cannot keep what they execute in the folder {folder}; {KEEPING}")]
    LedgerFolder {
        /// Which folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ledger that belongs to the database cannot be used.
    #[error("the venues of this process cannot keep what they execute; {KEEPING}")]
    LedgerBesideDatabase(#[source] order_mock_dex::JournalError),
    /// The database cannot be used.
    #[error("Postgres")]
    Postgres(#[from] order_postgres::ConnectError),
    /// The database could not be brought up to date.
    #[error("Postgres")]
    Migration(#[from] order_postgres::MigrationError),
    /// The database does not say what time it is, by which all that orders do goes.
    #[error("the database does not tell the time")]
    StoreTime(#[source] order_ports::StoreError),
    /// The database is not up to date, and this process may not change that.
    #[error("the database lacks migrations, and database.migrate is false: run `order-engine migrate` first")]
    NotMigrated,
    /// The queue's name cannot be used.
    #[error("queue.name")]
    QueueName(#[from] order_redis::InvalidQueueName),
    /// Redis' address cannot be used.
    #[error("redis.url")]
    RedisAddress(#[from] order_redis::InvalidAddress),
    /// What is to vouch for Redis cannot be used.
    #[error("redis.ca_file")]
    RedisAuthority(#[from] order_redis::AuthorityError),
    /// Redis cannot be reached.
    #[error("Redis")]
    Redis(#[from] order_redis::RedisUnavailable),
    /// The certificate cannot be served.
    #[error("server.tls_certificate")]
    Certificate(#[from] order_http::CertificateError),
    /// Redis will not do.
    #[error(transparent)]
    RedisCheck(#[from] order_redis::CheckError),
    /// The market cannot open.
    #[error("the market cannot open")]
    Market(#[from] order_mock_dex::OpenError),
    /// The venue server's address cannot be used.
    #[error("market.url")]
    VenueAddress(#[from] order_mock_dex::RemoteError),
    /// The venue server is not there.
    #[error("no venue server answers at {url} ({waited:?} waited)")]
    VenueServer {
        /// Where.
        url: String,
        /// How long it was tried.
        waited: std::time::Duration,
        /// The last failure.
        #[source]
        source: order_mock_dex::RemoteError,
    },
    /// Nothing can be counted.
    #[error("the meters")]
    Meters(#[from] order_metrics::RecorderError),
    /// Opening something was cut short.
    #[error("starting was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// The error and all its causes, in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
