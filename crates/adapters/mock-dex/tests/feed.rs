//! The laws of the market's moves: of the market in this process, and of one that is served. And they bite: the market
//! seen through something that is broken in one way, and the law that notices.

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
use order_core::token::{Pair, TokenRegistry};
use order_mock_dex::MarketSettings;
use order_ports::contract::feed::{self as laws, FeedMarket};
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use order_ports::contract::market::Market;
use order_ports::{MarketFeed, MarketMoves, PairState, QuoteSource, Settlement};
use support::served::Remote;
use support::{market, quiet, request, settings, token, venue};

fn subject(
    feed: Arc<dyn MarketFeed>,
    quotes: Arc<dyn QuoteSource>,
    settlement: Arc<dyn Settlement>,
) -> FeedMarket {
    FeedMarket {
        feed,
        market: Market {
            quotes,
            settlement,
            request: request("SOL", "USDC", "250"),
        },
        pair: pair("SOL", "USDC"),
        other: pair("RAY", "USDC"),
        nowhere: pair("BONK", "JUP"),
    }
}

fn pair(base: &str, quote: &str) -> Pair {
    let (pair, _) = TokenRegistry::default().orient(token(base), token(quote));
    pair
}

fn local(settings: &MarketSettings) -> FeedMarket {
    let market = market(settings);
    subject(market.clone(), venue(&market, RAYDIUM), market.clone())
}

mod instant {
    use super::*;

    async fn verified_signatures() -> Box<FeedMarket> {
        Box::new(local(&quiet()))
    }

    order_ports::feed_contract!(
        #[tokio::test(start_paused = true)]
        verified_signatures
    );
}

mod realistic {
    use super::*;

    async fn verified_signatures() -> Box<FeedMarket> {
        let settings = settings("profile = \"realistic\"\nprice = \"frozen\"\nseed = 1");
        Box::new(local(&settings))
    }

    order_ports::feed_contract!(
        #[tokio::test(start_paused = true)]
        verified_signatures
    );
}

mod remote {
    use super::*;

    async fn verified_signatures() -> Box<Remote<FeedMarket>> {
        Remote::new(market(&quiet()), |client| {
            let quotes = client.quote_sources([METEORA, RAYDIUM]).remove(0);
            subject(client.feed(), quotes, client.settlement())
        })
        .await
    }

    order_ports::feed_contract!(
        #[tokio::test]
        verified_signatures
    );
}

/// In which way the feed is broken.
#[derive(Clone, Copy)]
enum Break {
    WaitsForTheFirstMove,
    KnowsAnyPair,
    TurnsPricesAround,
    AnswersAtOnce,
    LooksOnlyOnce,
    BeginsAnewEachTime,
    TellsTheWholeMarket,
    BelievesAnyRevision,
    WantsNames,
}

struct BrokenFeed {
    inner: Arc<dyn MarketFeed>,
    at: Break,
}

#[async_trait]
impl MarketFeed for BrokenFeed {
    async fn moves(
        &self,
        pairs: &[Pair],
        after: Option<u64>,
        wait: Duration,
    ) -> Result<MarketMoves, VenueError> {
        let now = self.inner.moves(pairs, None, Duration::ZERO).await?;
        match self.at {
            Break::WaitsForTheFirstMove => {
                let after = after.or(Some(now.revision));
                self.inner.moves(pairs, after, wait).await
            }
            Break::KnowsAnyPair => {
                let known = now.pairs.first().copied();
                let state = |pair: &Pair| known.map(|known| PairState { pair: *pair, ..known });
                let pairs = pairs.iter().filter_map(state).collect();
                Ok(MarketMoves { pairs, ..now })
            }
            Break::TurnsPricesAround => {
                let around = |state: PairState| PairState {
                    lowest: state.highest.inverse().unwrap(),
                    highest: state.lowest.inverse().unwrap(),
                    ..state
                };
                let told = self.inner.moves(pairs, after, wait).await?;
                let pairs = told.pairs.into_iter().map(around).collect();
                Ok(MarketMoves { pairs, ..told })
            }
            Break::AnswersAtOnce => self.inner.moves(pairs, after, Duration::ZERO).await,
            Break::LooksOnlyOnce => {
                let seen = self.inner.moves(pairs, after, Duration::ZERO).await?;
                if seen.pairs.is_empty() {
                    tokio::time::sleep(wait).await;
                }
                Ok(seen)
            }
            Break::BeginsAnewEachTime => {
                let after = after.and(Some(now.revision));
                self.inner.moves(pairs, after, wait).await
            }
            Break::TellsTheWholeMarket => {
                self.inner.moves(pairs, after, wait).await?;
                self.inner.moves(pairs, None, Duration::ZERO).await
            }
            Break::WantsNames if pairs.is_empty() => Ok(MarketMoves {
                pairs: Vec::new(),
                ..now
            }),
            Break::WantsNames => self.inner.moves(pairs, after, wait).await,
            Break::BelievesAnyRevision => {
                let after = after.map(|after| after.min(now.revision));
                self.inner.moves(pairs, after, wait).await
            }
        }
    }
}

fn broken(at: Break) -> FeedMarket {
    let whole = local(&quiet());
    let inner = Arc::clone(&whole.feed);
    let feed = Arc::new(BrokenFeed { inner, at });
    FeedMarket { feed, ..whole }
}

bites! {
    a_first_look_that_waits:
        WaitsForTheFirstMove => who_knows_nothing_is_told_all_pairs_at_once, "told in time";
    a_pair_that_is_made_up: KnowsAnyPair => a_pair_without_a_pool_is_not_told, "left == right";
    prices_the_wrong_way_round: TurnsPricesAround => prices_are_told_as_quote_per_base, "is told";
    an_answer_without_waiting: AnswersAtOnce => nothing_is_told_while_prices_stand_still, "told after";
    a_wait_that_hears_nothing: LooksOnlyOnce => everybody_who_waits_is_told_of_a_trade, "told in time";
    a_move_that_is_slept_through:
        BeginsAnewEachTime => a_trade_between_two_questions_is_told_at_once_and_not_again, "told in time";
    a_move_that_is_told_twice:
        TellsTheWholeMarket => a_trade_between_two_questions_is_told_at_once_and_not_again, "told twice";
    pairs_that_have_not_moved: TellsTheWholeMarket => only_what_has_moved_is_told, "left == right";
    a_question_that_is_taken_to_the_letter:
        WantsNames => a_question_that_names_no_pair_is_about_all, "all pairs are told";
    a_revision_of_nobody: BelievesAnyRevision => a_revision_of_another_life_counts_as_none, "told in time";
}
