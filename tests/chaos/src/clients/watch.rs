//! A watcher of one order: comes late, reads slowly, goes away, comes back, and stays to the end.

use std::time::Duration;

use futures_util::StreamExt;
use order_core::audit::SubscriberLog;
use order_core::id::OrderId;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::Endpoints;
use crate::rng::SeededRng;

/// What to watch, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    pub(super) id: OrderId,
    pub(super) late: Duration,
    pub(super) after: u32,
    pub(super) slow: bool,
}

/// How long a watcher puts up with silence before it connects anew: a frozen process says nothing for long.
const SILENCE: Duration = Duration::from_secs(10);
/// The history is over.
const DONE: u16 = 1000;
/// There is no such order.
const UNKNOWN_ORDER: u16 = 4404;

/// Why a connection ended.
enum Ended {
    Over,
    Unknown,
    Broken,
}

pub(super) async fn watcher(endpoints: Endpoints, rng: SeededRng, watch: Watch) {
    tokio::time::sleep(watch.late).await;
    let mut log = SubscriberLog {
        order_id: watch.id,
        after: watch.after,
        seqs: Vec::new(),
        complete: false,
    };
    let _busy = endpoints.begin(format!("watches {watch:?}"));
    while !log.complete {
        let ended = tokio::select! {
            ended = watch_once(&endpoints, &rng, watch, &mut log) => ended,
            () = endpoints.give_up.cancelled() => {
                // It stayed as long as there was anything to see, so it must have seen the end.
                log.complete = true;
                break;
            }
        };
        match ended {
            Ended::Over => log.complete = true,
            Ended::Unknown => {
                endpoints.tally.surprise(
                    "I1",
                    format!("{} is acknowledged and unknown to an endpoint", watch.id),
                );
                break;
            }
            Ended::Broken => tokio::time::sleep(rng.millis(50, 500)).await,
        }
    }
    endpoints.tally.streams.lock().push(log);
}

async fn watch_once(endpoints: &Endpoints, rng: &SeededRng, watch: Watch, log: &mut SubscriberLog) -> Ended {
    let last = log.seqs.last().copied().unwrap_or(log.after);
    let url = endpoints.any(rng).replacen("http", "ws", 1);
    let url = format!("{url}/ws/orders/{}?after={last}", watch.id);
    let Ok(Ok((mut socket, _))) = tokio::time::timeout(SILENCE, connect_async(url)).await else {
        return Ended::Broken;
    };
    endpoints.tally.connections.add();
    loop {
        let message = match tokio::time::timeout(SILENCE, socket.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(_)) | None) | Err(_) => return Ended::Broken,
        };
        match message {
            Message::Text(text) => match seq_in(&text) {
                Some(seq) => log.seqs.push(seq),
                None => endpoints.tally.surprise("API", format!("not an event: {text}")),
            },
            Message::Close(frame) => return closed(&mut socket, frame.map(|frame| frame.code.into())).await,
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        if watch.slow {
            tokio::time::sleep(rng.millis(0, 1_500)).await;
        }
        if rng.percent(5) {
            // Goes away without a word.
            return Ended::Broken;
        }
    }
}

async fn closed(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>, code: Option<u16>) -> Ended {
    // Reading on answers the close, which a polite client does.
    let rest = async { while let Some(Ok(_)) = socket.next().await {} };
    let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
    match code {
        Some(DONE) => Ended::Over,
        Some(UNKNOWN_ORDER) => Ended::Unknown,
        Some(_) | None => Ended::Broken,
    }
}

fn seq_in(text: &str) -> Option<u32> {
    let event: Value = serde_json::from_str(text).ok()?;
    u32::try_from(event["seq"].as_u64()?).ok()
}
