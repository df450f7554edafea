//! What can go wrong before a test has its server.

use std::fmt;

use crate::source::Source;

/// Why a test has no server, or why a server cannot do what was asked of it.
#[derive(thiserror::Error)]
pub enum ServerError {
    /// No source has one. The message says what to install.
    #[error("no {server} for tests: {install} ({})", .tried.join("; "))]
    NoneAvailable {
        /// Postgres or Redis.
        server: &'static str,
        /// What would help, for a person.
        install: &'static str,
        /// What was tried, and why it gave nothing.
        tried: Vec<String>,
    },
    /// `TEST_SERVERS` names no source.
    #[error("TEST_SERVERS is {0:?}: it may be given, docker or local")]
    UnknownSource(String),
    /// `TEST_SERVERS=given` without the address.
    #[error("TEST_SERVERS=given, but {0} is not set")]
    NotGiven(&'static str),
    /// An address in the environment that is no URL. Its text may hold a password, so it is not shown.
    #[error("{variable} is not a URL")]
    BadUrl {
        /// The variable's name.
        variable: &'static str,
        /// What is wrong with it.
        #[source]
        source: url::ParseError,
    },
    /// A program is not on this machine.
    #[error("{program} is neither in PATH nor in {folders}")]
    BinaryMissing {
        /// The program's name.
        program: &'static str,
        /// Where else it was looked for.
        folders: &'static str,
    },
    /// No Docker engine answers.
    #[error("no Docker engine answers")]
    NoEngine {
        /// What was found where one should be.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine answers, and cannot get the image.
    #[error("no image {image}")]
    NoImage {
        /// Its name and tag.
        image: String,
        /// What the engine said.
        #[source]
        source: Box<testcontainers::TestcontainersError>,
    },
    /// The engine could not do this with a container.
    #[error("cannot {doing} a container of {image}; its log:\n{log}")]
    Container {
        /// What was being done.
        doing: &'static str,
        /// The image's name and tag.
        image: String,
        /// What the container said.
        log: String,
        /// What the engine said.
        #[source]
        source: Box<testcontainers::TestcontainersError>,
    },
    /// The machine refused something: a folder, a process, a pipe.
    #[error("cannot {doing}")]
    Machine {
        /// What was being done.
        doing: &'static str,
        /// What the machine said.
        #[source]
        source: std::io::Error,
    },
    /// A program ran, and ended or went silent before it was ready.
    #[error("{server} did not start; its log:\n{log}")]
    DidNotStart {
        /// Postgres, Redis, or the program that prepares one.
        server: &'static str,
        /// What it said.
        log: String,
    },
    /// The server's source cannot do this.
    #[error("cannot {operation}: the server is {by}, ask for a private one or for another source")]
    Unsupported {
        /// What was asked.
        operation: &'static str,
        /// Where the server comes from.
        by: Source,
    },
    /// The server was stopped, and not started again.
    #[error("the server is stopped")]
    Stopped,
    /// Postgres refused a connection or a statement.
    #[error("Postgres refused to {doing}")]
    Database {
        /// What was asked of it.
        doing: &'static str,
        /// What it said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// Redis refused a connection or a command.
    #[error("Redis refused to {doing}: {answer}")]
    Redis {
        /// What was asked of it.
        doing: &'static str,
        /// What it said.
        answer: String,
    },
}

impl ServerError {
    /// For `map_err` on what the machine refuses.
    pub(crate) fn machine(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Machine { doing, source }
    }

    /// The error and its causes in one text.
    pub(crate) fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// The same text as for a person: `unwrap` in a test shows the `Debug` form, and the one line that
/// says what to install should be readable there.
impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_full())
    }
}
