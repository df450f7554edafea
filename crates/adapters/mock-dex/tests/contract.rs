//! The laws of quotes and settlement on the market in this process: with every latency, at both venues.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use order_core::venue::VenueId;
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use order_ports::contract::market::Market;
use support::served::Remote;
use support::{market, quiet, request, settings, venue};

/// 250 SOL are more than the active bin takes, so the trade moves the price at both venues.
fn subject(settings: &order_mock_dex::MarketSettings, at: VenueId) -> Box<Market> {
    let market = market(settings);
    Box::new(Market {
        quotes: venue(&market, at),
        settlement: market.clone(),
        request: request("SOL", "USDC", "250"),
    })
}

mod instant_raydium {
    use super::*;

    async fn verified_signatures() -> Box<Market> {
        subject(&quiet(), RAYDIUM)
    }

    order_ports::market_contract!(
        #[tokio::test(start_paused = true)]
        verified_signatures
    );
}

mod instant_meteora {
    use super::*;

    async fn verified_signatures() -> Box<Market> {
        subject(&quiet(), METEORA)
    }

    order_ports::market_contract!(
        #[tokio::test(start_paused = true)]
        verified_signatures
    );
}

mod realistic_raydium {
    use super::*;

    async fn verified_signatures() -> Box<Market> {
        subject(
            &settings("profile = \"realistic\"\nprice = \"frozen\"\nseed = 1"),
            RAYDIUM,
        )
    }

    order_ports::market_contract!(
        #[tokio::test(start_paused = true)]
        verified_signatures
    );
}

mod seed_meteora {
    use super::*;

    async fn verified_signatures() -> Box<Market> {
        subject(
            &settings("profile = \"seed\"\nprice = \"frozen\"\nseed = 1"),
            METEORA,
        )
    }

    order_ports::market_contract!(
        #[tokio::test(start_paused = true)]
        verified_signatures
    );
}

async fn remote(settings: &order_mock_dex::MarketSettings, at: VenueId) -> Box<Remote<Market>> {
    Remote::new(market(settings), |client| Market {
        quotes: client.quote_sources([at]).remove(0),
        settlement: client.settlement(),
        request: request("SOL", "USDC", "250"),
    })
    .await
}

mod remote_raydium {
    use super::*;

    async fn verified_signatures() -> Box<Remote<Market>> {
        remote(&quiet(), RAYDIUM).await
    }

    order_ports::market_contract!(
        #[tokio::test]
        verified_signatures
    );
}

mod remote_meteora {
    use super::*;

    async fn verified_signatures() -> Box<Remote<Market>> {
        remote(&quiet(), METEORA).await
    }

    order_ports::market_contract!(
        #[tokio::test]
        verified_signatures
    );
}

mod remote_realistic {
    use super::*;

    async fn verified_signatures() -> Box<Remote<Market>> {
        remote(
            &settings("profile = \"realistic\"\nprice = \"frozen\"\nseed = 1"),
            RAYDIUM,
        )
        .await
    }

    order_ports::market_contract!(
        #[tokio::test]
        verified_signatures
    );
}
