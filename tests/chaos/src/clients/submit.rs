//! A client that submits one order until it is acknowledged.

use std::time::Duration;

use futures_util::future::join_all;
use order_core::id::OrderId;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::change::change;
use super::order::{Wish, wish};
use super::watch::Watch;
use super::{Doors, PATIENCE};
use crate::dice::Dice;
use crate::tally::Acknowledged;

/// What a door said.
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
pub(super) async fn client(doors: Doors, dice: Dice, number: u64, watchers: UnboundedSender<Watch>) {
    let wish = wish(&dice, number, doors.kinds, doors.hurry);
    doors.tally.submitted.add();
    let Some(id) = persist(&doors, &dice, &wish).await else {
        return;
    };
    doors
        .tally
        .acknowledged
        .lock()
        .push(Acknowledged { id, user: wish.user });
    if dice.percent(60) {
        for _ in 0..=dice.below(2) {
            let late = if doors.hurry { 1 } else { 15_000 };
            let late = dice.one_of(&[
                Duration::ZERO,
                dice.millis(0, late.min(2_000)),
                dice.millis(0, late),
            ]);
            let after = if dice.percent(20) {
                u32::try_from(dice.below(6)).unwrap_or(0)
            } else {
                0
            };
            let slow = dice.percent(25) && !doors.hurry;
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
        if dice.percent(15) {
            repeat(&doors, &dice, &wish, id).await;
        }
        if dice.percent(5) {
            misuse_key(&doors, &dice, &wish).await;
        }
    };
    tokio::join!(again, change(&doors, &dice, &wish, id));
}

/// Sends the order until it is acknowledged.
async fn persist(doors: &Doors, dice: &Dice, wish: &Wish) -> Option<OrderId> {
    let _busy = doors.begin(format!("submits {} {}", wish.key, wish.body));
    while !doors.give_up.is_cancelled() {
        // Two at once at times: both are answered with the same id, or not at all.
        let requests = if dice.percent(10) { 2 } else { 1 };
        if requests == 2 {
            doors.tally.duplicates.add();
        }
        let answers = join_all((0..requests).map(|_| send(doors, dice, wish, &wish.body))).await;
        let mut ids = Vec::new();
        let mut too_late = false;
        for answer in answers {
            match answer {
                Answer::Accepted(id) => ids.push(id),
                Answer::Nothing => {}
                Answer::TooLate => too_late = true,
                Answer::Refused(status, body) => {
                    doors
                        .tally
                        .surprise("API", format!("{} answered with {status}: {body}", wish.body));
                    return None;
                }
            }
        }
        if let [first, others @ ..] = ids.as_slice() {
            one_id(doors, wish, *first, others);
            return Some(*first);
        }
        if too_late {
            return None;
        }
        tokio::time::sleep(dice.millis(100, 600)).await;
    }
    None
}

/// Sends an acknowledged order once more: it is the same order.
async fn repeat(doors: &Doors, dice: &Dice, wish: &Wish, id: OrderId) {
    tokio::time::sleep(dice.millis(0, if doors.hurry { 100 } else { 5_000 })).await;
    doors.tally.duplicates.add();
    if let Answer::Accepted(other) = send(doors, dice, wish, &wish.body).await {
        one_id(doors, wish, id, &[other]);
    }
}

fn one_id(doors: &Doors, wish: &Wish, first: OrderId, others: &[OrderId]) {
    for other in others.iter().filter(|other| **other != first) {
        let what = format!("{} of {} is {first} and {other}", wish.key, wish.user);
        doors.tally.surprise("I12", what);
    }
}

/// Sends another order under a key that is taken: it is refused.
async fn misuse_key(doors: &Doors, dice: &Dice, wish: &Wish) {
    let mut body = wish.body.clone();
    // No order has this many decimals; every token has them. What protects an order is left as it is: two protections
    // contradict each other, which is refused before anybody looks at the key.
    body["amountIn"] = json!("0.98765");
    if let Some(fields) = body.as_object_mut() {
        fields.remove("clientOrderId");
    }
    doors.tally.misused_keys.add();
    match send(doors, dice, wish, &body).await {
        Answer::Accepted(id) => {
            doors
                .tally
                .surprise("I12", format!("{} was taken for another order, {id}", wish.key));
        }
        Answer::Nothing | Answer::TooLate | Answer::Refused(422, _) => {}
        Answer::Refused(status, body) => {
            doors
                .tally
                .surprise("API", format!("a reused key was answered with {status}: {body}"));
        }
    }
}

async fn send(doors: &Doors, dice: &Dice, wish: &Wish, body: &Value) -> Answer {
    let url = format!("{}/api/orders/execute", doors.any(dice));
    doors.tally.requests.add();
    let request = doors
        .http
        .post(url)
        .header("idempotency-key", &wish.key)
        .json(body);
    // Some clients do not wait, or their connection breaks; the order may be accepted all the same.
    let patience = if dice.percent(5) {
        dice.millis(1, 60)
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
    let away = doors.tally.redis_is_away();
    let Some((status, retry_after, text)) = tokio::time::timeout(patience, exchange).await.ok().flatten()
    else {
        doors.tally.unanswered.add();
        return Answer::Nothing;
    };
    match status {
        202 => match id_in(&text) {
            Some(id) => {
                if away && doors.tally.redis_is_away() {
                    doors.tally.accepted_without_redis.add();
                }
                Answer::Accepted(id)
            }
            None => Answer::Refused(202, text),
        },
        503 => {
            doors.tally.unavailable.add();
            if !retry_after {
                doors
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
