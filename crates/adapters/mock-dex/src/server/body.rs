//! What a request carries.

use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_ENCODING, HeaderMap};
use poem::error::ReadBodyError;
use poem::{FromRequest, Request, RequestBody};
use serde::de::DeserializeOwned;

use super::refused::Refused;

/// No body is longer; a pool of a few hundred bins fits.
const MAX_BODY: usize = 64 * 1_024;

/// How long a client may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The whole body, read as JSON.
pub(super) struct Sent<T>(pub(super) T);

impl<'a, T: DeserializeOwned> FromRequest<'a> for Sent<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        if is_encoded(request.headers()) {
            return Err(Refused::encoded().into());
        }
        let body = body.take()?.into_bytes_limit(MAX_BODY);
        let body = match tokio::time::timeout(BODY_TIMEOUT, body).await {
            Ok(Ok(body)) => body,
            Ok(Err(ReadBodyError::PayloadTooLarge)) => {
                let most = format_args!("at most {MAX_BODY} bytes");
                return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", most).into());
            }
            Ok(Err(error)) => return Err(Refused::bad_request(error).into()),
            Err(_) => {
                let late = "the body did not come";
                return Err(Refused::new(StatusCode::REQUEST_TIMEOUT, "too_slow", late).into());
            }
        };
        Ok(Self(serde_json::from_slice(&body).map_err(Refused::bad_request)?))
    }
}

/// Whether the body would have to be decoded, as a compressed one, before it is what its type says.
fn is_encoded(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.any(|coding| {
        !matches!(
            coding.trim_ascii().to_ascii_lowercase().as_slice(),
            b"" | b"identity"
        )
    })
}
