//! What has moved on the market.

use std::time::Duration;

use order_core::price::Price;
use order_core::token::{Pair, Symbol, TokenRegistry};
use order_ports::{MarketMoves, PairState};
use serde::{Deserialize, Serialize};

/// `POST /moves`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MovesRequest {
    pub(crate) pairs: Vec<(Symbol, Symbol)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<u64>,
    #[serde(default)]
    pub(crate) wait_ms: u64,
}

impl MovesRequest {
    pub(crate) fn new(pairs: &[Pair], after: Option<u64>, wait: Duration) -> Self {
        Self {
            pairs: pairs
                .iter()
                .map(|pair| (pair.base.symbol, pair.quote.symbol))
                .collect(),
            after,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MovesAnswer {
    revision: u64,
    pairs: Vec<PairItem>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PairItem {
    base: Symbol,
    quote: Symbol,
    lowest: Price,
    highest: Price,
    pools: u32,
}

impl From<MarketMoves> for MovesAnswer {
    fn from(moves: MarketMoves) -> Self {
        let item = |state: &PairState| PairItem {
            base: state.pair.base.symbol,
            quote: state.pair.quote.symbol,
            lowest: state.lowest,
            highest: state.highest,
            pools: state.pools,
        };
        Self {
            revision: moves.revision,
            pairs: moves.pairs.iter().map(item).collect(),
        }
    }
}

impl MovesAnswer {
    /// As the engine knows the pairs; those with tokens that it does not know are nobody's concern here.
    pub(crate) fn read(self, tokens: &TokenRegistry) -> MarketMoves {
        let state = |item: PairItem| {
            Some(PairState {
                pair: Pair {
                    base: tokens.get(item.base)?,
                    quote: tokens.get(item.quote)?,
                },
                lowest: item.lowest,
                highest: item.highest,
                pools: item.pools,
            })
        };
        MarketMoves {
            revision: self.revision,
            pairs: self.pairs.into_iter().filter_map(state).collect(),
        }
    }
}
