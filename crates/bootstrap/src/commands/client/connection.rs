//! Speaking to an engine over HTTP.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use uuid::Uuid;

use crate::commands::args::ClientArgs;
use crate::config::shown;

/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long nothing may come on a stream; the engine shows every 15 s that it is alive.
const SILENCE: Duration = Duration::from_secs(45);
/// How often an order is sent whose arrival is not known. It carries a key, and so counts once.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// Why an order was not placed, or its history not followed to its end.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no answer.
    #[error("no answer from {url}")]
    Silent {
        /// The address that was asked.
        url: String,
        /// What happened instead.
        #[source]
        source: reqwest::Error,
    },
    /// The engine refuses.
    #[error("{0}")]
    Refused(String),
    /// This is no engine, or one that this program is too old for.
    #[error("the answer makes no sense")]
    Garbled,
}

/// An engine.
pub(super) struct Connection {
    base: String,
    key: Option<String>,
    http: reqwest::Client,
}

impl Connection {
    pub(super) fn new(args: &ClientArgs) -> Result<Self, ClientError> {
        let base = args.url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .connect_timeout(PATIENCE)
            .read_timeout(SILENCE)
            .build()
            .map_err(|source| ClientError::Silent {
                url: shown(&base),
                source: source.without_url(),
            })?;
        let key = args.key.api_key.clone();
        Ok(Self { base, key, http })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.header("X-API-Key", key),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let silent = |source: reqwest::Error| ClientError::Silent {
            url: shown(&self.base),
            source: source.without_url(),
        };
        let response = request.send().await.map_err(silent)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.text().await.map_err(silent)?;
        Err(ClientError::Refused(refusal(status.as_u16(), &body)))
    }

    /// Places an order, once, however often it has to be sent.
    pub(super) async fn place(&self, order: &Value) -> Result<Value, ClientError> {
        let key = Uuid::new_v4().to_string();
        let mut tries = 1;
        loop {
            let request = self
                .request(Method::POST, "/api/orders/execute")
                .timeout(PATIENCE)
                .header("Idempotency-Key", &key)
                .json(order);
            match self.send(request).await {
                Ok(response) => return response.json().await.map_err(|_| ClientError::Garbled),
                Err(ClientError::Silent { .. }) if tries < TRIES => {
                    tokio::time::sleep(PAUSE * tries).await;
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What a path answers with.
    pub(super) async fn text(&self, path: &str) -> Result<String, ClientError> {
        let request = self.request(Method::GET, path).timeout(PATIENCE);
        let response = self.send(request).await?;
        response.text().await.map_err(|_| ClientError::Garbled)
    }

    /// An order's events from behind `after`, then live.
    pub(super) async fn events(&self, id: &str, after: u64) -> Result<Response, ClientError> {
        let request = self
            .request(Method::GET, &format!("/api/orders/{id}/events?after={after}"))
            .header("Accept", "text/event-stream");
        self.send(request).await
    }
}

/// What the engine says about a request that it refuses, every bad field included.
fn refusal(status: u16, body: &str) -> String {
    let Ok(problem) = serde_json::from_str::<Value>(body) else {
        return format!("the engine answers {status}");
    };
    let (title, detail) = (problem["title"].as_str(), problem["detail"].as_str());
    match (title, detail) {
        (Some(title), Some(detail)) if title != detail => format!("{title}: {detail}"),
        (Some(only), _) | (None, Some(only)) => only.to_owned(),
        (None, None) => format!("the engine answers {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_engines_words() {
        let problem = r#"{"title":"Invalid request","detail":"amountIn must not be negative"}"#;
        assert_eq!(
            refusal(400, problem),
            "Invalid request: amountIn must not be negative"
        );
        assert_eq!(refusal(502, "<html>"), "the engine answers 502");
    }
}
