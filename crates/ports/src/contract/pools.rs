//! The laws of the pools that a router sees ([`PoolSource`]), and of transactions that use several of them.
//!
//! Every law gets a market that nobody else trades in, whose price stands still, and that makes no faults.

use std::collections::HashSet;
use std::sync::Arc;

use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::routing::{LiquiditySnapshot, PoolSnapshot};
use order_core::token::Token;
use order_core::venue::{Draft, Leg, QuoteRequest, SignedTransaction, TxStatus};

use super::fixtures::order_id;
use super::market::Market;
use crate::{PoolSource, QuoteSource, Settlement};

/// All venues, their pools, their chain, and a trade that two pools of the pair can each fill.
pub struct PoolMarket {
    /// The pools.
    pub pools: Arc<dyn PoolSource>,
    /// The prices of every venue that lists one of them.
    pub quotes: Vec<Arc<dyn QuoteSource>>,
    /// The chain.
    pub settlement: Arc<dyn Settlement>,
    /// The trade.
    pub request: QuoteRequest,
}

/// Runs every law of the visible pools as a test of its own; to be used as
/// [`market_contract!`](crate::market_contract), with a function that makes a
/// [`PoolMarket`](crate::contract::pools::PoolMarket).
#[macro_export]
macro_rules! pool_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { pools, [$(#[$attribute])+], $make, (), [
            pools_give_what_their_venues_quote,
            looking_changes_nothing,
            each_pool_that_leads_there_is_shown_once,
            an_unlisted_token_has_no_pools,
            several_legs_execute_in_one_transaction,
            a_swap_is_seen_at_the_next_look,
            all_legs_execute_or_none,
        ] }
    };
}

impl PoolMarket {
    async fn look(&self) -> LiquiditySnapshot {
        let QuoteRequest {
            token_in, token_out, ..
        } = self.request;
        self.pools.pools(token_in, token_out).await.unwrap()
    }

    /// What a pool gives for an amount, if it trades the pair.
    fn out(&self, view: &LiquiditySnapshot, pool: &PoolSnapshot, amount: Amount) -> Option<u128> {
        let direction = pool.direction(self.request.token_in, self.request.token_out)?;
        let swap = pool.state.quote(direction, amount.units(), view.secs).ok()?;
        Some(swap.out)
    }

    /// The trade over two pools of the pair, half each, and what it gives.
    fn halves(&self, view: &LiquiditySnapshot) -> (Vec<Leg>, Amount) {
        let whole = self.request.amount_in.units();
        let parts = [whole / 2, whole - whole / 2].map(Amount::new);
        let direct = view.pools.iter().filter_map(|pool| {
            self.out(view, pool, self.request.amount_in)?;
            Some(pool)
        });
        let legs: Vec<_> = direct
            .zip(parts)
            .map(|(pool, amount_in)| Leg {
                venue: pool.venue,
                pool: pool.id.clone(),
                token_in: self.request.token_in,
                token_out: self.request.token_out,
                amount_in,
                amount_out: Amount::new(self.out(view, pool, amount_in).unwrap()),
            })
            .collect();
        assert_eq!(legs.len(), 2, "the subject has two pools of the pair");
        let out = legs.iter().map(|leg| leg.amount_out.units()).sum();
        (legs, Amount::new(out))
    }

    async fn build(&self, n: u32, legs: Vec<Leg>, min_out: Amount) -> SignedTransaction {
        let draft = Draft {
            order_id: order_id(n),
            legs,
            min_out,
        };
        self.settlement.build(&draft).await.unwrap()
    }

    async fn decided(&self, transaction: &SignedTransaction) -> TxStatus {
        self.settlement.send(transaction).await.unwrap();
        let market = Market {
            quotes: Arc::clone(&self.quotes[0]),
            settlement: Arc::clone(&self.settlement),
            request: self.request,
        };
        market.decided(transaction.id).await
    }
}

pub async fn pools_give_what_their_venues_quote(market: &PoolMarket) {
    let view = market.look().await;
    for source in &market.quotes {
        let quote = source.quote(&market.request).await.unwrap();
        let pools = view.pools.iter().filter(|pool| pool.venue == source.venue());
        let best = pools.filter_map(|pool| market.out(&view, pool, market.request.amount_in));
        assert_eq!(best.max(), Some(quote.amount_out.amount.units()), "{quote:?}");
    }
}

pub async fn looking_changes_nothing(market: &PoolMarket) {
    let first = market.look().await;
    assert_eq!(market.look().await.pools, first.pools);
}

pub async fn each_pool_that_leads_there_is_shown_once(market: &PoolMarket) {
    let QuoteRequest {
        token_in, token_out, ..
    } = market.request;
    let view = market.look().await;
    let names: HashSet<_> = view.pools.iter().map(|pool| &pool.id).collect();
    assert_eq!(names.len(), view.pools.len());
    let pair = |a: Token, b: Token| view.pools.iter().any(|pool| pool.direction(a, b).is_some());
    assert!(pair(token_in, token_out));
    for pool in &view.pools {
        let other = pool.opposite(token_in).or(pool.opposite(token_out));
        let middle = other.expect("a pool of one of the two tokens");
        let leads_there =
            middle == token_in || middle == token_out || (pair(token_in, middle) && pair(middle, token_out));
        assert!(leads_there, "{pool:?}");
    }
}

pub async fn an_unlisted_token_has_no_pools(market: &PoolMarket) {
    let unlisted = Token {
        symbol: "NOSUCHTOKEN".parse().unwrap(),
        decimals: 3,
    };
    let listed = market.request.token_in;
    for (token_in, token_out) in [(listed, unlisted), (unlisted, listed)] {
        let refused = market.pools.pools(token_in, token_out).await;
        assert_eq!(refused, Err(VenueError::UnknownToken));
    }
}

pub async fn several_legs_execute_in_one_transaction(market: &PoolMarket) {
    let (legs, out) = market.halves(&market.look().await);
    let transaction = market.build(1, legs, out).await;
    match market.decided(&transaction).await {
        TxStatus::Landed(fill) => {
            assert_eq!(fill.amount_in, market.request.amount_in);
            assert_eq!(fill.amount_out, out);
        }
        other => panic!("should have landed, but {other:?}"),
    }
}

pub async fn a_swap_is_seen_at_the_next_look(market: &PoolMarket) {
    let before = market.look().await;
    let (legs, _) = market.halves(&before);
    let used: Vec<_> = legs.iter().map(|leg| leg.pool.clone()).collect();
    let transaction = market.build(1, legs, Amount::new(1)).await;
    let landed = market.decided(&transaction).await;
    assert!(matches!(landed, TxStatus::Landed(_)), "{landed:?}");
    let after = market.look().await;
    assert!(after.slot >= before.slot);
    for (was, is) in before.pools.iter().zip(&after.pools) {
        assert_eq!(was.id, is.id);
        assert_eq!(was.state != is.state, used.contains(&was.id), "{was:?} {is:?}");
    }
}

/// The first leg alone would do; the second cannot.
pub async fn all_legs_execute_or_none(market: &PoolMarket) {
    let before = market.look().await;
    let (mut legs, out) = market.halves(&before);
    let greedy = market.build(1, legs.clone(), Amount::new(out.units() + 1)).await;
    let rejected = TxStatus::Rejected(VenueError::SlippageExceeded);
    assert_eq!(market.decided(&greedy).await, rejected);
    legs[1].amount_in = Amount::new(1);
    let broken = market.build(2, legs, Amount::new(1)).await;
    assert_eq!(
        market.decided(&broken).await,
        TxStatus::Rejected(VenueError::ZeroOutput)
    );
    assert_eq!(market.look().await.pools, before.pools);
}
