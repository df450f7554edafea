//! How long connections live: idle ones, slow ones, and those whose client has said all it has to say, or is gone.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::test_server::{LIFE, LONG, ORDER, TestServer};

const PING: &[u8] = b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n";

/// Nothing of this length runs out in a test.
const FOR_EVER: Duration = Duration::from_secs(3_600);

async fn server(head: Duration, idle: Duration) -> TestServer {
    TestServer::with_settings(|settings| {
        settings.header_timeout = head;
        settings.idle_timeout = idle;
    })
    .await
}

/// Reads until this has come.
async fn read_until(connection: &mut TcpStream, end: &str) -> String {
    let mut read = String::new();
    while !read.contains(end) {
        let mut piece = [0; 4_096];
        let length = tokio::time::timeout(LONG, connection.read(&mut piece)).await;
        let length = length.expect("an answer").unwrap();
        assert!(length > 0, "the connection ends after {read:?}");
        read += std::str::from_utf8(&piece[..length]).unwrap();
    }
    read
}

/// What comes until the server closes the connection.
async fn rest(connection: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let read = connection.read_to_end(&mut rest);
    // A reset is an end as well.
    let _ = tokio::time::timeout(LONG, read).await.expect("an end");
    String::from_utf8(rest).unwrap()
}

async fn ping(connection: &mut TcpStream) {
    connection.write_all(PING).await.unwrap();
    let answer = read_until(connection, "pong").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn watchers_leave(server: &TestServer) {
    let left = async {
        while server.engine.watchers() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, left)
        .await
        .expect("the watcher is still there");
}

/// Balancers send a request down a connection that they have kept for a minute.
#[tokio::test]
async fn an_idle_connection_outlives_the_time_for_a_head() {
    let server = server(Duration::from_millis(200), FOR_EVER).await;
    let mut connection = TcpStream::connect(&server.address).await.unwrap();
    ping(&mut connection).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    ping(&mut connection).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_its_own_time() {
    // Whichever of the two is longer.
    for head in [Duration::from_millis(100), FOR_EVER] {
        let server = server(head, Duration::from_millis(300)).await;
        let mut connection = TcpStream::connect(&server.address).await.unwrap();
        connection.write_all(PING).await.unwrap();
        assert!(rest(&mut connection).await.ends_with("{\"message\":\"pong\"}"));
    }
}

#[tokio::test]
async fn a_slow_head_is_cut_off_whichever_request_it_begins() {
    let server = server(Duration::from_millis(300), FOR_EVER).await;
    for requests in 0..3 {
        let mut slow = TcpStream::connect(&server.address).await.unwrap();
        for _ in 0..requests {
            ping(&mut slow).await;
        }
        slow.write_all(b"GET /ping HTTP/1.1\r\n").await.unwrap();
        // A byte now and then is no progress: the head as a whole has its time.
        let trickle = async {
            while slow.write_all(b"x-a: b\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let cut = tokio::time::timeout(LONG, trickle).await;
        assert!(cut.is_ok(), "the head of request {requests} is waited for");
    }
    // Nor does a connection hold its place on which nothing is ever said.
    let mut silent = TcpStream::connect(&server.address).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
}

/// `nc -N`, and some proxies and probes, close their sending side as soon as the request is out.
#[tokio::test]
async fn a_client_that_closes_its_sending_side_gets_its_whole_answer() {
    let server = TestServer::open().await;
    let body = format!(
        "content-type: application/json\r\ncontent-length: {}\r\n\r\n{ORDER}",
        ORDER.len()
    );
    for (request, status) in [
        ("GET /ping HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "HTTP/1.1 200"),
        (
            format!("POST /api/orders/execute HTTP/1.1\r\nhost: x\r\n{body}"),
            "HTTP/1.1 202",
        ),
    ] {
        let mut connection = TcpStream::connect(&server.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        let answer = rest(&mut connection).await;
        assert!(answer.starts_with(status) && answer.ends_with('}'), "{answer}");
    }
}

/// The usual order as a stream on one connection, whose client then closes its sending side; and its id.
async fn half_closed_stream(server: &TestServer) -> (TcpStream, String) {
    let mut connection = TcpStream::connect(&server.address).await.unwrap();
    let request = format!(
        "POST /api/orders/execute HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{ORDER}",
        ORDER.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let begun = read_until(&mut connection, "\"pending\"").await;
    let (_, place) = begun.split_once("location: /api/orders/").unwrap();
    let order = place.lines().next().unwrap().trim().to_owned();
    (connection, order)
}

#[tokio::test]
async fn its_event_stream_goes_on_to_the_end() {
    let server =
        TestServer::with_settings(|settings| settings.idle_timeout = Duration::from_millis(100)).await;
    let (mut connection, order) = half_closed_stream(&server).await;
    // Long enough for it to be taken for one that is gone.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.engine.watchers(), 1);
    server.confirm(order.parse().unwrap());
    let history = rest(&mut connection).await;
    for status in &LIFE[1..] {
        assert!(
            history.contains(&format!("\"status\":\"{status}\"")),
            "{status}: {history}"
        );
    }
}

#[tokio::test]
async fn an_event_stream_whose_client_is_gone_is_not_kept() {
    // Nothing happens to the orders, and no keep-alive would show that nobody reads.
    let server = TestServer::with_settings(|settings| settings.keep_alive = FOR_EVER).await;
    let (connection, _) = half_closed_stream(&server).await;
    assert_eq!(server.engine.watchers(), 1);
    drop(connection);
    watchers_leave(&server).await;

    let order = server.order().await;
    let request =
        format!("GET /api/orders/{order}/events HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n");
    // One that reads what came, one that does not, and one that has asked for something more.
    for (reads, more) in [(true, false), (false, false), (true, true)] {
        let mut connection = TcpStream::connect(&server.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        if reads {
            read_until(&mut connection, "\"pending\"").await;
        } else {
            connection.readable().await.unwrap();
        }
        if more {
            connection.write_all(PING).await.unwrap();
        }
        assert_eq!(server.engine.watchers(), 1);
        drop(connection);
        watchers_leave(&server).await;
    }
}

#[tokio::test]
async fn a_socket_whose_client_is_gone_is_not_kept() {
    let server = TestServer::open().await;
    let order = server.order().await;
    let socket = server.socket(&format!("/ws/orders/{order}")).await;
    assert_eq!(server.engine.watchers(), 1);
    drop(socket);
    watchers_leave(&server).await;
}

/// A process that is about to stop says so, and serves on.
#[tokio::test]
async fn one_that_is_leaving_is_not_ready_and_serves_on() {
    let server = TestServer::open().await;
    let order = server.order().await;
    let leaving = server.leaving.clone();
    leaving.cancel();
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    assert_eq!(
        ready.json::<serde_json::Value>().await.unwrap()["status"],
        "draining"
    );
    assert_eq!(server.get("/health/live").await.status(), 200);
    let accepted = server.post("/api/orders/execute", ORDER).await;
    assert_eq!(
        (accepted.status().as_u16(), &accepted.headers()["connection"]),
        (202, &"close".parse().unwrap())
    );
    let mut socket = server.socket(&format!("/ws/orders/{order}")).await;
    assert_eq!(crate::test_server::next(&mut socket).await["status"], "pending");
    // The next request finds another connection, and perhaps another process.
    let mut connection = TcpStream::connect(&server.address).await.unwrap();
    connection.write_all(PING).await.unwrap();
    assert!(
        rest(&mut connection)
            .await
            .to_lowercase()
            .contains("connection: close")
    );
}
