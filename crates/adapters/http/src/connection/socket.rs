//! A TCP connection that one task reads and writes while others ask whether its client is still there.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// How long to wait before looking again behind bytes that the server does not read yet, such as those of a further request.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A TCP connection, shared.
#[derive(Clone)]
pub struct Socket(Arc<TcpStream>);

/// What a client has done to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It sends nothing more. It may still read, or be gone: TCP says the same of both.
    Sending,
    /// It is gone.
    Wholly,
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self(Arc::new(stream))
    }
}

impl Socket {
    /// Returns when the client sends nothing more, or is gone.
    pub async fn closed(&self) -> Closed {
        loop {
            match self.0.ready(Interest::READABLE | Interest::ERROR).await {
                Ok(ready) if ready.is_error() => return Closed::Wholly,
                Ok(ready) if ready.is_read_closed() => return Closed::Sending,
                Ok(_) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(_) => return Closed::Wholly,
            }
        }
    }

    /// Returns when the client is gone and something that was sent to it has shown that.
    pub async fn broken(&self) {
        // Failing to wait means that the runtime ends, and every connection with it.
        let _ = self.0.ready(Interest::ERROR).await;
    }

    fn poll_send(
        &self,
        context: &mut Context<'_>,
        mut send: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match send(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read.map(|_| ())),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(context, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(context, |stream| stream.try_write_vectored(bytes))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Tokio shuts a stream down only by its owner; the system does it by any handle of the same socket.
        let same = std::net::TcpStream::from(self.0.as_fd().try_clone_to_owned()?);
        match same.shutdown(Shutdown::Write) {
            // The client was faster.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}
