//! Requests to the venue server, and what their failures prove.

use std::time::Duration;

use order_core::failure::VenueError;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RemoteTimeouts;
use crate::wire::Problem;

/// The longest answer that is read, in bytes: a thousand pools, and a page of the ledger, are shorter.
const LONGEST: usize = 16 * 1024 * 1024;

/// Why the venue server gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The address is none.
    #[error("this is no address of a venue server: {problem}")]
    Address {
        /// What is wrong with it. Not what was given, which may hold a password.
        problem: String,
    },
    /// There was no connection, so nothing was sent.
    #[error("the venue server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It did not answer in time, or broke off. What was asked for may have been done.
    #[error("the venue server did not answer")]
    Silent(#[source] reqwest::Error),
    /// The venue refused to do anything.
    #[error("the venue refused: {0}")]
    Refused(VenueError),
    /// It answered with a problem, or with something that is no answer. What was asked for may have been done.
    #[error("the venue server answered with status {status}: {detail}")]
    Odd {
        /// The HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
}

impl RemoteError {
    /// What it means where nothing can have been done.
    pub(super) fn harmless(&self) -> VenueError {
        match self {
            Self::Refused(error) => *error,
            Self::Silent(source) if source.is_timeout() => VenueError::Timeout,
            Self::Address { .. } | Self::Unreachable(_) | Self::Silent(_) => VenueError::Down,
            Self::Odd { .. } => VenueError::NodeBehind,
        }
    }
}

/// A client with connections that are kept.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    base: Url,
    pub(super) timeouts: RemoteTimeouts,
}

impl Http {
    pub(super) fn new(url: &str, timeouts: RemoteTimeouts) -> Result<Self, RemoteError> {
        let wrong = |problem: String| RemoteError::Address { problem };
        let mut base: Url = url.parse().map_err(|error| wrong(format!("{error}")))?;
        if base.scheme() != "http" || base.cannot_be_a_base() {
            return Err(wrong("it must begin with http://".into()));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let client = Client::builder()
            .connect_timeout(timeouts.connect)
            .tcp_nodelay(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            client,
            base,
            timeouts,
        })
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        timeout: Duration,
    ) -> Result<T, RemoteError> {
        self.ask(Method::GET, path, None::<&()>, timeout).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        content: &(impl Serialize + Sync),
        timeout: Duration,
    ) -> Result<T, RemoteError> {
        self.ask(Method::POST, path, Some(content), timeout).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        content: Option<&(impl Serialize + Sync)>,
        timeout: Duration,
    ) -> Result<T, RemoteError> {
        let url = self.base.join(path).map_err(|error| RemoteError::Address {
            problem: error.to_string(),
        })?;
        let mut request = self.client.request(method, url).timeout(timeout);
        if let Some(content) = content {
            request = request.json(content);
        }
        let answer = request.send().await.map_err(|error| {
            if error.is_connect() {
                RemoteError::Unreachable(error)
            } else {
                RemoteError::Silent(error)
            }
        })?;
        let status = answer.status();
        let body = whole(answer).await?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|error| RemoteError::Odd {
                status: status.as_u16(),
                detail: error.to_string(),
            });
        }
        Err(refused(status, &body))
    }
}

/// The whole answer, unless it is longer than any good one.
async fn whole(mut answer: Response) -> Result<Vec<u8>, RemoteError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(RemoteError::Silent)? {
        if body.len() + piece.len() > LONGEST {
            return Err(RemoteError::Odd {
                status: answer.status().as_u16(),
                detail: "the answer does not end".into(),
            });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What an answer other than 200 says. Only the venue's own word, with the status that goes with it, proves
/// that nothing was done.
pub(super) fn refused(status: StatusCode, body: &[u8]) -> RemoteError {
    let problem = serde_json::from_slice::<Problem>(body).ok();
    let code = problem.as_ref().map(|problem| problem.code.as_str());
    let error = VenueError::ALL
        .into_iter()
        .find(|error| code == Some(error.code()));
    match error {
        Some(error) if status == StatusCode::SERVICE_UNAVAILABLE => RemoteError::Refused(error),
        Some(_) | None => RemoteError::Odd {
            status: status.as_u16(),
            detail: problem.map_or_else(String::new, |problem| problem.detail),
        },
    }
}
