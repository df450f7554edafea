//! The laws of the visible pools bite: the market as it is, seen and traded through something that is broken in one
//! way, and the law that notices. Unbroken, the market keeps them all (`pools.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::failure::VenueError;
use order_core::routing::LiquiditySnapshot;
use order_core::token::Token;
use order_core::venue::{Draft, SignedTransaction, TxId, TxStatus};
use order_ports::contract::pools::{self as laws, PoolMarket};
use order_ports::{LookUpError, PoolSource, SendError, Settlement};
use parking_lot::Mutex;
use support::{market, quiet, request};

/// In which way the market is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Break {
    HidesAVenue,
    TurnsItsPoolsAround,
    ShowsAPoolTwice,
    ShowsAnyPair,
    RemembersTheFirstLook,
    ExecutesTheFirstLegAlone,
    ExecutesWhatItCan,
}

struct BrokenPools {
    inner: Arc<dyn PoolSource>,
    at: Break,
    looks: Mutex<Vec<LiquiditySnapshot>>,
}

#[async_trait]
impl PoolSource for BrokenPools {
    async fn pools(&self, token_in: Token, token_out: Token) -> Result<LiquiditySnapshot, VenueError> {
        let seen = self.inner.pools(token_in, token_out).await;
        let Ok(mut view) = seen else {
            return if self.at == Break::ShowsAnyPair {
                Ok(LiquiditySnapshot {
                    slot: 1,
                    secs: 1,
                    pools: Vec::new(),
                })
            } else {
                seen
            };
        };
        let mut looks = self.looks.lock();
        match self.at {
            Break::HidesAVenue => {
                let hidden = view.pools[0].venue;
                view.pools.retain(|pool| pool.venue != hidden);
            }
            Break::TurnsItsPoolsAround if looks.len() % 2 == 1 => view.pools.reverse(),
            Break::ShowsAPoolTwice => view.pools.push(view.pools[0].clone()),
            Break::RemembersTheFirstLook => view = looks.first().cloned().unwrap_or(view),
            Break::TurnsItsPoolsAround
            | Break::ShowsAnyPair
            | Break::ExecutesTheFirstLegAlone
            | Break::ExecutesWhatItCan => {}
        }
        looks.push(view.clone());
        Ok(view)
    }
}

struct BrokenSettlement {
    inner: Arc<dyn Settlement>,
    at: Break,
}

#[async_trait]
impl Settlement for BrokenSettlement {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        let mut draft = draft.clone();
        match self.at {
            Break::ExecutesTheFirstLegAlone => draft.legs.truncate(1),
            Break::ExecutesWhatItCan => draft.min_out = order_core::amount::Amount::new(1),
            Break::HidesAVenue
            | Break::TurnsItsPoolsAround
            | Break::ShowsAPoolTwice
            | Break::ShowsAnyPair
            | Break::RemembersTheFirstLook => {}
        }
        self.inner.build(&draft).await
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        self.inner.send(transaction).await
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        self.inner.look_up(id, wait).await
    }

    fn removes_duplicates(&self) -> bool {
        self.inner.removes_duplicates()
    }
}

fn broken(at: Break) -> PoolMarket {
    let market = market(&quiet());
    PoolMarket {
        pools: Arc::new(BrokenPools {
            inner: market.clone(),
            at,
            looks: Mutex::default(),
        }),
        quotes: market.quote_sources(),
        settlement: Arc::new(BrokenSettlement {
            inner: market.clone(),
            at,
        }),
        request: request("SOL", "USDC", "250"),
    }
}

bites! {
    pools_that_hide_a_venue: HidesAVenue => pools_give_what_their_venues_quote, "Quote {";
    pools_that_turn_around: TurnsItsPoolsAround => looking_changes_nothing, "left == right";
    a_pool_that_is_shown_twice: ShowsAPoolTwice => each_pool_that_leads_there_is_shown_once, "left == right";
    pools_of_any_pair: ShowsAnyPair => an_unlisted_token_has_no_pools, "left == right";
    a_transaction_of_one_leg_alone:
        ExecutesTheFirstLegAlone => several_legs_execute_in_one_transaction, "should have landed";
    pools_that_are_remembered: RemembersTheFirstLook => a_swap_is_seen_at_the_next_look, "left == right";
    a_transaction_that_takes_what_it_gets: ExecutesWhatItCan => all_legs_execute_or_none, "left == right";
}
