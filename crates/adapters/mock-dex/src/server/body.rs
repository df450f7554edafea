//! What a request carries: its body, its query.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HeaderMap};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::answer::Refused;

/// No body is longer; a pool of a few hundred bins fits.
const MAX_BODY: usize = 64 * 1_024;

/// How long a client may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The whole body.
pub(super) async fn read(request: Request<Incoming>) -> Result<Bytes, Refused> {
    if is_encoded(request.headers()) {
        return Err(Refused::encoded());
    }
    let body = Limited::new(request.into_body(), MAX_BODY).collect();
    match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let most = format_args!("at most {MAX_BODY} bytes");
            Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", most))
        }
        Ok(Err(error)) => Err(Refused::bad_request(error)),
        Err(_) => Err(Refused::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "the body did not come",
        )),
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

/// The whole body, read as JSON.
pub(super) async fn json<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Refused> {
    serde_json::from_slice(&read(request).await?).map_err(Refused::bad_request)
}

/// Whole numbers of the query, by name; each name at most once, and no others.
pub(super) fn numbers<const N: usize>(
    request: &Request<Incoming>,
    names: [&str; N],
) -> Result<[Option<u64>; N], Refused> {
    let mut numbers = [None; N];
    let query = request.uri().query().unwrap_or_default();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let slot = names
            .iter()
            .position(|known| *known == name)
            .and_then(|index| numbers.get_mut(index));
        let value = value
            .parse()
            .map_err(|_| Refused::bad_request(format_args!("{name}: not a whole number")))?;
        match slot {
            Some(slot @ None) => *slot = Some(value),
            Some(Some(_)) => return Err(Refused::bad_request(format_args!("{name}: given twice"))),
            None => return Err(Refused::bad_request(format_args!("{name}: unknown parameter"))),
        }
    }
    Ok(numbers)
}
