//! Whether the service runs, for people and for machines that watch it.

use std::sync::Arc;

use poem::http::StatusCode;
use poem_openapi::OpenApi;

use super::Chapter;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, sent};
use crate::context::ApiContext;
use crate::health::{Health, PartHealth};
use crate::wire::health::{LiveView, PongView, ReadyView};

/// The endpoints of the service itself.
pub struct ServiceApi(pub Arc<ApiContext>);

struct PingResponses;

impl Sends for PingResponses {
    type Body = PongView;
}

impl Responses for PingResponses {
    const GUARDED: bool = false;
    const LIST: &[ResponseDoc] = &[sent::<Self>(200, "The service answers.")];
}

struct LiveResponses;

impl Sends for LiveResponses {
    type Body = LiveView;
}

impl Responses for LiveResponses {
    const GUARDED: bool = false;
    const LIST: &[ResponseDoc] = &[sent::<Self>(200, "The process runs.")];
}

struct ReadyResponses;

impl Sends for ReadyResponses {
    type Body = ReadyView;
}

impl Responses for ReadyResponses {
    const GUARDED: bool = false;
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(
            200,
            "Orders are taken; also while the queue or a venue is down (`degraded`), for they wait for it.",
        ),
        sent::<Self>(503, "No order can be stored, or the service is shutting down."),
    ];
}

#[OpenApi]
impl ServiceApi {
    /// Ping
    #[oai(
        path = "/ping",
        method = "get",
        operation_id = "ping",
        tag = "Chapter::Service"
    )]
    async fn ping(&self) -> ApiResponse<PingResponses> {
        let message = "pong".into();
        ApiResponse::json(StatusCode::OK, &PongView { message })
    }

    /// Whether the process runs
    #[oai(
        path = "/health/live",
        method = "get",
        operation_id = "live",
        tag = "Chapter::Service"
    )]
    async fn live(&self) -> ApiResponse<LiveResponses> {
        ApiResponse::json(StatusCode::OK, &LiveView { status: "ok".into() })
    }

    /// Whether orders are taken
    ///
    /// They are as long as they can be stored, whatever else is down; not while the store does not answer, is a standby, read-only or without room on its disk. Says how each part is, and in which mode the service runs: in memory it forgets everything when it exits.
    #[oai(
        path = "/health/ready",
        method = "get",
        operation_id = "ready",
        tag = "Chapter::Service"
    )]
    async fn ready(&self) -> ApiResponse<ReadyResponses> {
        let Self(context) = self;
        let report =
            tokio::time::timeout(context.settings.health_timeout, context.settings.health.report()).await;
        let health = report.unwrap_or_else(|_| Health {
            mode: "unknown".into(),
            note: None,
            parts: vec![PartHealth {
                name: "health".into(),
                up: false,
                detail: Some("no answer in time".into()),
            }],
        });
        let leaving = context.settings.leaving.is_cancelled() || context.stop.is_cancelled();
        let view = ReadyView::new(health, context.engine.draining() || leaving);
        let status = if view.is_ready() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        ApiResponse::json(status, &view)
    }
}
