//! Whether the service runs, for people and for machines that watch it.

use std::sync::Arc;

use poem::Response;
use poem::http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaResponse, Registry};
use poem_openapi::types::Type;

use super::answer::{Answer, Responses, describe, json};
use super::{ApiContext, Chapter};
use crate::health::{Health, PartHealth};
use crate::wire::health::{LiveView, PongView, ReadyView};
use crate::wire::problem::Problem;

/// The endpoints of the service itself.
pub struct ServiceApi(pub Arc<ApiContext>);

struct PingAnswers;

impl Responses for PingAnswers {
    const GUARDED: bool = false;

    fn responses() -> Vec<MetaResponse> {
        vec![describe::<PongView>(200, "The service answers.")]
    }

    fn register(registry: &mut Registry) {
        PongView::register(registry);
    }
}

struct LiveAnswers;

impl Responses for LiveAnswers {
    const GUARDED: bool = false;

    fn responses() -> Vec<MetaResponse> {
        vec![describe::<LiveView>(200, "The process runs.")]
    }

    fn register(registry: &mut Registry) {
        LiveView::register(registry);
    }
}

struct ReadyAnswers;

impl Responses for ReadyAnswers {
    const GUARDED: bool = false;

    fn responses() -> Vec<MetaResponse> {
        vec![
            describe::<ReadyView>(
                200,
                "Orders are taken; also while the queue or a venue is down (`degraded`), for they wait for it.",
            ),
            describe::<ReadyView>(503, "No order can be stored, or the service is shutting down."),
        ]
    }

    fn register(registry: &mut Registry) {
        ReadyView::register(registry);
    }
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
    async fn ping(&self) -> Answer<PingAnswers> {
        json(
            StatusCode::OK,
            &PongView {
                message: "pong".into(),
            },
        )
        .into()
    }

    /// Whether the process runs
    #[oai(
        path = "/health/live",
        method = "get",
        operation_id = "live",
        tag = "Chapter::Service"
    )]
    async fn live(&self) -> Answer<LiveAnswers> {
        json(StatusCode::OK, &LiveView { status: "ok".into() }).into()
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
    async fn ready(&self) -> Answer<ReadyAnswers> {
        ready(&self.0).await.into()
    }
}

async fn ready(context: &ApiContext) -> Result<Response, Problem> {
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
    json(status, &view)
}
