//! An owner who thinks better of an order: takes it back, or puts another limit in place of its own.

use order_core::id::OrderId;
use reqwest::Method;
use reqwest::header::{ETAG, IF_MATCH};
use serde_json::{Value, json};

use super::Endpoints;
use super::order::{Wish, another_limit};
use crate::rng::SeededRng;
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
pub(super) async fn change(endpoints: &Endpoints, rng: &SeededRng, wish: &Wish, id: OrderId) {
    let replace = async {
        if let Some(after) = wish.replaced_after {
            tokio::time::sleep(after).await;
            replace(endpoints, rng, wish, id).await;
        }
    };
    let cancel = async {
        if let Some(after) = wish.cancelled_after {
            tokio::time::sleep(after).await;
            cancel(endpoints, rng, id).await;
        }
    };
    tokio::join!(replace, cancel);
}

/// Cancels until an answer says what came of it.
async fn cancel(endpoints: &Endpoints, rng: &SeededRng, id: OrderId) {
    let _busy = endpoints.begin(format!("cancels {id}"));
    while !endpoints.give_up.is_cancelled() {
        endpoints.tally.cancels.add();
        match ask(endpoints, rng, Method::DELETE, id, None).await {
            Some(Heard {
                status: 200, body, ..
            }) if body["status"] == "cancelled" => {
                endpoints.tally.cancelled.lock().push(id);
                return;
            }
            Some(Heard {
                status: 409, body, ..
            }) if body["code"] == "not_cancellable" => {
                // What is submitted may fail, and be tried or wait again.
                if is_over(endpoints, rng, id).await {
                    return;
                }
            }
            Some(Heard { status: 503, .. }) | None => {}
            Some(Heard {
                status: 409, body, ..
            }) if body["code"] == "order_busy" => {}
            Some(Heard { status, body, .. }) => {
                let what = format!("a cancel of {id} was answered with {status}: {body}");
                return endpoints.tally.surprise("API", what);
            }
        }
        tokio::time::sleep(rng.millis(100, 800)).await;
    }
}

async fn is_over(endpoints: &Endpoints, rng: &SeededRng, id: OrderId) -> bool {
    let order = ask(endpoints, rng, Method::GET, id, None).await;
    order.is_some_and(|order| OVER.iter().any(|over| order.body["status"] == *over))
}

/// Replaces the limit, if the order still waits.
async fn replace(endpoints: &Endpoints, rng: &SeededRng, wish: &Wish, id: OrderId) {
    let limit_price = another_limit(rng, &wish.body);
    for _ in 0..TRIES {
        let order = ask(endpoints, rng, Method::GET, id, None).await;
        if let Some(Heard {
            version: Some(version),
            body,
            ..
        }) = order
            && body["status"] == "waiting"
        {
            endpoints.tally.replacements.add();
            match ask(endpoints, rng, Method::PATCH, id, Some((version, &limit_price))).await {
                Some(Heard {
                    status: 200,
                    version: Some(version),
                    ..
                }) => {
                    return endpoints.tally.replaced.lock().push(Replaced {
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
                    return endpoints.tally.surprise("API", what);
                }
            }
        }
        tokio::time::sleep(rng.millis(50, 600)).await;
    }
}

async fn ask(
    endpoints: &Endpoints,
    rng: &SeededRng,
    method: Method,
    id: OrderId,
    replacement: Option<(u32, &String)>,
) -> Option<Heard> {
    let url = format!("{}/api/orders/{id}", endpoints.any(rng));
    endpoints.tally.requests.add();
    let mut request = endpoints.http.request(method, url);
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
        endpoints.tally.unanswered.add();
    }
    heard
}
