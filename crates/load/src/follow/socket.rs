//! A WebSocket on which the server speaks.

use futures_util::StreamExt;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::http::dial;
use crate::target::Target;

/// An open WebSocket.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// What is read of an event, whatever else it says.
#[derive(Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(rename = "orderId")]
    pub(crate) order_id: &'a str,
    pub(crate) status: &'a str,
}

impl Socket {
    /// Opens one with a read buffer of that size.
    pub(crate) async fn open(target: &Target, path: &str, buffer: usize) -> Result<Self, Box<Error>> {
        let stream = dial(target).await.map_err(Error::Io)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(buffer)
            .write_buffer_size(0);
        let url = format!("ws://{}{path}", target.authority());
        let mut request = url.into_client_request()?;
        if let Some((name, key)) = target.key() {
            request.headers_mut().insert(name, key);
        }
        let (stream, _) = client_async_with_config(request, stream, Some(config)).await?;
        Ok(Self { stream })
    }

    /// The next text; none when the server has closed the socket.
    pub(crate) async fn next(&mut self) -> Result<Option<Utf8Bytes>, Box<Error>> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(Some(text)),
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                // Pings are answered by the protocol's implementation.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// Closes it without waiting for the answer, which is not needed.
    pub(crate) async fn close(mut self) {
        drop(self.stream.close(None).await);
    }
}

/// The event in a text.
pub(crate) fn event(text: &str) -> Result<Event<'_>, serde_json::Error> {
    serde_json::from_str(text)
}
