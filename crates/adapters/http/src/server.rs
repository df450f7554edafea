//! The accept loop: connections, their limits, and their orderly end.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use order_application::Engine;
use poem::endpoint::BoxEndpoint;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::{self, Connections, Guard, LimitSettings};
use crate::connection::{HeadTime, Noted, Socket, TimedBody, UnderWay, watched};
use crate::context::ApiContext;
use crate::routes::routes;
use crate::settings::HttpSettings;

/// How long to wait before accepting again after a failure, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// What a connection too many is told.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
connection: close\r\ncontent-length: 153\r\n\r\n\
{\"type\":\"urn:order-engine:problem:overloaded\",\"title\":\"Overloaded\",\"status\":503,\
\"detail\":\"too many connections are open\",\"code\":\"overloaded\",\"errors\":[]}";

/// How long it may take to hear that.
const FULL_TIME: Duration = Duration::from_millis(500);

/// Serves the engine's endpoints until stopped. Then no connection is accepted any more, requests that are under
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
    let (header_timeout, idle_timeout) = (settings.header_timeout, settings.idle_timeout);
    let (drain_timeout, leaving) = (settings.drain_timeout, settings.leaving.clone());
    let limits = settings.limits.clone();
    let tls = match &settings.certificates {
        Some(certificates) => {
            tasks.spawn(certificates.clone().follow(stop.clone()));
            Some(certificates.acceptor()?)
        }
        None => None,
    };
    let admission = Arc::new(Guard::new(limits.clone(), settings.load_shedding.clone()));
    tasks.spawn(tidy(Arc::clone(&admission), stop.clone()));
    let context = Arc::new(ApiContext {
        engine,
        settings,
        admission,
        stop: stop.clone(),
        tasks: tasks.clone(),
    });
    let server = Arc::new(Server {
        endpoint: routes(&context),
        local: LocalAddr(Addr::SocketAddr(local)),
        header_timeout,
        idle_timeout,
        leaving,
        connections: Connections::new(&limits),
        limits,
        tls,
        stop,
        abort: CancellationToken::new(),
    });
    tracing::debug!(address = %local, "the endpoints are open");
    server.accept(listener, &tasks).await;
    drain(&server.abort, &tasks, drain_timeout).await;
    Ok(())
}

/// Forgets callers who have not been here for a while, until stopped.
async fn tidy(admission: Arc<Guard>, stop: CancellationToken) {
    while stop
        .run_until_cancelled(tokio::time::sleep(admission::TIDY))
        .await
        .is_some()
    {
        admission.tidy();
    }
}

struct Server {
    endpoint: BoxEndpoint<'static, Response>,
    local: LocalAddr,
    header_timeout: Duration,
    idle_timeout: Duration,
    /// Cancelled when clients should go to another process.
    leaving: CancellationToken,
    connections: Connections,
    limits: LimitSettings,
    tls: Option<TlsAcceptor>,
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
                Ok((connection, remote)) => self.receive(connection, remote, tasks),
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

    fn receive(self: &Arc<Self>, connection: TcpStream, remote: SocketAddr, tasks: &TaskTracker) {
        let encrypted = self.tls.is_some();
        match self.connections.take(canonical(remote)) {
            Ok(held) => {
                let server = Arc::clone(self);
                tasks.spawn(async move {
                    let served = server.serve(connection, remote).await;
                    drop(held);
                    served
                });
            }
            // Somebody who would have to be spoken to in cipher is let go without a word.
            Err(_) if encrypted => {}
            Err(_) => _ = tasks.spawn(reject_connection(connection)),
        }
    }

    async fn serve(self: Arc<Self>, connection: TcpStream, remote: SocketAddr) {
        // Without it, small replies wait for the client's acknowledgements. Failing means that it is gone.
        let _ = connection.set_nodelay(true);
        let socket = Socket::from(connection);
        let mut connection = TimeoutStream::new(socket.clone());
        // Whoever asks and does not read the answers holds memory.
        connection.set_write_timeout(Some(self.limits.write_timeout));
        let connection = Box::pin(connection);
        let Some(tls) = &self.tls else {
            return self.converse(connection, socket, remote, Scheme::HTTP).await;
        };
        match tokio::time::timeout(self.limits.handshake_timeout, tls.accept(connection)).await {
            Ok(Ok(connection)) => self.converse(connection, socket, remote, Scheme::HTTPS).await,
            Ok(Err(error)) => tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a client does not agree on encryption"
            ),
            Err(_) => tracing::debug!("a client takes too long to agree on encryption"),
        }
    }

    async fn converse<S>(&self, connection: S, socket: Socket, remote: SocketAddr, scheme: Scheme)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let remote = RemoteAddr(Addr::SocketAddr(remote));
        let head = HeadTime::new();
        let service = service_fn(|request: http::Request<Incoming>| {
            let under_way = head.complete();
            let request = (request, self.local.clone(), remote.clone(), scheme.clone()).into();
            let socket = &socket;
            async move {
                let response = self.endpoint.get_response(request).await;
                let response = self.finish(response.into(), under_way);
                Ok::<_, Infallible>(watched(response, socket))
            }
        });
        let connection = Noted {
            connection,
            head: head.clone(),
        };
        let connection = http1::Builder::new()
            // hyper has one time for both; see `HeadTime`.
            .header_read_timeout(None)
            // A client that has sent all it has to say still waits for its answer.
            .half_close(true)
            .max_headers(self.limits.head_fields)
            .max_buf_size(self.limits.head_bytes)
            .serve_connection(TokioIo::new(connection), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = head.runs_out(self.header_timeout, self.idle_timeout) => {
                tracing::debug!("a client takes too long to send a request's head, or has sent none for long");
                return;
            }
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

impl Server {
    /// Says so where the client should come back by another connection, and notes for how long the answer takes.
    fn finish<B>(
        &self,
        mut response: http::Response<B>,
        under_way: UnderWay,
    ) -> http::Response<TimedBody<B>> {
        let switches = response.status() == http::StatusCode::SWITCHING_PROTOCOLS;
        if self.leaving.is_cancelled() && !switches {
            let close = http::HeaderValue::from_static("close");
            response.headers_mut().insert(http::header::CONNECTION, close);
        }
        let under_way = if switches {
            under_way.for_good();
            None
        } else {
            Some(under_way)
        };
        response.map(|body| TimedBody {
            body,
            _under_way: under_way,
        })
    }
}

fn canonical(remote: SocketAddr) -> IpAddr {
    remote.ip().to_canonical()
}

/// Tells a connection too many to come back.
async fn reject_connection(mut connection: TcpStream) {
    let told = async {
        // An answer to nothing would not be understood.
        let _ = connection.read(&mut [0; 1_024]).await?;
        connection.write_all(FULL).await?;
        connection.shutdown().await?;
        // A connection that is closed with bytes unread is reset, and the client would not learn why.
        tokio::io::copy(&mut connection, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(FULL_TIME, told).await;
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
