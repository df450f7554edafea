//! How each part is: asked when somebody wants to know.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use order_core::failure::VenueError;
use order_core::token::{Token, TokenRegistry};
use order_http::{Health, HealthReport, PartHealth};
use order_ports::QuoteSource;
use order_postgres::PostgresStore;
use order_redis::RedisServer;

use super::market::MarketPorts;
use crate::config::Config;

/// What an operator must know of an engine without a database.
pub(crate) const FORGETS: &str = "orders live in memory and are forgotten when the process ends";

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
    async fn look(&self) -> PartHealth {
        match self {
            Self::Memory(name) => part(name, Ok("memory".into())),
            Self::Postgres(store) => part(
                "store",
                store.ping().await.map(|()| "postgres".into()).map_err(told),
            ),
            Self::Redis(server) => part(
                "queue",
                server.ping().await.map(|()| "redis".into()).map_err(told),
            ),
            Self::Venue { source, asked } => {
                let name = source.venue().as_str().to_lowercase();
                part(&name, ask(source.as_ref(), *asked).await.map_err(told))
            }
        }
    }
}

fn part(name: &str, state: Result<String, String>) -> PartHealth {
    let up = state.is_ok();
    let (Ok(detail) | Err(detail)) = state;
    PartHealth {
        name: name.into(),
        up,
        detail: Some(detail),
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
    match source.capacity(token_in, token_out).await {
        Ok(_) | Err(VenueError::UnknownToken) => Ok("answers".into()),
        Err(error) => Err(error),
    }
}
