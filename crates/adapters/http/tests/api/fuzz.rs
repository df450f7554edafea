//! Bytes that two readers might understand differently, and handshakes that are none: one answer, then the end.

use crate::test_server::{LONG, TestServer, next};
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What follows a request in the same connection, if it ends earlier than its sender pretends.
const HIDDEN: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// A post with these fields and this body, and a hidden request behind it.
fn post(fields: &str, body: &str) -> String {
    format!(
        "POST /api/quotes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{fields}\r\n{body}{HIDDEN}"
    )
}

#[tokio::test]
async fn a_request_that_can_be_read_in_two_ways_ends_the_connection() {
    let server = TestServer::open().await;
    for (name, request) in [
        (
            "two lengths",
            post("content-length: 2\r\ncontent-length: 3\r\n", "{}"),
        ),
        ("two lengths in one", post("content-length: 2, 3\r\n", "{}")),
        ("a length that is none", post("content-length: +2\r\n", "{}")),
        ("a negative length", post("content-length: -1\r\n", "")),
        ("a length in hexadecimal", post("content-length: 0x2\r\n", "{}")),
        (
            "chunks that are not the last coding",
            post("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ),
        (
            "an unknown coding",
            post("transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
        ),
        (
            "a chunk without a size",
            post("transfer-encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk of a negative size",
            post("transfer-encoding: chunked\r\n", "-1\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk that is too long",
            post(
                "transfer-encoding: chunked\r\n",
                "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
            ),
        ),
        (
            "a chunk longer than its size",
            post("transfer-encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a folded field",
            post("content-length: 2\r\nx-a: b\r\n c\r\n", "{}"),
        ),
        ("a space before the colon", post("content-length : 2\r\n", "{}")),
        (
            "a field without a name",
            post("content-length: 2\r\n: x\r\n", "{}"),
        ),
        (
            "a null in a field",
            post("content-length: 2\r\nx-a: \0\r\n", "{}"),
        ),
        (
            "an old version's chunks",
            format!(
                "POST /api/quotes HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "a version there is not",
            format!("GET /ping HTTP/9.9\r\nhost: x\r\n\r\n{HIDDEN}"),
        ),
        ("no version", format!("GET /ping\r\n\r\n{HIDDEN}")),
        ("a line that is none", format!("\u{1}\u{2}\u{3}\r\n\r\n{HIDDEN}")),
        (
            "another protocol",
            format!("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}{HIDDEN}"),
        ),
    ] {
        let answer = server.raw(request.as_bytes()).await;
        assert!(!answer.contains("HTTP/1.1 200"), "{name}: {answer}");
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{name}: {answer}"
        );
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{name}: {answer}");
    }
}

/// RFC 9112 6.3 allows two ways: to refuse it, or to go by the chunks and close the connection after it.
#[tokio::test]
async fn chunks_go_before_a_length_and_nothing_is_smuggled() {
    let server = TestServer::open().await;
    for fields in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 300\r\n",
    ] {
        let answer = server.raw(post(fields, "2\r\n{}\r\n0\r\n\r\n").as_bytes()).await;
        let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
        // `{}` lacks every field: 400 is the endpoint's own answer. Whatever follows is read where the chunks end.
        assert!(
            matches!(statuses[..], ["400"] | ["400", "200"]),
            "{fields}: {answer}"
        );
    }
}

#[tokio::test]
async fn requests_in_a_row_are_answered_in_a_row() {
    let server = TestServer::open().await;
    let two = format!("GET /ping HTTP/1.1\r\nhost: x\r\n\r\n{HIDDEN}");
    let answer = server.raw(two.as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
    assert!(answer.find("pong") < answer.find("\"ok\""), "{answer}");
}

#[tokio::test]
async fn half_a_handshake_opens_nothing() {
    let server = TestServer::open().await;
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "sec-websocket-version: 13\r\n";
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    for (name, method, fields, status) in [
        ("no key", "GET", format!("{upgrade}{version}"), "400"),
        ("two keys", "GET", format!("{upgrade}{version}{key}{key}"), "400"),
        (
            "a key that is none",
            "GET",
            format!("{upgrade}{version}sec-websocket-key: x\r\n"),
            "400",
        ),
        (
            "an old version",
            "GET",
            format!("{upgrade}sec-websocket-version: 8\r\n{key}"),
            "426",
        ),
        ("no version", "GET", format!("{upgrade}{key}"), "426"),
        (
            "another protocol",
            "GET",
            format!("connection: upgrade\r\nupgrade: h2c\r\n{version}{key}"),
            "426",
        ),
        (
            "no connection field",
            "GET",
            format!("upgrade: websocket\r\n{version}{key}"),
            "426",
        ),
        ("another method", "PUT", format!("{upgrade}{version}{key}"), "405"),
    ] {
        let request = format!("{method} /ws/orders HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
        let mut connection = TcpStream::connect(&server.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4_096];
        let read = tokio::io::AsyncReadExt::read(&mut connection, &mut answer);
        let size = tokio::time::timeout(LONG, read).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..size]).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{name}: {answer}"
        );
    }
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_the_socket_and_nothing_else() {
    let server = TestServer::open().await;
    let order = server.order().await;
    let mut well = server.socket(&format!("/ws/orders/{order}")).await;
    assert_eq!(next(&mut well).await["seq"], 1);
    for frame in [
        // Not masked, as a server's would be.
        &[0x81, 0x02, b'{', b'}'][..],
        // Reserved bits, a reserved opcode.
        &[0xf1, 0x80, 0, 0, 0, 0],
        &[0x83, 0x80, 0, 0, 0, 0],
        // A ping in pieces.
        &[0x09, 0x80, 0, 0, 0, 0],
        // The end of a message that was never begun.
        &[0x80, 0x80, 0, 0, 0, 0],
        // More than there is.
        &[
            0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
        ],
    ] {
        let mut heard = server.socket("/api/orders/execute").await;
        heard.get_mut().write_all(frame).await.unwrap();
        let ended = async { while let Some(Ok(_)) = heard.next().await {} };
        tokio::time::timeout(LONG, ended)
            .await
            .unwrap_or_else(|_| panic!("{frame:x?} is waited upon"));
    }
    server.confirm(order);
    assert_eq!(next(&mut well).await["seq"], 2);
}
