//! A market that forgets what nobody asks about any more, and never too early.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::time::Duration;

use order_core::failure::VenueError;
use order_core::venue::TxStatus;
use order_mock_dex::BLOCKHASH_BLOCKS;
use order_ports::Settlement;
use order_ports::contract::fixtures::RAYDIUM;
use support::{built, decided, market, quiet, request, settings};

#[tokio::test(start_paused = true)]
async fn however_much_is_executed_what_is_forgotten_takes_no_room() {
    let market = market(&quiet());
    let settlement = market.clone();
    for number in 1..=500 {
        let transaction = built(&market, number, RAYDIUM, &request("SOL", "USDC", "0.01")).await;
        assert!(matches!(
            decided(&*settlement, &transaction).await,
            TxStatus::Landed(_)
        ));
        market.forget(&[transaction.id]);
        market.advance(10);
        let landed = u64::try_from(market.landed_after(0).len()).unwrap();
        assert!(landed <= BLOCKHASH_BLOCKS / 10 + 2, "{number}: {landed}");
    }
}

/// Bytes that are sent once more, by whoever still has them, must be known until no block can take them.
#[tokio::test(start_paused = true)]
async fn a_forgotten_transaction_never_executes_again() {
    let market = market(&quiet());
    let settlement = market.clone();
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "1")).await;
    decided(&*settlement, &transaction).await;
    market.forget(&[transaction.id]);
    for _ in 0..=BLOCKHASH_BLOCKS {
        market.forget(&[]);
        let again = settlement.send(&transaction).await.unwrap();
        assert!(matches!(again, TxStatus::Landed(_)), "{again:?}");
        assert_eq!(market.landed_after(0).len(), 1);
        market.advance(1);
    }
    market.forget(&[]);
    let again = settlement.send(&transaction).await.unwrap();
    assert_eq!(again, TxStatus::Rejected(VenueError::Expired));
    assert!(market.landed_after(0).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_lands_though_its_order_is_forgotten() {
    let market = market(&settings("profile = \"realistic\"\nprice = \"frozen\"\nseed = 1"));
    let settlement = market.clone();
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "1")).await;
    assert_eq!(settlement.send(&transaction).await.unwrap(), TxStatus::Pending);
    market.forget(&[transaction.id]);
    let status = settlement.look_up(transaction.id, Duration::from_secs(60)).await;
    assert!(matches!(status.unwrap(), TxStatus::Landed(_)));
}

#[tokio::test(start_paused = true)]
async fn of_a_chain_that_keeps_duplicates_all_of_them_are_forgotten() {
    let market = market(&settings(
        "profile = \"instant\"\nprice = \"frozen\"\nremoves_duplicates = false",
    ));
    let settlement = market.clone();
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "1")).await;
    decided(&*settlement, &transaction).await;
    decided(&*settlement, &transaction).await;
    market.forget(&[transaction.id]);
    market.advance(BLOCKHASH_BLOCKS + 1);
    market.forget(&[]);
    assert!(market.landed_after(0).is_empty());
}
