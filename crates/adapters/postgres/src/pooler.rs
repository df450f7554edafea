//! Whether a connection is a session of its own.
//!
//! A pooler between this program and the database may give each transaction whichever session of its own is free. Then
//! prepared statements, which are a session's, meet another client's parameters, and what is set in a session is set in
//! one and missing in the next. That cannot be worked with, and goes unnoticed while there is little to do; so it is
//! found out at the start, by two connections of which one is kept busy.

use std::collections::BTreeSet;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::session::Session;

/// A pooler that hands out the session that was used last, or has but one, is found out in the first round; one that
/// takes turns over several shows another one each time. The rest is for poolers that others use, too.
const ROUNDS: usize = 2;

/// What is wrong with the sessions.
#[derive(Debug, thiserror::Error)]
pub enum Sharing {
    /// Two connections were the same session, or one was several.
    #[error("a connection is given another session for each transaction")]
    Sessions,
    /// A transaction over several statements is refused, or something else is that every session can.
    #[error("a transaction of several statements is refused")]
    Transactions(#[source] sqlx::Error),
    /// What was set does not hold.
    #[error("{name} is set to {wanted:?}, and is {found:?}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// What it was set to.
        wanted: String,
        /// What it is.
        found: String,
    },
}

/// What was found out; an error of the driver if nothing was.
pub(crate) type Finding = Result<Result<(), Sharing>, sqlx::Error>;

/// Makes sure that connections are sessions of their own, in which what was set stays set.
pub(crate) async fn check(options: &PgConnectOptions, session: &Session) -> Finding {
    let mut pair = Pair {
        one: Side::new(session.open(options).await?),
        other: Side::new(session.open(options).await?),
    };
    let finding = pair.compare(session).await;
    crate::connect::close_politely(pair.one.connection).await;
    crate::connect::close_politely(pair.other.connection).await;
    finding
}

struct Pair {
    one: Side,
    other: Side,
}

/// A connection, and the server's processes that it turned out to be.
struct Side {
    connection: PgConnection,
    processes: BTreeSet<i32>,
}

impl Pair {
    async fn compare(&mut self, session: &Session) -> Finding {
        for _ in 0..ROUNDS {
            for _ in 0..2 {
                if let Err(sharing) = self.round(session).await? {
                    return Ok(Err(sharing));
                }
                std::mem::swap(&mut self.one, &mut self.other);
            }
        }
        Ok(Ok(()))
    }

    /// Looks at one connection before and while the other has a transaction open, whose session is nobody else's then.
    async fn round(&mut self, session: &Session) -> Finding {
        if let Err(sharing) = self.one.look(session).await? {
            return Ok(Err(sharing));
        }
        match self.other.connection.execute("begin").await {
            Ok(_) => {}
            Err(error @ sqlx::Error::Database(_)) => return Ok(Err(Sharing::Transactions(error))),
            Err(error) => return Err(error),
        }
        if let Err(sharing) = self.other.look(session).await? {
            return Ok(Err(sharing));
        }
        // Before the first one is asked again: a pooler with a single session would let it wait for the second.
        if self.are_shared() {
            return Ok(Err(Sharing::Sessions));
        }
        let again = self.one.look(session).await?;
        self.other.connection.execute("rollback").await?;
        if self.are_shared() {
            return Ok(Err(Sharing::Sessions));
        }
        Ok(again)
    }

    fn are_shared(&self) -> bool {
        let (one, other) = (&self.one.processes, &self.other.processes);
        one.len() > 1 || other.len() > 1 || one.intersection(other).next().is_some()
    }
}

impl Side {
    fn new(connection: PgConnection) -> Self {
        Self {
            connection,
            processes: BTreeSet::new(),
        }
    }

    /// Notes which process of the server this is at the moment, and checks what is set there.
    async fn look(&mut self, session: &Session) -> Finding {
        let names: Vec<_> = session
            .settings()
            .iter()
            .map(|(name, _)| format!("'{name}'"))
            .collect();
        // By the simple protocol, which prepares nothing.
        let question = format!(
            "select pg_backend_pid() as process, name, setting from pg_settings where name in ({})",
            names.join(", ")
        );
        let rows = self.connection.fetch_all(AssertSqlSafe(question)).await?;
        for row in &rows {
            self.processes.insert(row.try_get("process")?);
        }
        for (name, wanted) in session.settings() {
            let mut found = "not there".to_owned();
            for row in &rows {
                if row.try_get::<&str, _>("name")? == *name {
                    found = row.try_get("setting")?;
                }
            }
            if found != *wanted {
                return Ok(Err(Sharing::Setting {
                    name,
                    wanted: wanted.clone(),
                    found,
                }));
            }
        }
        Ok(Ok(()))
    }
}
