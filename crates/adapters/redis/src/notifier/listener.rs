//! The subscription: kept for as long as the notifier lives, and taken out again after every break.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use order_ports::{OrderNotification, Subscriptions};
use redis::aio::{PubSubSink, PubSubStream};
use redis::{ErrorKind, RedisError, RedisResult};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::wire::{Message, Origin, decode};
use crate::address::RedisAddress;

/// How long connecting and each answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How often the server is asked whether it is still there: a dead connection looks like a silent one.
const PING_EVERY: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// Hears what other processes say.
pub(crate) struct Listener {
    pub(crate) address: RedisAddress,
    pub(crate) channel: String,
    pub(crate) origin: Origin,
    pub(crate) heard: broadcast::Sender<Arc<[OrderNotification]>>,
    pub(crate) subscriptions: Arc<OnceLock<Arc<dyn Subscriptions>>>,
    pub(crate) subscribed: watch::Sender<bool>,
}

impl Listener {
    /// Listens until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.listen()).await;
    }

    async fn listen(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let ended = match self.subscribe().await {
                Ok((sink, stream)) => {
                    pause = FIRST_PAUSE;
                    self.subscribed.send_replace(true);
                    let ended = self.hear(sink, stream).await;
                    self.subscribed.send_replace(false);
                    ended
                }
                Err(error) => error,
            };
            tracing::warn!(
                server = %self.address,
                error = &ended as &dyn std::error::Error,
                "not subscribed to events; trying again"
            );
            sleep(pause).await;
            pause = LAST_PAUSE.min(pause * 2);
        }
    }

    async fn subscribe(&self) -> RedisResult<(PubSubSink, PubSubStream)> {
        in_time(async {
            let (mut sink, stream) = self.address.client().get_async_pubsub().await?.split();
            sink.subscribe(&self.channel).await?;
            Ok((sink, stream))
        })
        .await
    }

    /// Passes messages on until the connection ends; returns why it did.
    async fn hear(&self, mut sink: PubSubSink, mut stream: PubSubStream) -> RedisError {
        let mut next_ping = Instant::now() + PING_EVERY;
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(message) => self.pass_on(message.get_payload_bytes()),
                    None => return (ErrorKind::Io, "the connection was closed").into(),
                },
                () = sleep_until(next_ping) => {
                    if let Err(error) = in_time(sink.ping::<redis::Value>()).await {
                        return error;
                    }
                    next_ping = Instant::now() + PING_EVERY;
                }
            }
        }
    }

    fn pass_on(&self, message: &[u8]) {
        if self.heard.receiver_count() == 0 {
            return;
        }
        let subscriptions = self.subscriptions.get();
        let wanted =
            |order, owner: &str| subscriptions.is_none_or(|subscriptions| subscriptions.wants(order, owner));
        match decode(self.origin, message, wanted) {
            // No listener is left by now.
            Message::Notifications(notifications) => drop(self.heard.send(notifications)),
            Message::Skip => {}
            Message::Unreadable(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a notification cannot be read"
                );
            }
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    timeout(ANSWER_WITHIN, answer)
        .await
        .unwrap_or_else(|_| Err((ErrorKind::Io, "no answer in time").into()))
}
