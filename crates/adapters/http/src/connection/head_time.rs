//! How long a client may take to send a request's head, apart from how long a connection may rest between two requests.
//!
//! hyper has one time for both. A balancer keeps connections open for a minute and longer, and sends a request down one
//! that it takes for open; a client that sends its head a byte at a time should not get as long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What one connection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Between two requests, since this time.
    Idle(Instant),
    /// A head has begun to arrive at this time.
    Head(Instant),
    /// A request is being answered, or the connection is no longer HTTP.
    Busy,
}

/// The head's time on one connection.
#[derive(Clone)]
pub struct HeadTime(Arc<Shared>);

struct Shared {
    phase: Mutex<Phase>,
    changed: Notify,
}

impl HeadTime {
    /// A connection that was just accepted: its first head is expected now.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            phase: Mutex::new(Phase::Head(Instant::now())),
            changed: Notify::new(),
        }))
    }

    fn set(&self, phase: Phase) {
        *self.0.phase.lock() = phase;
        self.0.changed.notify_one();
    }

    /// The head is complete. The request is under way until what this returns is dropped.
    pub fn complete(&self) -> UnderWay {
        self.set(Phase::Busy);
        UnderWay(Some(self.clone()))
    }

    fn arrives(&self) {
        let began = {
            let mut phase = self.0.phase.lock();
            let began = matches!(*phase, Phase::Idle(_));
            if began {
                *phase = Phase::Head(Instant::now());
            }
            began
        };
        if began {
            self.0.changed.notify_one();
        }
    }

    /// Returns when a head takes longer than `head`, or a connection has been idle for longer than `idle`.
    pub async fn runs_out(&self, head: Duration, idle: Duration) {
        loop {
            let changed = self.0.changed.notified();
            let phase = *self.0.phase.lock();
            let end = match phase {
                Phase::Head(began) => began + head,
                Phase::Idle(began) => began + idle,
                Phase::Busy => {
                    changed.await;
                    continue;
                }
            };
            if tokio::time::timeout_at(end, changed).await.is_err() {
                return;
            }
        }
    }
}

/// A request that is under way.
pub struct UnderWay(Option<HeadTime>);

impl UnderWay {
    /// The connection is no longer HTTP from here on: what arrives is no head.
    pub fn for_good(mut self) {
        self.0 = None;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(head) = self.0.take() {
            head.set(Phase::Idle(Instant::now()));
        }
    }
}

/// A connection that notes when a head begins to arrive.
pub struct Noted<S> {
    pub connection: S,
    pub head: HeadTime,
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.connection).poll_read(cx, buf));
        if buf.filled().len() > before {
            self.head.arrives();
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

/// An answer's body, for as long as which its request is under way.
pub struct TimedBody<B> {
    pub body: B,
    pub _under_way: Option<UnderWay>,
}

impl<B: Body + Unpin> Body for TimedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
