//! The engine from the other side: placing an order, following it, and looking at the engine, from the shell.

mod connection;
mod follow;
mod submit;
mod tell;
mod top;
mod watch;

use std::process::ExitCode;

pub use connection::ClientError;
pub use submit::{SubmitArgs, submit};
pub use top::{TopArgs, TopError, top};
pub use watch::{WatchArgs, watch};

use connection::Connection;
use follow::follow;
use tell::Printer;

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It executed.
    Confirmed,
    /// It did not execute and never will.
    Failed,
    /// It was taken back, or its time was up.
    Withdrawn,
    /// It was accepted; its end was not waited for.
    Accepted,
}

impl Outcome {
    /// The outcome that a terminal status stands for.
    fn of(status: &str) -> Option<Self> {
        match status {
            "confirmed" => Some(Self::Confirmed),
            "failed" => Some(Self::Failed),
            "cancelled" | "expired" => Some(Self::Withdrawn),
            _ => None,
        }
    }

    /// What a shell is told.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Confirmed | Self::Accepted => 0,
            Self::Failed => 1,
            Self::Withdrawn => 3,
        })
    }
}

/// Printed after the arguments of `submit` and `watch` by --help.
pub(crate) const CLIENT_HELP: &str = "\
An order is sent with a key, so that it counts once however often it has to be sent. A stream that breaks is
taken up again where it broke.

Exit status: 0 confirmed (or accepted, with --detach), 1 failed, 2 refused or a mistake on the command line,
3 cancelled or expired, 4 the engine does not answer.";

async fn followed(connection: &Connection, id: &str, after: u64, json: bool) -> Result<Outcome, ClientError> {
    let mut printer = Printer::new(id, json);
    let outcome = follow(connection, id, after, &mut printer).await;
    printer.end();
    outcome
}
