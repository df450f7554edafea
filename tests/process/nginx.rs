//! The engine behind a real nginx that is configured as `deploy/nginx` says.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use order_tests::EngineProcess;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

const RECIPE: &str = include_str!("../../deploy/nginx/order-engine.conf");
const NAME: &str = "desk.example";
const PATIENCE: Duration = Duration::from_secs(30);

/// An engine, and an nginx before it. Both end when dropped.
struct Proxied {
    http: reqwest::Client,
    address: SocketAddr,
    _engine: EngineProcess,
    _nginx: Child,
    _folder: TempDir,
}

/// The recipe for this engine, at that address; without encryption, since certificates are not what is tried.
fn recipe(engine: &str, address: SocketAddr) -> String {
    let changed = [
        ("127.0.0.1:3000", engine.to_owned()),
        ("listen 443 ssl", format!("listen {address}")),
    ];
    let mut text = RECIPE.to_owned();
    for (from, to) in changed {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, &to);
    }
    let kept = text.lines().filter(|line| !line.trim_start().starts_with("ssl_"));
    kept.collect::<Vec<_>>().join("\n")
}

/// Debian keeps it out of the path of everybody but root.
fn nginx() -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("nginx");
    command.env("PATH", format!("{path}:/usr/sbin"));
    command
}

/// Starts nginx in that folder. None if something else has taken its port meanwhile.
async fn start(folder: &Path, engine: &str) -> Option<(Child, SocketAddr)> {
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {}/{name};\n", folder.display()))
        .collect();
    let recipe = recipe(engine, address);
    let text = format!(
        "daemon off;\nmaster_process off;\npid {0}/pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\naccess_log off;\ntypes {{ text/html html; }}\n{places}{recipe}\n}}\n",
        folder.display()
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, text).unwrap();
    let mut child = nginx()
        .arg("-e")
        .arg("stderr")
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("nginx is needed: apt-get install nginx-light ({error})"));
    let end = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < end {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        if TcpStream::connect(address).await.is_ok() {
            return Some((child, address));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nginx does not listen");
}

impl Proxied {
    async fn start() -> Self {
        let engine = EngineProcess::spawn(
            &[],
            &[
                ("HOST", "127.0.0.1"),
                ("PORT", "0"),
                ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
                ("ORDER_ENGINE__VENUES__PRICE", "frozen"),
                ("ORDER_ENGINE__SERVER__TRUSTED_HOPS", "1"),
                ("ORDER_ENGINE__SERVER__ALLOWED_HOSTS", NAME),
            ],
        );
        let upstream = engine.client().await.authority().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let mut started = None;
        for _ in 0..5 {
            started = start(folder.path(), &upstream).await;
            if started.is_some() {
                break;
            }
        }
        let (nginx, address) = started.expect("nginx does not start; what it says is above");
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .resolve(NAME, address)
            .resolve("rebound.example", address)
            .build()
            .unwrap();
        Self {
            http,
            address,
            _engine: engine,
            _nginx: nginx,
            _folder: folder,
        }
    }

    fn origin(&self) -> String {
        format!("http://{NAME}:{}", self.address.port())
    }

    /// As a page of the engine's own sends it.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let origin = self.origin();
        let request = self.http.request(method, format!("{origin}{path}"));
        request.header("origin", origin).header("accept-encoding", "gzip")
    }

    async fn post(&self, order: &Value, accept: &str) -> Response {
        let request = self.request(Method::POST, "/api/orders/execute");
        request.header("accept", accept).json(order).send().await.unwrap()
    }

    /// Opens a socket as a page of that origin does.
    async fn socket(
        &self,
        path: &str,
        origin: &str,
    ) -> Result<tokio_tungstenite::WebSocketStream<TcpStream>, Error> {
        let url = format!("ws://{NAME}:{}{path}", self.address.port());
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let connection = TcpStream::connect(self.address).await.unwrap();
        let opened = tokio_tungstenite::client_async(request, connection).await;
        opened.map(|(socket, _)| socket)
    }
}

/// An order that rests.
fn resting() -> Value {
    json!({"type": "limit", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "limitPrice": "1000"})
}

async fn id(accepted: Response) -> String {
    assert_eq!(accepted.status(), 202);
    let accepted: Value = accepted.json().await.unwrap();
    accepted["orderId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_page_its_orders_and_its_live_connection_work_behind_nginx() {
    let proxied = Proxied::start().await;
    let page = proxied.request(Method::GET, "/").send().await.unwrap();
    assert_eq!(page.status(), 200);

    let order = id(proxied.post(&resting(), "application/json").await).await;
    let path = format!("/ws/orders/{order}");
    let mut socket = proxied.socket(&path, &proxied.origin()).await.unwrap();
    let first = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
    let Some(Ok(Message::Text(first))) = first else {
        panic!("{first:?}")
    };
    assert!(first.contains("\"pending\""), "{first}");

    match proxied.socket(&path, "https://evil.example").await {
        Err(Error::Http(refused)) => assert_eq!(refused.status(), 403),
        other => panic!("{other:?}"),
    }
}

/// Through a proxy that gathers what it hands on, the first event would come with the last.
#[tokio::test]
async fn event_streams_come_through_nginx_as_they_happen() {
    let proxied = Proxied::start().await;
    let stream = proxied.post(&resting(), "text/event-stream").await;
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.headers().get("content-encoding"), None);
    let mut stream = stream.bytes_stream();
    let mut seen = String::new();
    // The order rests, and so the stream is not over.
    while !seen.contains("\"waiting\"") {
        let piece = tokio::time::timeout(PATIENCE, stream.next()).await;
        let piece = piece.expect("an event").expect("a stream that goes on");
        seen += std::str::from_utf8(&piece.unwrap()).unwrap();
    }
}

/// nginx makes a tag weak when it compresses; it still names a version.
#[tokio::test]
async fn an_order_that_was_read_compressed_can_be_replaced() {
    let proxied = Proxied::start().await;
    let order = id(proxied.post(&resting(), "application/json").await).await;
    let path = format!("/api/orders/{order}");
    let end = tokio::time::Instant::now() + PATIENCE;
    let tag = loop {
        let read = proxied.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(read.headers()["content-encoding"], "gzip");
        let tag = read.headers()["etag"].to_str().unwrap().to_owned();
        assert!(tag.starts_with("W/"), "{tag}");
        // Version 2 is when it rests.
        if tag != "W/\"1\"" {
            break tag;
        }
        assert!(tokio::time::Instant::now() < end, "it does not rest");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let replaced = proxied
        .request(Method::PATCH, &path)
        .header("if-match", tag)
        .json(&json!({"limitPrice": "999"}));
    assert_eq!(replaced.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_name_that_is_not_ours_gets_no_answer_from_nginx() {
    let proxied = Proxied::start().await;
    let url = format!("http://rebound.example:{}/ping", proxied.address.port());
    assert!(proxied.http.get(url).send().await.is_err());
}
