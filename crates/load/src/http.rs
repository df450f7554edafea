//! One kept connection, one request at a time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::dialect::Dialect;
use crate::error::Fault;
use crate::target::Target;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection, opened when it is first needed and again after it broke.
pub(crate) struct Connection {
    target: Arc<Target>,
    host: Option<HeaderValue>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What is read of an answer to a submission, whatever else it says.
#[derive(Deserialize)]
struct Accepted {
    #[serde(rename = "orderId")]
    order_id: String,
}

/// What is read of a problem.
#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
}

/// A connection to the target, without waiting to fill packets.
pub(crate) async fn dial(target: &Target) -> io::Result<TcpStream> {
    let stream = timeout(PATIENCE, TcpStream::connect(target.address()))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Connection {
    pub(crate) fn new(target: Arc<Target>) -> Self {
        Self {
            host: HeaderValue::from_str(&target.authority()).ok(),
            target,
            sender: None,
        }
    }

    /// Submits an order; its id.
    pub(crate) async fn submit(&mut self, order: Bytes) -> Result<String, Fault> {
        let answer = self.ask(Method::POST, Dialect::SUBMIT, order).await?;
        Ok(serde_json::from_slice::<Accepted>(&answer)?.order_id)
    }

    /// Reads JSON.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes, Fault> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes) -> Result<Bytes, Fault> {
        let answer = match timeout(PATIENCE, self.exchange(method, path, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Late),
        };
        if matches!(answer, Err(Fault::Late | Fault::Broken(_))) {
            self.sender = None;
        }
        answer
    }

    async fn exchange(&mut self, method: Method, path: &str, body: Bytes) -> Result<Bytes, Fault> {
        let json = !body.is_empty();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap_or_default();
        if let Some(host) = &self.host {
            request.headers_mut().insert(HOST, host.clone());
        }
        if let Some((name, key)) = self.target.key() {
            request.headers_mut().insert(name, key);
        }
        if json {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        let response = self.sender().await?.send_request(request).await?;
        read(response).await
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, Fault> {
        let usable = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = dial(&self.target).await.map_err(Fault::Connect)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // Its end shows in the next request.
            tokio::spawn(async move { drop(connection.await) });
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or(Fault::Late)
    }
}

/// The body of a good answer, or what was wrong.
async fn read(response: Response<hyper::body::Incoming>) -> Result<Bytes, Fault> {
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status.is_success() {
        return Ok(body);
    }
    let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
    Err(Fault::Refused {
        status: status.as_u16(),
        code: problem.code,
    })
}
