//! What `/health/ready` asks of whoever wired the engine, since no adapter knows the others.

use async_trait::async_trait;

/// How one part of the engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHealth {
    /// Its name: `store`, `queue`, `venues` and the like.
    pub name: String,
    /// Whether it does its work.
    pub up: bool,
    /// What kind it is, or what is wrong with it. Never a secret.
    pub detail: Option<String>,
}

/// How the engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// `memory` or `durable`.
    pub mode: String,
    /// What an operator should know of that mode.
    pub note: Option<String>,
    /// Every part.
    pub parts: Vec<PartHealth>,
}

/// Looks at every part.
#[async_trait]
pub trait HealthReport: Send + Sync {
    /// How the engine is now. An answer that takes too long counts as bad.
    async fn report(&self) -> Health;
}
