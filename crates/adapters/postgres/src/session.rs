//! What holds for a connection while it lasts: limits, leanings of the planner, and how durable a commit is.
//!
//! They are set by a statement, and not asked for while connecting: a pooler in between refuses what is asked for
//! there, or drops it without a word, and hands a statement on.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

/// What is switched off or fixed for every connection of the pool.
///
/// Every statement finds its rows by `= any(ids)` on an index and hashes what belongs to them. The planner is told
/// to see it this way whatever it takes the tables to look like: a plan that is made, and kept, for an almost
/// empty table would otherwise go on to read all of a large one for each batch. Likewise, what is wanted in order
/// is read in order, up to its limit, rather than found as a whole and sorted.
///
/// Each statement is planned once. By itself the planner plans those of one row anew every time, because what it knows of
/// the row makes the plan look cheaper than the one for many; but planning takes twice as long as running it.
const LEANINGS: [(&str, &str); 6] = [
    ("enable_seqscan", "off"),
    ("enable_nestloop", "off"),
    ("enable_mergejoin", "off"),
    ("enable_sort", "off"),
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// What the server has to say short of a warning, such as that a table exists already, is no news to anybody.
const QUIET: &str = "set client_min_messages = warning;";

/// A commit that does not wait for the disk, or not for the standbys that the server says to wait for, is no promise.
/// What the server has beyond that, as `remote_apply`, stays.
const WAIT_FOR_THE_DISK: &str = "select set_config('synchronous_commit', 'on', false) \
     where current_setting('synchronous_commit') in ('off', 'local')";

/// What is set in every session of the pool.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Names, and values as `pg_settings` shows them.
    settings: Vec<(&'static str, String)>,
}

impl Session {
    pub(crate) fn new(statement_timeout: Duration) -> Self {
        let limit = ("statement_timeout", statement_timeout.as_millis().to_string());
        let leanings = LEANINGS.map(|(name, value)| (name, value.to_owned()));
        Self {
            settings: std::iter::once(limit).chain(leanings).collect(),
        }
    }

    /// Opens a connection with these settings.
    pub(crate) async fn open(&self, options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
        let mut connection = options.connect().await?;
        connection.execute(AssertSqlSafe(self.statement())).await?;
        Ok(connection)
    }

    /// All of them at once: one round trip.
    fn statement(&self) -> String {
        let mut text = QUIET.to_owned();
        for (name, value) in &self.settings {
            text.push_str(&format!("set {name} = '{value}';"));
        }
        text.push_str(WAIT_FOR_THE_DISK);
        text
    }

    pub(crate) fn settings(&self) -> &[(&'static str, String)] {
        &self.settings
    }
}

/// Opens a connection without limits and leanings.
pub(crate) async fn open_plain(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.execute(QUIET).await?;
    Ok(connection)
}
