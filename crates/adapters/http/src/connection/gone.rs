//! Event streams end when their client is gone. A client that closes its sending side may still read, so that it is
//! sent a comment: a client that still reads skips it, and the reset of one that is gone tells the system.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use hyper::body::{Body, Frame, SizeHint};

use super::socket::{Closed, Socket};

/// A line that readers of event streams skip.
const COMMENT: &[u8] = b":\n\n";

/// What the media type of event streams begins with.
const EVENT_STREAM: &[u8] = b"text/event-stream";

type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The body of an answer; as an event stream, it ends when the client is gone.
pub struct NotificationsGone<B> {
    body: B,
    client: Client,
}

enum Client {
    /// Nothing is looked at: an answer that is not a stream comes to its end by itself.
    Unwatched,
    /// It reads and may send.
    Whole(Socket, Waiting<Closed>),
    /// It sends nothing more.
    Silent(Waiting<()>),
}

/// The response to that client; as an event stream, it ends when the client is gone.
pub fn watched<B>(response: http::Response<B>, socket: &Socket) -> http::Response<NotificationsGone<B>> {
    let kind = response.headers().get(CONTENT_TYPE);
    let client = if kind.is_some_and(|kind| kind.as_bytes().starts_with(EVENT_STREAM)) {
        let (here, there) = (socket.clone(), socket.clone());
        Client::Whole(here, Box::pin(async move { there.closed().await }))
    } else {
        Client::Unwatched
    };
    response.map(|body| NotificationsGone { body, client })
}

impl Client {
    /// What is to be sent, or told, because of what the client has done.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<&'static [u8]>> {
        let gone = || Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        match self {
            Self::Unwatched => Poll::Pending,
            Self::Silent(broken) => match broken.as_mut().poll(context) {
                Poll::Ready(()) => gone(),
                Poll::Pending => Poll::Pending,
            },
            Self::Whole(socket, closed) => match closed.as_mut().poll(context) {
                Poll::Ready(Closed::Wholly) => gone(),
                Poll::Ready(Closed::Sending) => {
                    let socket = socket.clone();
                    *self = Self::Silent(Box::pin(async move { socket.broken().await }));
                    Poll::Ready(Ok(COMMENT))
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl<B> Body for NotificationsGone<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: From<io::Error>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let sent = self.client.poll(context);
        sent.map(|sent| {
            Some(
                sent.map(|bytes| Frame::data(Bytes::from_static(bytes)))
                    .map_err(B::Error::from),
            )
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
