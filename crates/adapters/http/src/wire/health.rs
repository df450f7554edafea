//! How the engine is, for whoever restarts or routes to it.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use crate::health::Health;

/// The part without which nothing can be promised.
const STORE: &str = "store";

/// The process runs.
#[derive(Object, Serialize)]
#[oai(rename = "Live", example)]
pub struct LiveView {
    /// Always `ok`.
    pub status: String,
}

impl Example for LiveView {
    fn example() -> Self {
        Self { status: "ok".into() }
    }
}

/// The answer to a ping.
#[derive(Object, Serialize)]
#[oai(rename = "Pong", example)]
pub struct PongView {
    /// Always `pong`.
    pub message: String,
}

impl Example for PongView {
    fn example() -> Self {
        Self {
            message: "pong".into(),
        }
    }
}

/// How one part is.
#[derive(Object, Serialize)]
#[oai(rename = "Part")]
struct PartView {
    /// Which part.
    name: String,
    /// `up` or `down`.
    status: String,
    /// What kind it is, or what is wrong with it.
    #[oai(nullable)]
    detail: Option<String>,
}

/// Whether the engine takes orders.
#[derive(Object, Serialize)]
#[oai(rename = "Ready", example)]
pub struct ReadyView {
    /// `ready`; `degraded` while a part other than the store is down: orders are still taken, and wait for it;
    /// `down` while the store is; `draining`.
    status: String,
    /// `memory` or `durable`.
    mode: String,
    /// What to know of that mode.
    #[oai(nullable)]
    note: Option<String>,
    /// Every part.
    parts: Vec<PartView>,
}

impl ReadyView {
    /// That health, while the service drains or not.
    pub fn new(health: Health, draining: bool) -> Self {
        let part = |part: crate::health::PartHealth| PartView {
            name: part.name,
            status: if part.up { "up".into() } else { "down".into() },
            detail: part.detail,
        };
        let all = health.parts.iter().all(|part| part.up);
        let stores = health.parts.iter().any(|part| part.name == STORE && part.up);
        let status = match (draining, stores, all) {
            (true, _, _) => "draining",
            (false, false, _) => "down",
            (false, true, false) => "degraded",
            (false, true, true) => "ready",
        };
        Self {
            status: status.into(),
            mode: health.mode,
            note: health.note,
            parts: health.parts.into_iter().map(part).collect(),
        }
    }

    /// Whether requests may be sent here.
    pub fn is_ready(&self) -> bool {
        matches!(self.status.as_str(), "ready" | "degraded")
    }
}

impl Example for ReadyView {
    fn example() -> Self {
        let part = |name: &str, detail: &str| PartView {
            name: name.into(),
            status: "up".into(),
            detail: Some(detail.into()),
        };
        Self {
            status: "ready".into(),
            mode: "memory".into(),
            note: Some("orders live in this process only and are forgotten when it exits".into()),
            parts: vec![
                part("store", "memory"),
                part("queue", "memory"),
                part("venues", "Raydium, Meteora"),
            ],
        }
    }
}
