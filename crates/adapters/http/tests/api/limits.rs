//! What a caller is told who takes too much.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use futures_util::SinkExt;
use order_http::{HttpSettings, LimitSettings, LoadShedding, Rate};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::test_server::{LONG, ORDER, TestServer, close_code, next, say};

fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    let [per_second, burst] = [per_second, burst].map(|number| NonZeroU32::new(number).unwrap());
    Some(Rate { per_second, burst })
}

/// Endpoints behind one proxy, that count callers on this machine too.
async fn server(change: impl FnOnce(&mut LimitSettings)) -> TestServer {
    TestServer::with_settings(|settings: &mut HttpSettings| {
        settings.limits.exempt_loopback = false;
        settings.limits.trusted_hops = 1;
        change(&mut settings.limits);
    })
    .await
}

impl TestServer {
    async fn from(&self, address: &str, path: &str) -> reqwest::Response {
        let request = self.client.get(self.url(path)).header("x-forwarded-for", address);
        request.send().await.unwrap()
    }

    async fn order_of(&self, owner: &str) -> reqwest::Response {
        let body = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "userId": owner});
        self.post("/api/orders/execute", body.to_string()).await
    }

    /// What is answered to these bytes until the connection is closed.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut connection = TcpStream::connect(&self.address).await.unwrap();
        connection.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = connection.read_to_end(&mut answer);
        // A reset is an end as well.
        let _ = tokio::time::timeout(LONG, read).await.expect("an end");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn header<'a>(reply: &'a reqwest::Response, name: &str) -> &'a str {
    reply.headers()[name].to_str().unwrap()
}

async fn code(reply: reqwest::Response) -> Value {
    assert_eq!(header(&reply, "content-type"), "application/problem+json");
    reply.json::<Value>().await.unwrap()["code"].clone()
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let server = server(|limits| limits.address_rate = rate(1, 3)).await;
    for left in [2, 1, 0] {
        let reply = server.from("192.0.2.1", "/ping").await;
        assert_eq!(reply.status(), 200);
        assert_eq!(header(&reply, "ratelimit-policy"), "\"address\";q=3;w=3");
        assert_eq!(header(&reply, "ratelimit"), format!("\"address\";r={left}"));
    }
    let refused = server.from("192.0.2.1", "/ping").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "retry-after"), "1");
    assert_eq!(header(&refused, "ratelimit"), "\"address\";r=0;t=1");
    assert_eq!(code(refused).await, "rate_limited");
    // Nobody else is, not even somebody who claims to be the first, and whoever watches the process never is.
    assert_eq!(server.from("192.0.2.2", "/ping").await.status(), 200);
    assert_eq!(server.from("192.0.2.1, 192.0.2.3", "/ping").await.status(), 200);
    assert_eq!(server.from("192.0.2.1", "/health/live").await.status(), 200);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(server.from("192.0.2.1", "/ping").await.status(), 200);
}

#[tokio::test]
async fn callers_on_this_machine_are_exempt_unless_it_is_said() {
    let server = TestServer::with_settings(|settings| settings.limits.address_rate = rate(1, 1)).await;
    for _ in 0..5 {
        assert_eq!(server.get("/ping").await.status(), 200);
    }
}

#[tokio::test]
async fn an_owner_who_submits_too_often_is_told_on_every_endpoint() {
    let server = server(|limits| limits.owner_rate = rate(1, 2)).await;
    assert_eq!(server.order_of("alice").await.status(), 202);
    let mut socket = server.socket("/api/orders/execute").await;
    let order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "userId": "alice"});
    say(&mut socket, order.to_string()).await;
    assert_eq!(next(&mut socket).await["success"], true);
    say(&mut socket, order.to_string()).await;
    let refused = loop {
        let message = next(&mut socket).await;
        if message["seq"].is_null() {
            break message;
        }
    };
    assert_eq!(
        (&refused["code"], &refused["status"]),
        (&"rate_limited".into(), &429.into())
    );
    let refused = server.order_of("alice").await;
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "retry-after")),
        (429, "1")
    );
    assert_eq!(header(&refused, "ratelimit-policy"), "\"owner\";q=2;w=2");
    assert_eq!(code(refused).await, "rate_limited");
    assert_eq!(server.order_of("bob").await.status(), 202);
}

#[tokio::test]
async fn an_owner_has_so_many_orders_under_way_at_most() {
    let server = TestServer::with_open_orders(2).await;
    let body = |key: &str| {
        json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "userId": "alice", "clientOrderId": key}).to_string()
    };
    let first = server.post("/api/orders/execute", body("1")).await;
    let first: Value = first.json().await.unwrap();
    assert_eq!(server.order_of("alice").await.status(), 202);
    let refused = server.order_of("alice").await;
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "retry-after")),
        (429, "1")
    );
    assert_eq!(code(refused).await, "too_many_open_orders");
    assert_eq!(server.order_of("bob").await.status(), 202);
    server.confirm(crate::test_server::id(&first));
    assert_eq!(server.order_of("alice").await.status(), 202);
}

#[tokio::test]
async fn sockets_and_streams_are_counted_together() {
    let server = server(|limits| {
        limits.streams_per_address = Some(2);
        limits.streams_per_owner = Some(1);
    })
    .await;
    let socket = server.socket("/ws/orders?userId=alice").await;
    let refused = |path: &str| {
        let url = format!("ws://{}{path}", server.address);
        async move {
            tokio_tungstenite::connect_async(url)
                .await
                .unwrap_err()
                .to_string()
        }
    };
    assert!(refused("/ws/orders?userId=alice").await.contains("429"));
    let order = server.order().await;
    let stream = server
        .client
        .get(server.url(&format!("/api/orders/{order}/events")));
    let stream = stream.header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(stream.status(), 200);
    assert!(refused("/api/orders/execute").await.contains("429"));
    let submitted = server.client.post(server.url("/api/orders/execute")).body(ORDER);
    let submitted = submitted
        .header("content-type", "application/json")
        .header("accept", "text/event-stream");
    assert_eq!(code(submitted.send().await.unwrap()).await, "too_many_streams");
    drop((socket, stream));
    for _ in 0..200 {
        if tokio_tungstenite::connect_async(format!("ws://{}/ws/orders?userId=alice", server.address))
            .await
            .is_ok()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("what was let go is still counted");
}

#[tokio::test]
async fn who_talks_too_fast_is_hung_up_on() {
    let server = server(|limits| limits.message_rate = rate(1, 3)).await;
    for message in [Message::Text("{}".into()), Message::Ping(Default::default())] {
        let mut socket = server.socket("/api/orders/execute").await;
        for _ in 0..4 {
            socket.send(message.clone()).await.unwrap();
        }
        assert_eq!(close_code(&mut socket).await, 1008);
    }
}

#[tokio::test]
async fn a_message_over_four_kibibytes_is_too_large() {
    let server = TestServer::open().await;
    let mut socket = server.socket("/api/orders/execute").await;
    let padded = |size: usize| format!("{ORDER}{}", " ".repeat(size - ORDER.len()));
    say(&mut socket, padded(4_096)).await;
    assert_eq!(next(&mut socket).await["success"], true);
    say(&mut socket, padded(4_097)).await;
    assert_eq!(close_code(&mut socket).await, 1009);
}

#[tokio::test]
async fn while_too_many_orders_wait_new_ones_are_sent_away_and_old_ones_read() {
    let load_shedding = LoadShedding::default();
    let server = TestServer::with_settings(|settings| settings.load_shedding = load_shedding.clone()).await;
    let order = server.order().await;
    load_shedding.set(true);
    let refused = server.post("/api/orders/execute", ORDER).await;
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "retry-after")),
        (503, "1")
    );
    assert_eq!(code(refused).await, "overloaded");
    assert_eq!(server.get(&format!("/api/orders/{order}")).await.status(), 200);
    load_shedding.set(false);
    server.order().await;
}

#[tokio::test]
async fn more_requests_than_can_be_worked_on_are_sent_away() {
    let server = server(|limits| limits.requests = 1).await;
    // One that is under way: its body does not come.
    let mut slow = TcpStream::connect(&server.address).await.unwrap();
    let head = "POST /api/orders/execute HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    let refused = loop {
        let reply = server.get("/ping").await;
        if reply.status() != 200 {
            break reply;
        }
    };
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "retry-after")),
        (503, "1")
    );
    assert_eq!(code(refused).await, "overloaded");
    assert_eq!(server.get("/health/live").await.status(), 200);
    drop(slow);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let server = server(|limits| limits.request_timeout = Duration::from_millis(100)).await;
    let head = "POST /api/orders/execute HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n";
    let answer = server.raw(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("\"code\":\"timed_out\""), "{answer}");
}

#[tokio::test]
async fn a_connection_too_many_is_told_to_come_back() {
    let server = server(|limits| limits.connections = 2).await;
    let held = [
        TcpStream::connect(&server.address).await.unwrap(),
        TcpStream::connect(&server.address).await.unwrap(),
    ];
    let refused = server.get("/ping").await;
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "retry-after")),
        (503, "1")
    );
    assert_eq!(code(refused).await, "overloaded");
    drop(held);
    let began = Instant::now();
    while server.get("/ping").await.status() != 200 {
        assert!(began.elapsed() < LONG, "what was closed is still counted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_does_not_read_the_answers_is_let_go() {
    let server =
        TestServer::with_settings(|settings| settings.limits.write_timeout = Duration::from_millis(300))
            .await;
    let mut deaf = TcpStream::connect(&server.address).await.unwrap();
    let questions = b"GET /docs HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20);
    let asking = async {
        while deaf.write_all(&questions).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, asking).await.expect("an end");
}

#[tokio::test]
async fn heads_have_a_size() {
    let server = TestServer::open().await;
    let fields = |count: usize| {
        let fields: String = (0..count).map(|n| format!("x-{n}: y\r\n")).collect();
        format!("GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n")
    };
    assert!(
        server
            .raw(fields(62).as_bytes())
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        server
            .raw(fields(63).as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    );
    let large = format!(
        "GET /ping HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n",
        "y".repeat(17_000)
    );
    assert!(server.raw(large.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(17_000));
    let answer = server.raw(long.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn a_strangers_page_gets_no_socket() {
    let server = TestServer::with_settings(|settings| {
        settings.limits.origins = vec!["https://desk.example".into()];
    })
    .await;
    let open = |origin: String| {
        let mut request = format!("ws://{}/ws/orders", server.address)
            .into_client_request()
            .unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        tokio_tungstenite::connect_async(request)
    };
    let refused = open("https://evil.example".into()).await.unwrap_err().to_string();
    assert!(refused.contains("403"), "{refused}");
    assert!(open("https://desk.example".into()).await.is_ok());
    assert!(open(format!("http://{}", server.address)).await.is_ok());
}
