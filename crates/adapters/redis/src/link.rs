//! The connection that all parts of the process share, and its return after a break.
//!
//! Callers of a broken connection wait for the new one, but no longer than the patience, counted from the
//! break. So a short break costs a short wait and no error, and in a long one every caller gets its error at once.

use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::address::RedisAddress;
use crate::connection::{Connection, Limits};
use crate::error::{RedisUnavailable, says};

/// The first pause between two attempts to connect; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// The part of the patience after which an unanswered connection is in doubt.
const DOUBT: u32 = 4;

/// What Redis is asked.
#[derive(Clone, Copy)]
pub(crate) enum RedisRequest<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
    Script(&'a ScriptInvocation<'a>),
}

#[derive(Clone)]
enum State {
    Up {
        connection: Connection,
        generation: u64,
    },
    Away {
        since: Instant,
        error: Option<RedisError>,
    },
}

/// A shared connection to one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Link {
    state: watch::Receiver<State>,
    /// The last generation that was found broken.
    broken: watch::Sender<u64>,
    patience: Duration,
}

impl Link {
    /// Begins to connect, and keeps connected until the last clone is dropped.
    pub(crate) fn new(address: RedisAddress, patience: Duration) -> Self {
        let (state, seen) = watch::channel(State::Away {
            since: Instant::now(),
            error: None,
        });
        let (broken, reports) = watch::channel(0);
        tokio::spawn(keep_connected(address, patience, state, reports));
        Self {
            state: seen,
            broken,
            patience,
        }
    }

    /// Asks, and asks once more when the connection turns out to be broken. So what is asked may be done
    /// twice.
    pub(crate) async fn ask<T: FromRedisValue>(&self, ask: RedisRequest<'_>) -> Result<T, RedisUnavailable> {
        let deadline = Instant::now() + self.patience;
        let mut failed = None;
        loop {
            let (mut connection, generation) = match self.connection(deadline).await {
                Ok(connected) => connected,
                Err(away) => return Err(failed.unwrap_or(away)),
            };
            let doubts = gone(connection.clone(), self.patience / DOUBT);
            let answered = async {
                tokio::select! {
                    answer = ask.of(&mut connection) => answer,
                    error = doubts => Err(error),
                }
            };
            let error = match timeout_at(deadline, answered).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => {
                    self.report(generation);
                    return Err(RedisUnavailable::Silent(self.patience));
                }
            };
            if !is_broken(&error) {
                return Err(error.into());
            }
            self.report(generation);
            if failed.replace(error.into()).is_some() {
                return Err(failed.unwrap_or(RedisUnavailable::Away(None)));
            }
        }
    }

    async fn connection(&self, deadline: Instant) -> Result<(Connection, u64), RedisUnavailable> {
        let mut state = self.state.clone();
        loop {
            let deadline = match &*state.borrow_and_update() {
                State::Up {
                    connection,
                    generation,
                } if *generation > *self.broken.borrow() => {
                    return Ok((connection.clone(), *generation));
                }
                // Found broken just now; the keeper is about to say so.
                State::Up { .. } => deadline,
                State::Away { since, error } => {
                    let patient_until = *since + self.patience;
                    if Instant::now() >= patient_until.min(deadline) {
                        return Err(RedisUnavailable::Away(error.clone()));
                    }
                    patient_until.min(deadline)
                }
            };
            match timeout_at(deadline, state.changed()).await {
                Ok(Ok(())) => {}
                // The keeper lives as long as this link, unless the runtime is being shut down.
                Ok(Err(_)) => return Err(RedisUnavailable::Away(None)),
                Err(_) => {
                    let error = match &*state.borrow() {
                        State::Away { error, .. } => error.clone(),
                        State::Up { .. } => None,
                    };
                    return Err(RedisUnavailable::Away(error));
                }
            }
        }
    }

    /// Whether this is, as far as is known by now, a cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        match &*self.state.borrow() {
            State::Up { connection, .. } => connection.is_cluster(),
            State::Away { .. } => false,
        }
    }

    fn report(&self, generation: u64) {
        self.broken.send_if_modified(|broken| {
            let news = *broken < generation;
            *broken = generation.max(*broken);
            news
        });
    }
}

impl RedisRequest<'_> {
    pub(crate) async fn of<T: FromRedisValue>(
        self,
        connection: &mut (impl ConnectionLike + Send),
    ) -> RedisResult<T> {
        match self {
            Self::Command(command) => command.query_async(connection).await,
            Self::Pipeline(pipeline) => pipeline.query_async(connection).await,
            Self::Script(script) => script.invoke_async(connection).await,
        }
    }
}

/// Whether a new connection may help. One that leads to a replica by now does not get better by itself: the
/// name must be looked up again.
pub(crate) fn is_broken(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_timeout()
        || says(error, "READONLY")
        || says(error, "MASTERDOWN")
}

/// Asks after a while whether the connection still stands, and returns the error if it does not.
///
/// The client drops what reaches a connection at the very moment at which that ends, and its caller hears nothing. What
/// is sent after that moment fails at once; behind a server that is slow it waits in line.
async fn gone(mut connection: Connection, after: Duration) -> RedisError {
    sleep(after).await;
    match redis::cmd("PING").query_async::<()>(&mut connection).await {
        Err(error) if error.is_unrecoverable_error() => error,
        Err(_) | Ok(()) => std::future::pending().await,
    }
}

/// Connects again whenever the connection is reported broken.
async fn keep_connected(
    address: RedisAddress,
    patience: Duration,
    state: watch::Sender<State>,
    mut broken: watch::Receiver<u64>,
) {
    for generation in 1.. {
        let Some(connection) = connect(&address, patience, &state).await else {
            return;
        };
        if generation > 1 {
            tracing::info!(server = %address, "connected again");
        }
        state.send_replace(State::Up {
            connection,
            generation,
        });
        if broken.wait_for(|broken| *broken >= generation).await.is_err() {
            return;
        }
        tracing::warn!(server = %address, "connection lost");
        state.send_replace(State::Away {
            since: Instant::now(),
            error: None,
        });
    }
}

/// Tries until it succeeds; `None` when no caller holds the connection any more.
async fn connect(
    address: &RedisAddress,
    patience: Duration,
    state: &watch::Sender<State>,
) -> Option<Connection> {
    // The caller's own deadline comes first, and tells a slow answer from a broken connection.
    let limits = Limits {
        connect: patience,
        answer: patience * 2,
    };
    let mut pause = FIRST_PAUSE;
    while !state.is_closed() {
        match Connection::open(address, limits).await {
            Ok(connection) => return Some(connection),
            Err(failed) => {
                tracing::debug!(server = %address, error = &failed as &dyn std::error::Error, "cannot connect");
                state.send_if_modified(|state| {
                    if let State::Away { error, .. } = state {
                        *error = Some(failed);
                    }
                    false
                });
            }
        }
        sleep(pause).await;
        pause = LAST_PAUSE.min(pause * 2);
    }
    None
}
