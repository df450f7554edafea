//! A WebSocket client that nobody told anything about the engine.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::PATIENCE;

/// An open WebSocket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    closed: Option<Closed>,
}

/// How a socket ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// The close code; none if the connection just broke.
    pub code: Option<u16>,
    /// The reason given.
    pub reason: String,
}

/// The handshake was answered with something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Socket {
    /// Shakes hands with `ws://…`.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn open(url: &str) -> Result<Self, Refused> {
        Self::open_with_key(url, None).await
    }

    /// Shakes hands with `ws://…`, and shows an API key.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn open_with_key(url: &str, key: Option<&str>) -> Result<Self, Refused> {
        let mut request = url.into_client_request().unwrap();
        if let Some(key) = key {
            request.headers_mut().insert("x-api-key", key.parse().unwrap());
        }
        match timeout(PATIENCE, connect_async(request)).await.unwrap() {
            Ok((stream, _)) => Ok(Self { stream, closed: None }),
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err(Refused {
                    status: response.status().as_u16(),
                    body: String::from_utf8_lossy(body).into(),
                })
            }
            Err(error) => panic!("no handshake with {url}: {error}"),
        }
    }

    /// Sends a JSON text.
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a text.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// Sends any kind of frame.
    pub async fn send_frame(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next JSON text; `None` once the socket is closed, and [`Socket::closed`] says how.
    pub async fn next(&mut self) -> Option<Value> {
        let text = self.next_text().await?;
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}")))
    }

    /// The next text as it came.
    pub async fn next_text(&mut self) -> Option<String> {
        while self.closed.is_none() {
            match timeout(PATIENCE, self.stream.next())
                .await
                .expect("the socket says nothing")
            {
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    let closed = frame.map(|frame| Closed {
                        code: Some(frame.code.into()),
                        reason: frame.reason.to_string(),
                    });
                    self.closed = Some(closed.unwrap_or_default());
                    // Answers the close, which a polite client does.
                    while let Some(Ok(_)) = timeout(PATIENCE, self.stream.next()).await.unwrap() {}
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => panic!("the engine never sends {other:?}"),
                Some(Err(_)) | None => self.closed = Some(Closed::default()),
            }
        }
        None
    }

    /// How the socket ended, once it has.
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Everything until the socket is closed, and how it was closed.
    pub async fn to_the_end(mut self) -> (Vec<Value>, Closed) {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await {
            messages.push(message);
        }
        (messages, self.closed.unwrap_or_default())
    }

    /// Goes away without a word, as a client does whose network is gone.
    pub fn vanish(self) {
        drop(self.stream);
    }
}
