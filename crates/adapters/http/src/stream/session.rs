//! One WebSocket from its opening to its end: sending, pings, silence, closing. What is said on it is a
//! [`SocketHandler`].

use std::sync::Arc;

use futures_util::{FutureExt, SinkExt, StreamExt};
use order_application::WatchError;
use poem::Upgraded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use crate::access::Principal;
use crate::admission::{Pace, Rate};
use crate::settings::SocketSettings;

/// Why a socket is closed by us, as the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseReason {
    code: u16,
    reason: &'static str,
}

/// The reasons there are.
pub mod close_reason {
    use super::CloseReason;

    /// The order's history is over.
    pub const DONE: CloseReason = CloseReason {
        code: 1000,
        reason: "the order is final",
    };
    /// The client broke the protocol.
    pub const PROTOCOL: CloseReason = CloseReason {
        code: 1002,
        reason: "protocol error",
    };
    /// The client sent a binary message.
    pub const BINARY: CloseReason = CloseReason {
        code: 1003,
        reason: "text messages only",
    };
    /// The client sent a text that is none.
    pub const NOT_UTF8: CloseReason = CloseReason {
        code: 1007,
        reason: "text must be UTF-8",
    };
    /// The client talks too fast.
    pub const TOO_FAST: CloseReason = CloseReason {
        code: 1008,
        reason: "too many messages",
    };
    /// The client sent a message that is too large.
    pub const TOO_LARGE: CloseReason = CloseReason {
        code: 1009,
        reason: "message too large",
    };
    /// The service stops.
    pub const RESTART: CloseReason = CloseReason {
        code: 1012,
        reason: "service restart; resume with after",
    };
    /// The store does not answer.
    pub const TRY_AGAIN: CloseReason = CloseReason {
        code: 1013,
        reason: "store unavailable; resume with after",
    };
    /// The key by which the client came in is not good any more.
    pub const KEY_ENDED: CloseReason = CloseReason {
        code: 4401,
        reason: "the API key is not valid any more",
    };
    /// There is no such order.
    pub const UNKNOWN_ORDER: CloseReason = CloseReason {
        code: 4404,
        reason: "unknown order",
    };
    /// The client reads too slowly for what happens.
    pub const TOO_SLOW: CloseReason = CloseReason {
        code: 4408,
        reason: "too slow; resume with after",
    };
}

/// How a watch that ends early is told to the client.
pub fn broken(error: &WatchError) -> CloseReason {
    match error {
        WatchError::Overflow => close_reason::TOO_SLOW,
        WatchError::Store(error) => {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a socket's events break off"
            );
            close_reason::TRY_AGAIN
        }
    }
}

/// What a socket does next.
#[derive(Debug)]
pub enum Outgoing {
    /// Sends a text message.
    Text(Arc<str>),
    /// Ends.
    Close(CloseReason),
}

/// What an endpoint says on its socket.
pub trait SocketHandler: Send {
    /// What to do next. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Outgoing> + Send;

    /// A text message came.
    fn on_message(&mut self, text: &str);

    /// Whether it can take another message now.
    fn accepts_input(&self) -> bool {
        true
    }
}

/// How the reading or writing of a socket ended.
enum Ended {
    /// We close it.
    ByUs(CloseReason),
    /// We close it, and what the client sends next cannot be understood.
    Malformed(CloseReason),
    /// The client closes it.
    ByClient,
    /// It is gone.
    Gone,
}

/// An open WebSocket.
pub struct Session {
    socket: WebSocketStream<Upgraded>,
    settings: SocketSettings,
    pace: Pace,
    stop: CancellationToken,
    who: Principal,
}

impl Session {
    /// Speaks WebSocket on a connection whose handshake is done.
    pub async fn open(
        connection: Upgraded,
        settings: SocketSettings,
        rate: Option<Rate>,
        stop: CancellationToken,
        who: Principal,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(settings.buffer)
            .write_buffer_size(settings.buffer)
            .max_message_size(Some(settings.max_message))
            .max_frame_size(Some(settings.max_message));
        let socket = WebSocketStream::from_raw_socket(connection, Role::Server, Some(config)).await;
        Self {
            socket,
            settings,
            pace: Pace::new(rate),
            stop,
            who,
        }
    }

    /// Runs a handler to its end.
    pub async fn run(&mut self, mut handler: impl SocketHandler) {
        match self.exchange(&mut handler).await {
            Ended::ByUs(close_reason) => self.close(close_reason).await,
            Ended::Malformed(close_reason) => self.hang_up(close_reason).await,
            Ended::ByClient => self.wait_for_end().await,
            Ended::Gone => {}
        }
    }

    async fn exchange(&mut self, handler: &mut impl SocketHandler) -> Ended {
        let (stop, who) = (self.stop.clone(), self.who.clone());
        let period = self.settings.ping_interval;
        let mut pings = interval_at(Instant::now() + period, period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => Some(Ended::ByUs(close_reason::RESTART)),
                () = who.ended() => Some(Ended::ByUs(close_reason::KEY_ENDED)),
                outgoing = handler.next() => self.send_all(outgoing, handler).await.err(),
                message = self.socket.next(), if handler.accepts_input() => {
                    heard = Instant::now();
                    // Pings count as well: answering them is work, too.
                    if self.pace.allows() { on_message(message, handler).err() } else { Some(Ended::ByUs(close_reason::TOO_FAST)) }
                }
                _ = pings.tick() => {
                    let silent = handler.accepts_input() && heard.elapsed() >= self.settings.silence;
                    if silent { Some(Ended::Gone) } else { self.send(Message::Ping(Bytes::new())).await.err() }
                }
            };
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    /// Sends it, and whatever else is ready to be sent, in as few packets as possible.
    async fn send_all(&mut self, first: Outgoing, handler: &mut impl SocketHandler) -> Result<(), Ended> {
        let mut outgoing = Some(first);
        while let Some(next) = outgoing {
            match next {
                Outgoing::Text(text) => {
                    let message = Message::Text(Utf8Bytes::from(&*text));
                    within(self.settings, self.socket.feed(message)).await?;
                }
                Outgoing::Close(close_reason) => {
                    within(self.settings, self.socket.flush()).await?;
                    return Err(Ended::ByUs(close_reason));
                }
            }
            outgoing = handler.next().now_or_never();
        }
        within(self.settings, self.socket.flush()).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Ended> {
        within(self.settings, self.socket.send(message)).await
    }

    /// Closes the socket and waits for the client to agree.
    pub async fn close(&mut self, close_reason: CloseReason) {
        if self.send(Message::Close(Some(close_reason.into()))).await.is_ok() {
            self.wait_for_end().await;
        }
    }

    /// Reads until the closing handshake is over. The client may still be in the middle of something.
    async fn wait_for_end(&mut self) {
        let rest = async { while let Some(Ok(_)) = self.socket.next().await {} };
        let _ = timeout(self.settings.close_timeout, rest).await;
    }

    /// Closes a socket on which frames cannot be read any more. What still comes is thrown away: a connection
    /// that is closed with bytes unread is reset, and the client would not learn why.
    async fn hang_up(&mut self, close_reason: CloseReason) {
        if self
            .send(Message::Close(Some(close_reason.into())))
            .await
            .is_err()
        {
            return;
        }
        let connection = self.socket.get_mut();
        let rest = async {
            // Not on the stack, which every session would have to have room for.
            let mut scratch = vec![0; 4096];
            let _ = connection.shutdown().await;
            while let Ok(1..) = connection.read(&mut scratch).await {}
        };
        let _ = timeout(self.settings.close_timeout, rest).await;
    }
}

/// What a message, or its absence, means.
fn on_message(
    message: Option<Result<Message, Error>>,
    handler: &mut impl SocketHandler,
) -> Result<(), Ended> {
    match message {
        Some(Ok(Message::Text(text))) => {
            handler.on_message(&text);
            Ok(())
        }
        // Pings are answered by the protocol itself.
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
        Some(Ok(Message::Binary(_))) => Err(Ended::ByUs(close_reason::BINARY)),
        Some(Ok(Message::Close(_))) => Err(Ended::ByClient),
        Some(Err(Error::Capacity(_))) => Err(Ended::Malformed(close_reason::TOO_LARGE)),
        Some(Err(Error::Utf8(_))) => Err(Ended::Malformed(close_reason::NOT_UTF8)),
        Some(Err(Error::Protocol(_))) => Err(Ended::Malformed(close_reason::PROTOCOL)),
        Some(Err(_)) | None => Err(Ended::Gone),
    }
}

/// Something that a client must let happen in time.
async fn within(
    settings: SocketSettings,
    sending: impl Future<Output = Result<(), Error>>,
) -> Result<(), Ended> {
    match timeout(settings.send_timeout, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Ended::Gone),
    }
}

impl From<CloseReason> for CloseFrame {
    fn from(close_reason: CloseReason) -> Self {
        Self {
            code: CloseCode::from(close_reason.code),
            reason: Utf8Bytes::from_static(close_reason.reason),
        }
    }
}
