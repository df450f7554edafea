//! A watcher of all orders of one user, over a window so small that it falls behind whenever it pauses.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use order_core::audit::SubscriberLog;
use order_core::id::OrderId;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::Endpoints;
use crate::rng::SeededRng;

/// As small as systems allow, so that what is not read stays with the engine.
const WINDOW: u32 = 4 * 1024;
/// How long a connection lasts, at most.
const LONGEST: u64 = 20_000;
/// How long a watcher waits for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// The engine's word for a watcher that is too slow.
const TOO_SLOW: u16 = 4408;

/// Watches until it is told to give up. Each connection begins the open orders' histories anew, so each is a
/// subscriber of its own.
pub(crate) async fn watch_owner(endpoints: Endpoints, rng: SeededRng, user: &'static str) {
    while !endpoints.give_up.is_cancelled() {
        let mut seen: BTreeMap<OrderId, Vec<u32>> = BTreeMap::new();
        let lasts = rng.millis(2_000, LONGEST);
        tokio::select! {
            _ = watch_once(&endpoints, &rng, user, &mut seen) => {}
            () = tokio::time::sleep(lasts) => {}
            () = endpoints.give_up.cancelled() => {}
        }
        endpoints
            .tally
            .shown
            .lock()
            .extend(seen.keys().map(|id| (user, *id)));
        let logs = seen.into_iter().map(|(order_id, seqs)| SubscriberLog {
            order_id,
            after: 0,
            seqs,
            complete: false,
        });
        endpoints.tally.streams.lock().extend(logs);
        tokio::time::sleep(rng.millis(50, 1_000)).await;
    }
}

async fn watch_once(
    endpoints: &Endpoints,
    rng: &SeededRng,
    user: &str,
    seen: &mut BTreeMap<OrderId, Vec<u32>>,
) -> Option<()> {
    let authority = endpoints.any(rng).trim_start_matches("http://").to_owned();
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_recv_buffer_size(WINDOW).ok()?;
    let connect = async {
        let stream = socket.connect(authority.parse().ok()?).await.ok()?;
        client_async(format!("ws://{authority}/ws/orders?userId={user}"), stream)
            .await
            .ok()
    };
    let (mut socket, _) = tokio::time::timeout(HANDSHAKE, connect).await.ok().flatten()?;
    endpoints.tally.connections.add();
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => {
                let event: Value = serde_json::from_str(&text).ok()?;
                let (Some(id), Some(seq)) = (event["orderId"].as_str(), event["seq"].as_u64()) else {
                    endpoints.tally.surprise("API", format!("not an event: {text}"));
                    continue;
                };
                seen.entry(id.parse().ok()?)
                    .or_default()
                    .push(u32::try_from(seq).ok()?);
            }
            Message::Close(frame) => {
                if frame.is_some_and(|frame| u16::from(frame.code) == TOO_SLOW) {
                    endpoints.tally.too_slow.add();
                }
                return None;
            }
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        if rng.percent(1) {
            tokio::time::sleep(rng.millis(1_000, 6_000)).await;
        }
    }
}
