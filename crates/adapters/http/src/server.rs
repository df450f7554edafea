//! The accept loop: connections, their limits, and their orderly end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use order_application::Engine;
use poem::endpoint::BoxEndpoint;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::doors::Doors;
use crate::routes::routes;
use crate::settings::HttpSettings;

/// How long to wait before accepting again after a failure, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// The most bytes of a request's head, and of what is read of a connection at once.
const READ_BUFFER: usize = 64 * 1024;

/// Serves the engine's doors until stopped. Then no connection is accepted any more, requests that are under
/// way are finished, event streams end, WebSockets are closed with 1012, and whatever has not ended within
/// the settings' time is dropped.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    settings: HttpSettings,
    stop: CancellationToken,
) -> io::Result<()> {
    let local = listener.local_addr()?;
    let tasks = TaskTracker::new();
    let (header_timeout, drain_timeout) = (settings.header_timeout, settings.drain_timeout);
    let doors = Arc::new(Doors {
        engine,
        settings,
        stop: stop.clone(),
        tasks: tasks.clone(),
    });
    let server = Arc::new(Server {
        endpoint: routes(&doors),
        local: LocalAddr(Addr::SocketAddr(local)),
        header_timeout,
        stop,
        abort: CancellationToken::new(),
    });
    tracing::debug!(address = %local, "the doors are open");
    server.accept(listener, &tasks).await;
    drain(&server.abort, &tasks, drain_timeout).await;
    Ok(())
}

struct Server {
    endpoint: BoxEndpoint<'static, Response>,
    local: LocalAddr,
    header_timeout: Duration,
    stop: CancellationToken,
    /// Ends what has not ended by itself. Not a child of `stop`: what is under way is given time.
    abort: CancellationToken,
}

impl Server {
    async fn accept(self: &Arc<Self>, listener: TcpListener, tasks: &TaskTracker) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((connection, remote)) => {
                    let server = Arc::clone(self);
                    tasks.spawn(async move { server.serve(connection, remote).await });
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot accept a connection"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn serve(self: Arc<Self>, connection: TcpStream, remote: SocketAddr) {
        // Without it, small replies wait for the client's acknowledgements. Failing means that it is gone.
        let _ = connection.set_nodelay(true);
        let remote = RemoteAddr(Addr::SocketAddr(remote));
        let server = Arc::clone(&self);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (server, remote) = (Arc::clone(&server), remote.clone());
            async move {
                let request = (request, server.local.clone(), remote, Scheme::HTTP).into();
                let response = server.endpoint.get_response(request).await;
                Ok::<http::Response<_>, Infallible>(response.into())
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(READ_BUFFER)
            .serve_connection(TokioIo::new(connection), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.abort.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
        }
    }
}

/// Waits for connections and sockets to end, and then for no longer.
async fn drain(abort: &CancellationToken, tasks: &TaskTracker, patience: Duration) {
    tasks.close();
    if tokio::time::timeout(patience, tasks.wait()).await.is_err() {
        tracing::warn!(
            connections = tasks.len(),
            "connections did not end in time and are dropped"
        );
        abort.cancel();
    }
}
