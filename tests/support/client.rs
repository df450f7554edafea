//! A plain HTTP client of one engine.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::socket::{Refused, Socket};

/// Nothing in a test takes longer than this, unless it is stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Speaks to the engine at one address.
#[derive(Clone, Debug)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    key: Option<String>,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The order's id in an answer to a submission.
    #[track_caller]
    pub fn order_id(&self) -> String {
        let json = self.json();
        json["orderId"]
            .as_str()
            .unwrap_or_else(|| panic!("no order id: {self:?}"))
            .to_owned()
    }
}

impl Client {
    /// A client of the engine at `http://host:port`.
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            http,
            key: None,
        }
    }

    /// The same client, who shows this API key with every request.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: Some(key.into()),
            ..self.clone()
        }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The engine's host and port, for clients that speak TCP.
    pub fn authority(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// A request to be refined: headers, bodies that are no JSON, bodies that stream.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }

    /// Sends a request and reads the answer to its end.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// POST of exactly this text, called JSON.
    pub async fn post_text(&self, path: &str, body: &str) -> Reply {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/json");
        self.send(request.body(body.to_owned())).await
    }

    /// Submits an order.
    pub async fn execute(&self, order: &Value) -> Reply {
        self.post("/api/orders/execute", order).await
    }

    /// Submits an order that must be accepted; its id.
    pub async fn accepted(&self, order: &Value) -> String {
        let reply = self.execute(order).await;
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.order_id()
    }

    /// The order as it stands; it must exist.
    pub async fn order(&self, id: &str) -> Value {
        let reply = self.get(&format!("/api/orders/{id}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// The order's events so far, as the list has them.
    pub async fn events(&self, id: &str) -> Vec<Value> {
        let reply = self.get(&format!("/api/orders/{id}/events")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        serde_json::from_str(&reply.text).unwrap()
    }

    /// Opens a WebSocket.
    ///
    /// # Errors
    /// [`Refused`] when the engine answers with anything but 101.
    pub async fn socket(&self, path: &str) -> Result<Socket, Refused> {
        let url = format!("ws://{}{path}", self.authority());
        Socket::open_with_key(&url, self.key.as_deref()).await
    }

    /// All events of an order, from the first to the terminal one, as a subscriber sees them.
    pub async fn history(&self, id: &str) -> Vec<Value> {
        let socket = self.socket(&format!("/ws/orders/{id}")).await.unwrap();
        let (events, closed) = socket.to_the_end().await;
        assert_eq!(closed.code, Some(1000), "{closed:?} after {events:?}");
        events
    }

    /// Waits until an order is as it should be; the order as it then stands.
    ///
    /// # Panics
    /// When that takes longer than anything takes in a test.
    pub async fn until(&self, id: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let order = self.order(id).await;
            if holds(&order) {
                return order;
            }
            assert!(tokio::time::Instant::now() < end, "still {order}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for an order to end; the order as it then stands.
    pub async fn finished(&self, id: &str) -> Value {
        self.history(id).await;
        self.order(id).await
    }
}
