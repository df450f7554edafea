//! The market over HTTP, so that several processes share it and it outlives each of them.

mod admin;
mod body;
mod refused;
mod routes;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::endpoint::BoxEndpoint;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::chain::JournalError;
use crate::market::Market;

/// The whole market, as it is asked for.
type Routes = BoxEndpoint<'static, Response>;

/// How long a client may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long answers under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(3);

/// How the market is served.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServeOptions {
    /// Whether anybody may change prices, pools, faults and time.
    pub admin: bool,
}

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The ledger could not be written to its end.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Serves the market until it is cancelled, then lets the answers under way finish, briefly, and the ledger
/// reach the disk.
///
/// # Errors
/// [`ServeError`] when the last entries of the ledger are not on the disk.
pub async fn serve(
    market: Arc<Market>,
    listener: TcpListener,
    options: ServeOptions,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let endpoint = Arc::new(routes::routes(&market, options));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(converse(Arc::clone(&endpoint), stream, stop.clone()));
            }
            Err(error) => pause_after(&error).await,
        }
    }
    connections.close();
    connections.wait().await;
    market.flush().await?;
    Ok(())
}

/// A connection that was gone before it was taken is nothing; out of file descriptors, it helps to wait.
async fn pause_after(error: &io::Error) {
    if error.kind() != io::ErrorKind::ConnectionAborted {
        tracing::warn!(%error, "no connection can be taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn converse(endpoint: Arc<Routes>, stream: TcpStream, stop: CancellationToken) {
    // Without it a small answer can wait for the client's acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection cannot be told to send at once");
    }
    let service = service_fn(|request: http::Request<Incoming>| {
        let parts = (request, LocalAddr::default(), RemoteAddr::default(), Scheme::HTTP);
        async { Ok::<_, Infallible>(http::Response::from(endpoint.get_response(parts.into()).await)) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        // A client that has sent all it has to say still waits for its answer.
        .half_close(true);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}
