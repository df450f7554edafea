//! Orders that are posted together with a WebSocket handshake, over a bare connection: no WebSocket library
//! can do it, and what is sent in which packet matters.

use order_core::id::OrderId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::test_server::{LIFE, LONG, ORDER, TestServer, close_code, id, next, statuses};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What RFC 6455 gives as the answer to that key.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fn head(extra: &str) -> String {
    format!(
        "POST /api/orders/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n{extra}\r\n"
    )
}

fn whole(extra: &str) -> String {
    format!(
        "{}{ORDER}",
        head(&format!("Content-Length: {}\r\n{extra}", ORDER.len()))
    )
}

/// A connection that has read some heads.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(server: &TestServer) -> Self {
        Self {
            stream: TcpStream::connect(&server.address).await.unwrap(),
            read: Vec::new(),
        }
    }

    async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).await.unwrap();
    }

    /// The next head, in lower case; what follows it stays.
    async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                let head: Vec<_> = self.read.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            let read = tokio::time::timeout(LONG, self.stream.read_buf(&mut self.read))
                .await
                .unwrap()
                .unwrap();
            assert_ne!(read, 0, "the connection ended in a head");
        }
    }

    async fn into_socket(self) -> WebSocketStream<TcpStream> {
        WebSocketStream::from_partially_read(self.stream, self.read, Role::Client, None).await
    }
}

fn location(head: &str) -> OrderId {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("location: /api/orders/"));
    line.unwrap().trim().parse().unwrap()
}

/// The events of a connection that was just upgraded, to their end.
async fn whole_life(server: &TestServer, mut connection: Connection) {
    let head = connection.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains(ACCEPT), "{head}");
    let order = location(&head);
    let mut socket = connection.into_socket().await;
    let first = next(&mut socket).await;
    assert_eq!((id(&first), &first["status"]), (order, &"pending".into()));
    server.confirm(order);
    assert_eq!(statuses(&mut socket, 2, 5).await, LIFE[1..]);
    assert_eq!(close_code(&mut socket).await, 1000);
}

#[tokio::test]
async fn a_posted_handshake_goes_on_as_a_websocket() {
    let server = TestServer::open().await;
    let mut connection = Connection::open(&server).await;
    connection.send(whole("")).await;
    whole_life(&server, connection).await;
}

#[tokio::test]
async fn the_body_may_come_late_in_chunks_or_after_leave_to_send() {
    let server = TestServer::open().await;
    let mut late = Connection::open(&server).await;
    late.send(head(&format!("Content-Length: {}\r\n", ORDER.len())))
        .await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    late.send(ORDER).await;
    whole_life(&server, late).await;

    let mut chunked = Connection::open(&server).await;
    let (one, two) = ORDER.split_at(7);
    chunked.send(head("Transfer-Encoding: chunked\r\n")).await;
    chunked.send(format!("7\r\n{one}\r\n")).await;
    chunked
        .send(format!("{:x}\r\n{two}\r\n0\r\n\r\n", two.len()))
        .await;
    whole_life(&server, chunked).await;

    let mut asking = Connection::open(&server).await;
    asking
        .send(head(&format!(
            "Content-Length: {}\r\nExpect: 100-continue\r\n",
            ORDER.len()
        )))
        .await;
    assert!(asking.head().await.starts_with("HTTP/1.1 100 "));
    asking.send(ORDER).await;
    whole_life(&server, asking).await;
}

#[tokio::test]
async fn frames_may_follow_the_body_at_once() {
    let server = TestServer::open().await;
    let mut connection = Connection::open(&server).await;
    // A masked ping with the payload "hi", in the same packet as the request.
    let mut request = whole("").into_bytes();
    request.extend([0x89, 0x82, 0, 0, 0, 0, b'h', b'i']);
    connection.send(request).await;
    let head = connection.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let pong = b"\x8a\x02hi";
    let answered = async {
        while !connection.read.windows(pong.len()).any(|window| window == pong) {
            assert_ne!(connection.stream.read_buf(&mut connection.read).await.unwrap(), 0);
        }
    };
    tokio::time::timeout(LONG, answered).await.unwrap();
}

#[tokio::test]
async fn other_upgrades_and_half_handshakes_are_ignored() {
    let server = TestServer::open().await;
    let length = format!("Content-Length: {}\r\n", ORDER.len());
    for upgrade in [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 8\r\n",
        "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\nSec-WebSocket-Version: 13\r\n",
    ] {
        let mut connection = Connection::open(&server).await;
        let head = "POST /api/orders/execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
        connection
            .send(format!("{head}{length}{upgrade}\r\n{ORDER}"))
            .await;
        let reply = connection.head().await;
        assert!(reply.starts_with("HTTP/1.1 202 "), "{upgrade}{reply}");
    }
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let server = TestServer::with_settings(|settings| settings.post_upgrade = false).await;
    let mut connection = Connection::open(&server).await;
    connection.send(whole("")).await;
    assert!(connection.head().await.starts_with("HTTP/1.1 202 "));
}

#[tokio::test]
async fn a_wrong_order_is_an_ordinary_problem_without_upgrade() {
    let server = TestServer::open().await;
    let mut connection = Connection::open(&server).await;
    connection
        .send(format!("{}{{}}", head("Content-Length: 2\r\n")))
        .await;
    let reply = connection.head().await;
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert!(reply.contains("application/problem+json"));
}

#[tokio::test]
async fn a_repeated_request_follows_the_first_order() {
    let server = TestServer::open().await;
    let mut first = Connection::open(&server).await;
    first.send(whole("Idempotency-Key: k\r\n")).await;
    let order = location(&first.head().await);
    server.confirm(order);
    let mut again = Connection::open(&server).await;
    again.send(whole("Idempotency-Key: k\r\n")).await;
    let reply = again.head().await;
    assert!(
        reply.starts_with("HTTP/1.1 101 ") && reply.contains("idempotency-replayed: true"),
        "{reply}"
    );
    assert_eq!(location(&reply), order);
    let mut socket = again.into_socket().await;
    assert_eq!(statuses(&mut socket, 1, 6).await, LIFE);
    assert_eq!(close_code(&mut socket).await, 1000);
}
