//! The laws of what moves on the market ([`MarketFeed`]).
//!
//! Every law gets a market that nobody else trades in, whose price stands still, and that makes no faults.

use std::sync::Arc;
use std::time::Duration;

use order_core::amount::Amount;
use order_core::token::Pair;
use tokio::time::{Instant, sleep, timeout};

use super::market::Market;
use crate::{MarketFeed, MarketMoves, PairState};

/// All venues' pairs, and a trade that moves one of them.
pub struct FeedMarket {
    /// What is told of them.
    pub feed: Arc<dyn MarketFeed>,
    /// A venue, and a sale of the pair's base that moves the lowest or the highest price there is for it.
    pub market: Market,
    /// The pair of that sale.
    pub pair: Pair,
    /// A pair with pools, which the sale leaves alone.
    pub other: Pair,
    /// A pair without a pool.
    pub nowhere: Pair,
}

/// Runs every law of the market's moves as a test of its own; to be used as
/// [`market_contract!`](crate::market_contract), with a function that makes a
/// [`FeedMarket`](crate::contract::feed::FeedMarket).
#[macro_export]
macro_rules! feed_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { feed, [$(#[$attribute])+], $make, (), [
            who_knows_nothing_is_told_all_pairs_at_once,
            a_pair_without_a_pool_is_not_told,
            prices_are_told_as_quote_per_base,
            nothing_is_told_while_prices_stand_still,
            everybody_who_waits_is_told_of_a_trade,
            a_trade_between_two_questions_is_told_at_once_and_not_again,
            only_what_has_moved_is_told,
            a_revision_of_another_life_counts_as_none,
            a_question_that_names_no_pair_is_about_all,
        ] }
    };
}

/// Longer than anything takes that happens at all, and shorter than anybody here would wait for a move.
const PATIENCE: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_mins(10);
/// Long enough for a question to arrive.
const MOMENT: Duration = Duration::from_millis(300);

impl FeedMarket {
    async fn moves(&self, pairs: &[Pair], after: Option<u64>, wait: Duration) -> MarketMoves {
        timeout(PATIENCE, self.feed.moves(pairs, after, wait))
            .await
            .expect("told in time")
            .unwrap()
    }

    /// How these pairs stand, and from where to look on.
    async fn look(&self, pairs: &[Pair]) -> MarketMoves {
        self.moves(pairs, None, WAIT).await
    }

    /// Executes the sale.
    async fn trade(&self) {
        let quote = self.market.quote().await;
        let transaction = self.market.build(1, &quote, Amount::new(1)).await;
        self.market.settlement.send(&transaction).await.unwrap();
        self.market.landed(transaction.id).await;
    }
}

fn pairs_of(moves: &MarketMoves) -> Vec<Pair> {
    moves.pairs.iter().map(|state| state.pair).collect()
}

pub async fn who_knows_nothing_is_told_all_pairs_at_once(market: &FeedMarket) {
    let told = market.look(&[market.pair, market.other]).await;
    assert_eq!(pairs_of(&told), [market.pair, market.other]);
    for PairState {
        lowest,
        highest,
        pools,
        ..
    } in told.pairs
    {
        assert!(
            pools > 0 && lowest <= highest,
            "{pools}, {lowest:?} to {highest:?}"
        );
    }
}

pub async fn a_pair_without_a_pool_is_not_told(market: &FeedMarket) {
    let told = market.look(&[market.nowhere, market.other]).await;
    assert_eq!(pairs_of(&told), [market.other]);
    let told = market.moves(&[market.nowhere], None, Duration::ZERO).await;
    assert_eq!(told.pairs, []);
}

/// A sale pays less than the price, by the fee and its own weight, but not half.
pub async fn prices_are_told_as_quote_per_base(market: &FeedMarket) {
    let paid = market.market.quote().await.price;
    let PairState { highest, .. } = market.look(&[market.pair]).await.pairs[0];
    assert!(
        paid < highest && highest.units() < 2 * paid.units(),
        "{highest:?} is told, {paid:?} is paid"
    );
}

pub async fn nothing_is_told_while_prices_stand_still(market: &FeedMarket) {
    let pairs = [market.pair, market.other];
    let before = market.look(&pairs).await.revision;
    let began = Instant::now();
    let told = market.moves(&pairs, Some(before), MOMENT).await;
    let nothing = MarketMoves {
        revision: before,
        pairs: Vec::new(),
    };
    assert_eq!(told, nothing);
    assert!(began.elapsed() >= MOMENT, "told after {:?}", began.elapsed());
}

pub async fn everybody_who_waits_is_told_of_a_trade(market: &FeedMarket) {
    let pairs = [market.pair];
    let before = market.look(&pairs).await;
    let waits = || market.moves(&pairs, Some(before.revision), WAIT);
    let trade = async {
        sleep(MOMENT).await;
        market.trade().await;
    };
    let (one, another, ()) = tokio::join!(waits(), waits(), trade);
    for told in [one, another] {
        assert!(told.revision > before.revision, "{told:?}");
        assert_eq!(pairs_of(&told), pairs);
        assert_ne!(told.pairs, before.pairs);
    }
}

pub async fn a_trade_between_two_questions_is_told_at_once_and_not_again(market: &FeedMarket) {
    let before = market.look(&[market.pair]).await;
    market.trade().await;
    let told = market.moves(&[market.pair], Some(before.revision), WAIT).await;
    assert_eq!(pairs_of(&told), [market.pair]);
    assert_ne!(told.pairs, before.pairs);
    let again = market.moves(&[market.pair], Some(told.revision), MOMENT).await;
    assert_eq!(again.pairs, [], "told twice");
}

pub async fn only_what_has_moved_is_told(market: &FeedMarket) {
    let pairs = [market.other, market.pair];
    let before = market.look(&pairs).await.revision;
    market.trade().await;
    let told = market.moves(&pairs, Some(before), WAIT).await;
    assert_eq!(pairs_of(&told), [market.pair]);
}

pub async fn a_revision_of_another_life_counts_as_none(market: &FeedMarket) {
    let pairs = [market.pair, market.other];
    let told = market.look(&pairs).await;
    let again = market.moves(&pairs, Some(told.revision + 1_000), WAIT).await;
    assert_eq!(again, told);
}

pub async fn a_question_that_names_no_pair_is_about_all(market: &FeedMarket) {
    let told = market.look(&[]).await;
    let all = pairs_of(&told);
    assert!(
        all.contains(&market.pair) && all.contains(&market.other),
        "all pairs are told: {all:?}"
    );
    assert!(!all.contains(&market.nowhere), "{all:?}");
    market.trade().await;
    let told = market.moves(&[], Some(told.revision), WAIT).await;
    assert_eq!(pairs_of(&told), [market.pair], "only one has moved");
}
