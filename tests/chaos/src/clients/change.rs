//! An owner who thinks better of an order: takes it back, or puts another limit in place of its own.

use order_core::id::OrderId;
use reqwest::Method;
use reqwest::header::{ETAG, IF_MATCH};
use serde_json::{Value, json};

use super::Doors;
use super::order::{Wish, another_limit};
use crate::dice::Dice;
use crate::tally::Replaced;

/// How often a replacement is tried; the order may be gone by then.
const TRIES: usize = 4;
/// The statuses of orders that are over.
const OVER: [&str; 4] = ["confirmed", "failed", "cancelled", "expired"];

/// An answer, if there was one.
struct Heard {
    status: u16,
    version: Option<u32>,
    body: Value,
}

/// Does to an acknowledged order what its owner has in mind for it.
pub(super) async fn change(doors: &Doors, dice: &Dice, wish: &Wish, id: OrderId) {
    let replace = async {
        if let Some(after) = wish.replaced_after {
            tokio::time::sleep(after).await;
            replace(doors, dice, wish, id).await;
        }
    };
    let cancel = async {
        if let Some(after) = wish.cancelled_after {
            tokio::time::sleep(after).await;
            cancel(doors, dice, id).await;
        }
    };
    tokio::join!(replace, cancel);
}

/// Cancels until somebody has said what came of it.
async fn cancel(doors: &Doors, dice: &Dice, id: OrderId) {
    let _busy = doors.begin(format!("cancels {id}"));
    while !doors.give_up.is_cancelled() {
        doors.tally.cancels.add();
        match ask(doors, dice, Method::DELETE, id, None).await {
            Some(Heard {
                status: 200, body, ..
            }) if body["status"] == "cancelled" => {
                doors.tally.cancelled.lock().push(id);
                return;
            }
            Some(Heard {
                status: 409, body, ..
            }) if body["code"] == "not_cancellable" => {
                // What is submitted may fail, and be tried or wait again.
                if is_over(doors, dice, id).await {
                    return;
                }
            }
            Some(Heard { status: 503, .. }) | None => {}
            Some(Heard {
                status: 409, body, ..
            }) if body["code"] == "order_busy" => {}
            Some(Heard { status, body, .. }) => {
                let what = format!("a cancel of {id} was answered with {status}: {body}");
                return doors.tally.surprise("API", what);
            }
        }
        tokio::time::sleep(dice.millis(100, 800)).await;
    }
}

async fn is_over(doors: &Doors, dice: &Dice, id: OrderId) -> bool {
    let order = ask(doors, dice, Method::GET, id, None).await;
    order.is_some_and(|order| OVER.iter().any(|over| order.body["status"] == *over))
}

/// Replaces the limit, if the order still waits.
async fn replace(doors: &Doors, dice: &Dice, wish: &Wish, id: OrderId) {
    let limit_price = another_limit(dice, &wish.body);
    for _ in 0..TRIES {
        let order = ask(doors, dice, Method::GET, id, None).await;
        if let Some(Heard {
            version: Some(version),
            body,
            ..
        }) = order
            && body["status"] == "waiting"
        {
            doors.tally.replacements.add();
            match ask(doors, dice, Method::PATCH, id, Some((version, &limit_price))).await {
                Some(Heard {
                    status: 200,
                    version: Some(version),
                    ..
                }) => {
                    return doors.tally.replaced.lock().push(Replaced {
                        id,
                        version,
                        limit_price,
                    });
                }
                Some(Heard {
                    status: 409 | 412 | 503,
                    ..
                })
                | None => {}
                Some(Heard { status, body, .. }) => {
                    let what = format!("a replacement of {id} was answered with {status}: {body}");
                    return doors.tally.surprise("API", what);
                }
            }
        }
        tokio::time::sleep(dice.millis(50, 600)).await;
    }
}

async fn ask(
    doors: &Doors,
    dice: &Dice,
    method: Method,
    id: OrderId,
    replacement: Option<(u32, &String)>,
) -> Option<Heard> {
    let url = format!("{}/api/orders/{id}", doors.any(dice));
    doors.tally.requests.add();
    let mut request = doors.http.request(method, url);
    if let Some((version, limit_price)) = replacement {
        request = request
            .header(IF_MATCH, format!("\"{version}\""))
            .json(&json!({ "limitPrice": limit_price }));
    }
    let heard = async {
        let answer = request.send().await.ok()?;
        let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
        Some(Heard {
            status: answer.status().as_u16(),
            version: tag.and_then(|tag| tag.trim_matches('"').parse().ok()),
            body: answer.json().await.ok()?,
        })
    };
    let heard = heard.await;
    if heard.is_none() {
        doors.tally.unanswered.add();
    }
    heard
}
