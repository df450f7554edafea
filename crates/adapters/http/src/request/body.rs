//! Taking a request's body: its type, its size, its time. What it says is read elsewhere.

use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use poem::{Body, Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::fields::Fields;
use crate::wire::problem::Problem;

/// How much of a refused body is read and thrown away, so that a client that is still sending gets to read
/// the refusal instead of a reset connection.
const DISCARD: usize = 1024 * 1024;

/// For how long that is done at most.
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// How bodies are taken.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// The most bytes.
    pub bytes: usize,
    /// The most time.
    pub time: Duration,
}

/// A JSON body of these fields, still on its way.
pub struct JsonBody<T> {
    body: Body,
    fields: PhantomData<fn() -> T>,
}

/// A JSON body of these fields that has arrived.
pub struct Arrived<T> {
    bytes: Bytes,
    fields: PhantomData<fn() -> T>,
}

impl<T> JsonBody<T> {
    /// The body, if it says that it is JSON and is not too large.
    ///
    /// # Errors
    /// A problem when not.
    pub async fn take(self, headers: &HeaderMap, limits: BodyLimits) -> Result<Arrived<T>, Problem> {
        Ok(Arrived {
            bytes: take(headers, self.body.into_bytes_stream(), limits).await?,
            fields: PhantomData,
        })
    }
}

impl<T: Fields> Arrived<T> {
    /// The fields, as they were sent.
    ///
    /// # Errors
    /// A problem when the body is not one JSON object.
    pub fn fields(&self) -> Result<T::Sent<'_>, Problem> {
        T::of(&self.bytes)
    }
}

impl<'a, T: Fields + 'static> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    const PARAM_IS_REQUIRED: bool = true;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType {
            content_type: "application/json",
            schema: MetaSchemaRef::Reference(T::NAME.into()),
        }];
        Some(MetaRequest {
            description: None,
            content,
            required: true,
        })
    }

    async fn from_request(
        _request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self {
            body: body.take()?,
            fields: PhantomData,
        })
    }
}

/// Takes a body that says that it is JSON and is not too large.
async fn take(
    headers: &HeaderMap,
    body: impl Stream<Item = io::Result<Bytes>> + Send,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    let mut body = std::pin::pin!(body);
    let refused = if !is_json(headers) {
        Problem::unsupported_media_type()
    } else if is_encoded(headers) {
        Problem::encoding_not_supported()
    } else if announced(headers).is_some_and(|length| length > limits.bytes) {
        Problem::body_too_large(limits.bytes)
    } else {
        let read = tokio::time::timeout(limits.time, collect(body.as_mut(), limits.bytes)).await;
        match read.unwrap_or_else(|_| Err(Problem::body_timeout())) {
            Ok(Some(bytes)) => return Ok(bytes),
            Ok(None) => Problem::body_too_large(limits.bytes),
            Err(problem) => return Err(problem),
        }
    };
    // A client that waits for leave to send has not sent anything.
    if !headers.contains_key(EXPECT) {
        let _ = tokio::time::timeout(DISCARD_TIME, discard(body)).await;
    }
    Err(refused)
}

/// The whole body; none if it has more bytes than that.
async fn collect(
    mut body: impl Stream<Item = io::Result<Bytes>> + Unpin,
    limit: usize,
) -> Result<Option<Bytes>, Problem> {
    // As a rule there is one piece, which is then not copied.
    let Some(first) = piece(&mut body).await? else {
        return Ok(Some(Bytes::new()));
    };
    let Some(second) = piece(&mut body).await? else {
        return Ok(Some(first).filter(|first| first.len() <= limit));
    };
    let mut all = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(more) = next {
        if all.len() + more.len() > limit {
            return Ok(None);
        }
        all.extend_from_slice(&more);
        next = piece(&mut body).await?;
    }
    Ok(Some(all.freeze()))
}

async fn piece(body: &mut (impl Stream<Item = io::Result<Bytes>> + Unpin)) -> Result<Option<Bytes>, Problem> {
    body.next()
        .await
        .transpose()
        .map_err(|_| Problem::body_incomplete())
}

async fn discard(mut body: impl Stream<Item = io::Result<Bytes>> + Unpin) {
    let mut left = DISCARD;
    while let Some(Ok(piece)) = body.next().await {
        match left.checked_sub(piece.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the body's type is `application/json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
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
