//! Pools with their whole state, for a router. A client says which states it has; only others are sent.

use std::collections::HashMap;
use std::sync::Arc;

use order_core::amm::Pool;
use order_core::token::Symbol;
use order_core::venue::{PoolId, VenueId};
use serde::{Deserialize, Serialize};

/// `POST /pools/snapshot`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SnapshotRequest {
    pub(crate) token_in: Symbol,
    pub(crate) token_out: Symbol,
    /// The instance that the known versions are of.
    #[serde(default)]
    pub(crate) instance_id: u64,
    /// What the client has already.
    #[serde(default)]
    pub(crate) known: HashMap<PoolId, u64>,
}

/// Its answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SnapshotAnswer {
    /// Names this life of the server: versions of another one mean nothing.
    pub(crate) instance_id: u64,
    pub(crate) slot: u64,
    pub(crate) secs: u64,
    pub(crate) pools: Vec<SnapshotItem>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SnapshotItem {
    pub(crate) id: PoolId,
    pub(crate) dex: VenueId,
    pub(crate) base: Symbol,
    pub(crate) quote: Symbol,
    pub(crate) version: u64,
    /// Left out where the client has this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Arc<Pool>>,
}
