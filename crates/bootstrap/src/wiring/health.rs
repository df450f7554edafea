//! How each part is: asked when a probe wants to know.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::token::{Token, TokenRegistry};
use order_http::{Health, HealthReport, PartHealth};
use order_ports::QuoteSource;
use order_postgres::{Durability, PostgresStore};
use order_redis::RedisServer;

use super::market::MarketPorts;
use crate::config::Config;

/// What an operator must know of an engine without a database.
pub(crate) const FORGETS: &str = "orders live in memory and are forgotten when the process ends";

/// How long a part may take to say how it is: less than a probe waits, so that the answer names the part.
const PATIENCE: Duration = Duration::from_secs(2);

/// Knows every part.
pub(crate) struct Report {
    durable: bool,
    parts: Vec<Part>,
}

enum Part {
    Memory(&'static str),
    Postgres(Box<PostgresStore>),
    Redis(RedisServer),
    Venue {
        source: Arc<dyn QuoteSource>,
        asked: Option<(Token, Token)>,
    },
}

impl Report {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            durable: config.database.url.is_some(),
            parts: Vec::new(),
        }
    }

    pub(super) fn memory(&mut self, name: &'static str) {
        self.parts.push(Part::Memory(name));
    }

    pub(super) fn watch_postgres(&mut self, store: PostgresStore) {
        self.parts.push(Part::Postgres(Box::new(store)));
    }

    pub(super) fn watch_redis(&mut self, server: RedisServer) {
        self.parts.push(Part::Redis(server));
    }

    pub(super) fn watch_market(&mut self, market: &MarketPorts, tokens: &TokenRegistry) {
        // Any pair will do: also "no such pool" is an answer.
        let asked = tokens
            .tokens()
            .first()
            .copied()
            .zip(tokens.tokens().last().copied());
        let venue = |source: &Arc<dyn QuoteSource>| Part::Venue {
            source: Arc::clone(source),
            asked,
        };
        self.parts.extend(market.venues.iter().map(venue));
    }
}

#[async_trait]
impl HealthReport for Report {
    async fn report(&self) -> Health {
        Health {
            mode: if self.durable { "durable" } else { "memory" }.into(),
            note: (!self.durable).then(|| FORGETS.into()),
            parts: join_all(self.parts.iter().map(Part::look)).await,
        }
    }
}

impl Part {
    fn name(&self) -> String {
        match self {
            Self::Memory(name) => (*name).into(),
            Self::Postgres(_) => "store".into(),
            Self::Redis(_) => "queue".into(),
            Self::Venue { source, .. } => source.venue().as_str().to_lowercase(),
        }
    }

    async fn look(&self) -> PartHealth {
        let state = tokio::time::timeout(PATIENCE, self.ask()).await;
        let state = state.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
        let up = state.is_ok();
        let (Ok(detail) | Err(detail)) = state;
        PartHealth {
            name: self.name(),
            up,
            detail: Some(detail),
        }
    }

    /// What kind of part it is, or what is wrong with it.
    async fn ask(&self) -> Result<String, String> {
        match self {
            Self::Memory(_) => Ok("memory".into()),
            Self::Postgres(store) => store.condition().await.map(kept).map_err(told),
            Self::Redis(server) => server.probe().await.map(|()| "redis".into()).map_err(told),
            Self::Venue { source, asked } => ask(source.as_ref(), *asked).await.map_err(told),
        }
    }
}

/// What kind of store Postgres is, and what it does not promise.
fn kept(durability: Durability) -> String {
    let missing: Vec<_> = durability.missing().collect();
    if missing.is_empty() {
        "postgres".into()
    } else {
        format!(
            "postgres, which may lose orders in a crash of its machine: not on are {}",
            missing.join(", ")
        )
    }
}

/// The error and what caused it, in one line.
fn told(error: impl std::error::Error) -> String {
    crate::error::chain(&error)
}

async fn ask(source: &dyn QuoteSource, pair: Option<(Token, Token)>) -> Result<String, VenueError> {
    let Some((token_in, token_out)) = pair else {
        return Ok("not asked".into());
    };
    match source.capacity(token_in, token_out, Amount::ZERO).await {
        Ok(_) | Err(VenueError::UnknownToken) => Ok("answers".into()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use order_core::venue::{Quote, QuoteRequest, VenueId};

    use super::*;

    /// A venue that never answers.
    struct Silent;

    #[async_trait]
    impl QuoteSource for Silent {
        fn venue(&self) -> VenueId {
            VenueId::literal("Meteora")
        }

        async fn quote(&self, _: &QuoteRequest) -> Result<Quote, VenueError> {
            std::future::pending().await
        }

        async fn capacity(&self, _: Token, _: Token, _: Amount) -> Result<Amount, VenueError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_does_not_answer_is_named_in_time() {
        let tokens = TokenRegistry::default();
        let asked = tokens
            .tokens()
            .first()
            .copied()
            .zip(tokens.tokens().last().copied());
        let source = Arc::new(Silent);
        let report = Report {
            durable: true,
            parts: vec![Part::Memory("store"), Part::Venue { source, asked }],
        };
        let patience = order_http::HttpSettings::new(Arc::new(tokens), Arc::new(Nothing)).health_timeout;
        let health = tokio::time::timeout(patience, report.report()).await.unwrap();
        assert_eq!(health.mode, "durable");
        let parts: Vec<_> = health
            .parts
            .iter()
            .map(|part| (part.name.as_str(), part.up))
            .collect();
        assert_eq!(parts, [("store", true), ("meteora", false)]);
        assert_eq!(health.parts[1].detail.as_deref(), Some("no answer within 2 s"));
    }

    /// No report at all.
    struct Nothing;

    #[async_trait]
    impl HealthReport for Nothing {
        async fn report(&self) -> Health {
            std::future::pending().await
        }
    }
}
