//! Server-sent events: `id` is the sequence number, `data` the event. The stream ends after the terminal
//! event; one that ends before is resumed by the client with `Last-Event-ID`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use order_application::{LiveEvent, OrderWatch, WatchError};
use order_core::id::OrderId;
use poem::{Body, Response};
use tokio_util::sync::CancellationToken;

use crate::access::Principal;
use crate::admission::StreamPermit;
use crate::context::ApiContext;
use crate::wire::event::encode;

/// How many bytes are gathered before they are sent, when many events are ready at once.
const GATHER: usize = 16 * 1024;

/// The history of an order that has just been accepted.
pub fn fresh(
    context: &Arc<ApiContext>,
    who: &Principal,
    permit: StreamPermit,
    id: OrderId,
    after: u32,
) -> Response {
    respond(
        context,
        who,
        permit,
        Stage::Opening {
            context: Arc::clone(context),
            id,
            after,
        },
    )
}

/// The history that this watch tells.
pub fn following(
    context: &Arc<ApiContext>,
    who: &Principal,
    permit: StreamPermit,
    watch: OrderWatch,
) -> Response {
    respond(context, who, permit, Stage::Watching(Box::new(watch)))
}

enum Stage {
    /// Accepted from this caller, but not watched yet. An order that is in must not look refused because the watch fails.
    Opening {
        context: Arc<ApiContext>,
        id: OrderId,
        after: u32,
    },
    Watching(Box<OrderWatch>),
    Over,
}

struct Stream {
    stage: Stage,
    keep_alive: Duration,
    stop: CancellationToken,
    who: Principal,
    _permit: StreamPermit,
}

fn respond(context: &Arc<ApiContext>, who: &Principal, permit: StreamPermit, stage: Stage) -> Response {
    let stream = Stream {
        stage,
        keep_alive: context.settings.keep_alive,
        stop: context.stop.clone(),
        who: who.clone(),
        _permit: permit,
    };
    let chunks = stream::unfold(stream, |mut stream| async move {
        let chunk = stream.next().await?;
        Some((Ok::<_, std::io::Error>(chunk), stream))
    });
    Response::builder()
        .content_type("text/event-stream")
        .header("cache-control", "no-store")
        // Proxies that buffer would hold the events back.
        .header("x-accel-buffering", "no")
        .body(Body::from_bytes_stream(chunks))
}

impl Stream {
    /// What to send next; none when the stream is over.
    async fn next(&mut self) -> Option<Bytes> {
        let (stop, who, pause) = (self.stop.clone(), self.who.clone(), self.keep_alive);
        let chunk = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            () = who.ended() => None,
            chunk = self.stage.next() => chunk,
            () = tokio::time::sleep(pause) => Some(Bytes::from_static(b":\n\n")),
        };
        if chunk.is_none() {
            self.stage = Stage::Over;
        }
        chunk
    }
}

impl Stage {
    /// The next events. Cancel-safe.
    async fn next(&mut self) -> Option<Bytes> {
        if let Self::Opening { context, id, after } = self {
            match context.engine.watch(*id, None, *after).await {
                Ok(Some((_, watch))) => *self = Self::Watching(Box::new(watch)),
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(order_id = %id, error = &error as &dyn std::error::Error, "cannot watch");
                    return None;
                }
            }
        }
        let Self::Watching(watch) = self else { return None };
        let mut chunk = Vec::new();
        let mut event = watch.next().await;
        loop {
            match ended(event) {
                Ok(live) => write(&mut chunk, &live),
                // What was gathered goes out first; the next call finds the end again.
                Err(Ended) if chunk.is_empty() => return None,
                Err(Ended) => {
                    *self = Self::Over;
                    break;
                }
            }
            if chunk.len() >= GATHER {
                break;
            }
            let Some(next) = watch.next().now_or_never() else {
                break;
            };
            event = next;
        }
        Some(chunk.into())
    }
}

struct Ended;

/// The event, unless the watch is over or broken.
fn ended(event: Result<Option<Arc<LiveEvent>>, WatchError>) -> Result<Arc<LiveEvent>, Ended> {
    match event {
        Ok(Some(live)) => Ok(live),
        Ok(None) | Err(WatchError::Overflow) => Err(Ended),
        Err(WatchError::Store(error)) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an event stream breaks off"
            );
            Err(Ended)
        }
    }
}

fn write(chunk: &mut Vec<u8>, live: &LiveEvent) {
    let (seq, data) = (live.event().seq.to_string(), live.wire(encode));
    for part in ["id: ", &seq, "\ndata: ", &data, "\n\n"] {
        chunk.extend_from_slice(part.as_bytes());
    }
}
