//! The laws of the visible pools: of the market in this process, and of one that is served.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::sync::Arc;

use order_core::routing::LiquiditySnapshot;
use order_core::token::TokenRegistry;
use order_mock_dex::{Market, MarketSettings};
use order_ports::PoolSource;
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use order_ports::contract::pools::PoolMarket;
use support::served::{Remote, Served};
use support::{Counting, TokioClock, market, quiet, request, settings, token};

fn local(settings: &MarketSettings) -> Box<PoolMarket> {
    let market = market(settings);
    Box::new(PoolMarket {
        pools: market.clone(),
        quotes: market.quote_sources(),
        settlement: market.clone(),
        request: request("SOL", "USDC", "250"),
    })
}

mod instant {
    use super::*;

    async fn verified_signatures() -> Box<PoolMarket> {
        local(&quiet())
    }

    order_ports::pool_contract!(
        #[tokio::test(start_paused = true)]
        verified_signatures
    );
}

mod realistic {
    use super::*;

    async fn verified_signatures() -> Box<PoolMarket> {
        local(&settings("profile = \"realistic\"\nprice = \"frozen\"\nseed = 1"))
    }

    order_ports::pool_contract!(
        #[tokio::test(start_paused = true)]
        verified_signatures
    );
}

mod remote {
    use super::*;

    async fn verified_signatures() -> Box<Remote<PoolMarket>> {
        Remote::new(market(&quiet()), |client| PoolMarket {
            pools: client.pool_source(),
            quotes: client.quote_sources([METEORA, RAYDIUM]),
            settlement: client.settlement(),
            request: request("SOL", "USDC", "250"),
        })
        .await
    }

    order_ports::pool_contract!(
        #[tokio::test]
        verified_signatures
    );
}

async fn look(source: &Arc<dyn PoolSource>) -> LiquiditySnapshot {
    source.pools(token("SOL"), token("USDC")).await.unwrap()
}

/// A server that forgot everything counts its versions anew; what was seen of the old one must not be mistaken
/// for the new one's.
#[tokio::test]
async fn what_was_seen_of_an_earlier_life_is_not_mistaken_for_this_one() {
    let served = Served::new(market(&quiet()), false).await;
    let address = served.address;
    let client = served.client(7).pool_source();
    let before = look(&client).await;
    served.stop().await;
    let pools = "profile = \"instant\"\nprice = \"frozen\"\nseed = 42\n[[raydium.pools]]\nbase = \"SOL\"\n\
        quote = \"USDC\"\nbase_reserve = \"1\"\nquote_reserve = \"150\"\nfee_rate = 2500";
    // Lives are told apart by when they began.
    let (clock, entropy) = (TokioClock::starting_at(60_000), Counting::from(1));
    let again = Market::new(&settings(pools), &TokenRegistry::default(), clock, entropy).unwrap();
    let served = Served::at(address, again.clone(), false).await;
    // The first question may still go out on a connection of the old server.
    drop(client.pools(token("SOL"), token("USDC")).await);
    let after = look(&client).await;
    assert_ne!(after.pools, before.pools);
    assert_eq!(after.pools, look(&(again as Arc<dyn PoolSource>)).await.pools);
    served.stop().await;
}
