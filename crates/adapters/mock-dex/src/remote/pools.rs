//! The pools themselves over HTTP. States that have not changed since they were last seen are not sent again.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use order_core::amm::Pool;
use order_core::failure::VenueError;
use order_core::routing::{LiquiditySnapshot, PoolSnapshot};
use order_core::token::{Token, TokenRegistry};
use order_core::venue::PoolId;
use order_ports::PoolSource;
use parking_lot::Mutex;

use super::http::Http;
use crate::wire::{SnapshotAnswer, SnapshotItem, SnapshotRequest};

/// The states that were seen, all in one life of the server.
#[derive(Default)]
struct Seen {
    instance_id: u64,
    states: HashMap<PoolId, (u64, Arc<Pool>)>,
}

pub(super) struct RemotePools {
    http: Arc<Http>,
    tokens: Arc<TokenRegistry>,
    seen: Mutex<Seen>,
}

impl RemotePools {
    pub(super) fn new(http: Arc<Http>, tokens: Arc<TokenRegistry>) -> Self {
        Self {
            http,
            tokens,
            seen: Mutex::default(),
        }
    }

    fn question(&self, token_in: Token, token_out: Token) -> SnapshotRequest {
        let seen = self.seen.lock();
        let versions = seen.states.iter();
        SnapshotRequest {
            token_in: token_in.symbol,
            token_out: token_out.symbol,
            instance_id: seen.instance_id,
            known: versions
                .map(|(id, (version, _))| (id.clone(), *version))
                .collect(),
        }
    }

    /// Keeps what is new and fills in what was left out; `None` if the answer leaves out what is not known.
    fn read(&self, answer: SnapshotAnswer) -> Option<LiquiditySnapshot> {
        let mut seen = self.seen.lock();
        if seen.instance_id != answer.instance_id {
            *seen = Seen {
                instance_id: answer.instance_id,
                states: HashMap::new(),
            };
        }
        let pools = answer.pools.into_iter().map(|item| self.pool(&mut seen, item));
        Some(LiquiditySnapshot {
            slot: answer.slot,
            secs: answer.secs,
            pools: pools.collect::<Option<_>>()?,
        })
    }

    fn pool(&self, seen: &mut Seen, item: SnapshotItem) -> Option<PoolSnapshot> {
        let state = match (item.state, seen.states.get(&item.id)) {
            (None, Some((version, state))) if *version == item.version => Arc::clone(state),
            (None, _) => return None,
            // Another answer may have overtaken this one and brought a newer state; that one is kept.
            (Some(state), Some((version, _))) if *version > item.version => state,
            (Some(state), _) => {
                let known = (item.version, Arc::clone(&state));
                seen.states.insert(item.id.clone(), known);
                state
            }
        };
        Some(PoolSnapshot {
            id: item.id,
            venue: item.dex,
            base: self.tokens.get(item.base)?,
            quote: self.tokens.get(item.quote)?,
            state,
        })
    }
}

#[async_trait]
impl PoolSource for RemotePools {
    async fn pools(&self, token_in: Token, token_out: Token) -> Result<LiquiditySnapshot, VenueError> {
        let known = |token: Token| self.tokens.get(token.symbol) == Some(token);
        if !known(token_in) || !known(token_out) {
            return Err(VenueError::UnknownToken);
        }
        let question = self.question(token_in, token_out);
        let answer: SnapshotAnswer = self
            .http
            .post("pools/snapshot", &question, self.http.timeouts.ask)
            .await
            .map_err(|error| error.harmless())?;
        self.read(answer).ok_or(VenueError::NodeBehind)
    }
}
