//! A client that submits one order until it is acknowledged.

use std::time::Duration;

use futures_util::future::join_all;
use order_core::id::OrderId;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::change::change;
use super::order::{Wish, wish};
use super::watch::Watch;
use super::{Endpoints, PATIENCE};
use crate::rng::SeededRng;
use crate::tally::Acknowledged;

/// What an endpoint said.
#[derive(Debug)]
enum Answer {
    Accepted(OrderId),
    /// Nothing, or "later".
    Nothing,
    /// The order's time is up.
    TooLate,
    /// Something else.
    Refused(u16, String),
}

/// Submits an order, at times more often than it must, and sends watchers after it.
pub(super) async fn client(
    endpoints: Endpoints,
    rng: SeededRng,
    number: u64,
    watchers: UnboundedSender<Watch>,
) {
    let wish = wish(&rng, number, endpoints.kinds, endpoints.hurry);
    endpoints.tally.submitted.add();
    let Some(id) = persist(&endpoints, &rng, &wish).await else {
        return;
    };
    endpoints
        .tally
        .acknowledged
        .lock()
        .push(Acknowledged { id, user: wish.user });
    if rng.percent(60) {
        for _ in 0..=rng.below(2) {
            let late = if endpoints.hurry { 1 } else { 15_000 };
            let late = rng.one_of(&[
                Duration::ZERO,
                rng.millis(0, late.min(2_000)),
                rng.millis(0, late),
            ]);
            let after = if rng.percent(20) {
                u32::try_from(rng.below(6)).unwrap_or(0)
            } else {
                0
            };
            let slow = rng.percent(25) && !endpoints.hurry;
            // The crowd is gone when it takes no more watchers.
            let _ = watchers.send(Watch {
                id,
                late,
                after,
                slow,
            });
        }
    }
    let again = async {
        if rng.percent(15) {
            repeat(&endpoints, &rng, &wish, id).await;
        }
        if rng.percent(5) {
            misuse_key(&endpoints, &rng, &wish).await;
        }
    };
    tokio::join!(again, change(&endpoints, &rng, &wish, id));
}

/// Sends the order until it is acknowledged.
async fn persist(endpoints: &Endpoints, rng: &SeededRng, wish: &Wish) -> Option<OrderId> {
    let _busy = endpoints.begin(format!("submits {} {}", wish.key, wish.body));
    while !endpoints.give_up.is_cancelled() {
        // Two at once at times: both are answered with the same id, or not at all.
        let requests = if rng.percent(10) { 2 } else { 1 };
        if requests == 2 {
            endpoints.tally.duplicates.add();
        }
        let answers = join_all((0..requests).map(|_| send(endpoints, rng, wish, &wish.body))).await;
        let mut ids = Vec::new();
        let mut too_late = false;
        for answer in answers {
            match answer {
                Answer::Accepted(id) => ids.push(id),
                Answer::Nothing => {}
                Answer::TooLate => too_late = true,
                Answer::Refused(status, body) => {
                    endpoints
                        .tally
                        .surprise("API", format!("{} answered with {status}: {body}", wish.body));
                    return None;
                }
            }
        }
        if let [first, others @ ..] = ids.as_slice() {
            one_id(endpoints, wish, *first, others);
            return Some(*first);
        }
        if too_late {
            return None;
        }
        tokio::time::sleep(rng.millis(100, 600)).await;
    }
    None
}

/// Sends an acknowledged order once more: it is the same order.
async fn repeat(endpoints: &Endpoints, rng: &SeededRng, wish: &Wish, id: OrderId) {
    tokio::time::sleep(rng.millis(0, if endpoints.hurry { 100 } else { 5_000 })).await;
    endpoints.tally.duplicates.add();
    if let Answer::Accepted(other) = send(endpoints, rng, wish, &wish.body).await {
        one_id(endpoints, wish, id, &[other]);
    }
}

fn one_id(endpoints: &Endpoints, wish: &Wish, first: OrderId, others: &[OrderId]) {
    for other in others.iter().filter(|other| **other != first) {
        let what = format!("{} of {} is {first} and {other}", wish.key, wish.user);
        endpoints.tally.surprise("I12", what);
    }
}

/// Sends another order under a key that is taken: it is refused.
async fn misuse_key(endpoints: &Endpoints, rng: &SeededRng, wish: &Wish) {
    let mut body = wish.body.clone();
    // No order has this many decimals; every token has them. What protects an order is left as it is: two protections
    // contradict each other, which is refused before the key is looked at.
    body["amountIn"] = json!("0.98765");
    if let Some(fields) = body.as_object_mut() {
        fields.remove("clientOrderId");
    }
    endpoints.tally.misused_keys.add();
    match send(endpoints, rng, wish, &body).await {
        Answer::Accepted(id) => {
            endpoints
                .tally
                .surprise("I12", format!("{} was taken for another order, {id}", wish.key));
        }
        Answer::Nothing | Answer::TooLate | Answer::Refused(422, _) => {}
        Answer::Refused(status, body) => {
            endpoints
                .tally
                .surprise("API", format!("a reused key was answered with {status}: {body}"));
        }
    }
}

async fn send(endpoints: &Endpoints, rng: &SeededRng, wish: &Wish, body: &Value) -> Answer {
    let url = format!("{}/api/orders/execute", endpoints.any(rng));
    endpoints.tally.requests.add();
    let request = endpoints
        .http
        .post(url)
        .header("idempotency-key", &wish.key)
        .json(body);
    // Some clients do not wait, or their connection breaks; the order may be accepted all the same.
    let patience = if rng.percent(5) {
        rng.millis(1, 60)
    } else {
        PATIENCE
    };
    let exchange = async {
        let answer = request.send().await.ok()?;
        let (status, retry_after) = (
            answer.status().as_u16(),
            answer.headers().contains_key("retry-after"),
        );
        Some((status, retry_after, answer.text().await.ok()?))
    };
    let away = endpoints.tally.redis_is_away();
    let Some((status, retry_after, text)) = tokio::time::timeout(patience, exchange).await.ok().flatten()
    else {
        endpoints.tally.unanswered.add();
        return Answer::Nothing;
    };
    match status {
        202 => match id_in(&text) {
            Some(id) => {
                if away && endpoints.tally.redis_is_away() {
                    endpoints.tally.accepted_without_redis.add();
                }
                Answer::Accepted(id)
            }
            None => Answer::Refused(202, text),
        },
        503 => {
            endpoints.tally.unavailable.add();
            if !retry_after {
                endpoints
                    .tally
                    .surprise("API", format!("503 without Retry-After: {text}"));
            }
            Answer::Nothing
        }
        422 if body.get("expiresAt").is_some() && text.contains("already_expired") => Answer::TooLate,
        status => Answer::Refused(status, text),
    }
}

fn id_in(text: &str) -> Option<OrderId> {
    let answer: Value = serde_json::from_str(text).ok()?;
    answer["orderId"].as_str()?.parse().ok()
}
