//! A WebSocket handshake on a POST: the order and its life on one connection.

use order_tests::{Mode, TestEngine, in_both_modes};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use futures_util::StreamExt;

use crate::{LIFE, sell, statuses};

in_both_modes!(a_posted_handshake_goes_on_as_a_websocket);

/// Posts an order with a handshake; the head of the reply, and the connection with what came after it.
async fn post(engine: &TestEngine) -> (String, TcpStream, Vec<u8>) {
    let body = sell().to_string();
    let request = format!(
        "POST /api/orders/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(engine.authority()).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    let end = loop {
        assert_ne!(connection.read_buf(&mut read).await.unwrap(), 0);
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let rest = read.split_off(end);
    (String::from_utf8(read).unwrap(), connection, rest)
}

async fn a_posted_handshake_goes_on_as_a_websocket(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let (head, connection, rest) = post(&engine).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    let mut socket = WebSocketStream::from_partially_read(connection, rest, Role::Client, None).await;
    let (mut events, mut code) = (Vec::<Value>::new(), None);
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => events.push(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => code = frame.map(|frame| u16::from(frame.code)),
            _ => {}
        }
    }
    assert_eq!((statuses(&events, 1), code), (LIFE.to_vec(), Some(1000)));
    let id = events[0]["orderId"].as_str().unwrap();
    assert!(
        head.contains(&format!("location: /api/orders/{id}\r\n")),
        "{head}"
    );
    engine.stop().await;
}

#[tokio::test]
async fn it_is_a_plain_post_where_that_is_switched_off() {
    let engine = TestEngine::memory("server.post_upgrade = false").await;
    let (head, _, _) = post(&engine).await;
    assert!(head.starts_with("HTTP/1.1 202 "), "{head}");
}
