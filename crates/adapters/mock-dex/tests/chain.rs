//! What the chain promises: atomic legs, duplicates, expiry, faults, and no surprise for the same seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::time::Duration;

use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::price::Price;
use order_core::venue::{Draft, TxStatus};
use order_mock_dex::{BLOCKHASH_BLOCKS, FaultSettings};
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use order_ports::{SendError, Settlement};
use support::{built, decided, draft, leg, market, order, quiet, request, settings, venue};

fn faults(json: &str) -> FaultSettings {
    serde_json::from_str(json).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_execute_once_however_many_send_them_at_once() {
    for profile in ["instant", "realistic"] {
        let market = market(&settings(&format!(
            "profile = \"{profile}\"\nprice = \"frozen\"\nseed = 1"
        )));
        let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
        let senders = (0..8).map(|_| {
            let (settlement, transaction) = (market.clone(), transaction.clone());
            tokio::spawn(async move { settlement.send(&transaction).await.unwrap() })
        });
        for sender in senders.collect::<Vec<_>>() {
            sender.await.unwrap();
        }
        decided(&*market, &transaction).await;
        assert_eq!(market.landed_after(0).len(), 1, "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_keeps_duplicates_says_so_and_executes_twice() {
    let market = market(&settings(
        "profile = \"instant\"\nprice = \"frozen\"\nremoves_duplicates = false",
    ));
    let settlement = market.clone();
    assert!(!settlement.removes_duplicates());
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    let first = decided(&*settlement, &transaction).await;
    decided(&*settlement, &transaction).await;
    assert_eq!(market.landed_after(0).len(), 2);
    // What executed is never called refused, though a third time would come too late.
    market.advance(BLOCKHASH_BLOCKS + 1);
    assert!(
        matches!(settlement.send(&transaction).await.unwrap(), TxStatus::Landed(_)),
        "{first:?}"
    );
    assert_eq!(market.landed_after(0).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_lands_after_its_last_valid_block() {
    let market = market(&quiet());
    let settlement = market.clone();
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    market.advance(transaction.last_valid_height - market.height());
    let in_time = built(&market, 2, RAYDIUM, &request("SOL", "USDC", "10")).await;
    assert!(matches!(
        decided(&*settlement, &in_time).await,
        TxStatus::Landed(_)
    ));
    market.advance(1);
    assert_eq!(
        settlement.send(&transaction).await.unwrap(),
        TxStatus::Rejected(VenueError::Expired)
    );
    let TxStatus::NotFound { block_height } =
        settlement.look_up(transaction.id, Duration::ZERO).await.unwrap()
    else {
        panic!("an expired transaction leaves no trace");
    };
    assert!(block_height > transaction.last_valid_height);
    assert_eq!(market.landed_after(0).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_too_late_for_its_blockhash_never_lands() {
    let market = market(&quiet());
    market.set_faults(FaultSettings {
        late_landing_blocks: BLOCKHASH_BLOCKS + 1,
        ..FaultSettings::default()
    });
    let settlement = market.clone();
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    assert_eq!(settlement.send(&transaction).await.unwrap(), TxStatus::Pending);
    market.advance(BLOCKHASH_BLOCKS + 10);
    let status = settlement.look_up(transaction.id, Duration::ZERO).await.unwrap();
    assert!(
        matches!(status, TxStatus::NotFound { block_height } if block_height > transaction.last_valid_height)
    );
    assert!(market.landed_after(0).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_late_transaction_is_out_of_sight_until_it_lands() {
    let market = market(&quiet());
    market.set_faults(faults(r#"{"lateLandingBlocks": 20}"#));
    let settlement = market.clone();
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    settlement.send(&transaction).await.unwrap();
    let sent_at = market.height();
    let early = settlement
        .look_up(transaction.id, Duration::from_secs(2))
        .await
        .unwrap();
    assert!(matches!(early, TxStatus::NotFound { .. }), "{early:?}");
    let TxStatus::Landed(fill) = settlement
        .look_up(transaction.id, Duration::from_secs(60))
        .await
        .unwrap()
    else {
        panic!("it lands in the end");
    };
    assert!(
        (sent_at + 20..=sent_at + 22).contains(&fill.slot),
        "{sent_at} {fill:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_look_up_returns_when_the_transaction_lands_and_not_before_its_block() {
    let market = market(&settings("price = \"frozen\"\nseed = 3"));
    let settlement = market.clone();
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    assert_eq!(settlement.send(&transaction).await.unwrap(), TxStatus::Pending);
    let waiting = tokio::time::Instant::now();
    let status = settlement
        .look_up(transaction.id, Duration::from_secs(60))
        .await
        .unwrap();
    let TxStatus::Landed(fill) = status else {
        panic!("{status:?}")
    };
    assert_eq!(fill.slot, market.height());
    assert!(
        waiting.elapsed() < Duration::from_secs(6),
        "{:?}",
        waiting.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_waits_hears_of_a_transaction_that_arrives_meanwhile() {
    let market = market(&quiet());
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    let (settlement, id) = (market.clone(), transaction.id);
    let waiter = tokio::spawn(async move { settlement.look_up(id, Duration::from_secs(600)).await.unwrap() });
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    market.send(&transaction).await.unwrap();
    assert!(matches!(waiter.await.unwrap(), TxStatus::Landed(_)));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn legs_execute_together_or_not_at_all() {
    let market = market(&quiet());
    let (half, other) = (request("SOL", "USDC", "30"), request("SOL", "USDC", "70"));
    let raydium = venue(&market, RAYDIUM).quote(&half).await.unwrap();
    let meteora = venue(&market, METEORA).quote(&other).await.unwrap();
    let sum = Amount::new(raydium.amount_out.amount.units() + meteora.amount_out.amount.units());
    let legs = vec![
        leg(&raydium.pool, RAYDIUM, &half, raydium.amount_out.amount),
        leg(&meteora.pool, METEORA, &other, meteora.amount_out.amount),
    ];
    let before = format!("{:?}", market.pools());
    let settlement = market.clone();
    let greedy = Draft {
        order_id: order(1),
        legs: legs.clone(),
        min_out: Amount::new(sum.units() + 1),
    };
    let greedy = settlement.build(&greedy).await.unwrap();
    assert_eq!(
        decided(&*settlement, &greedy).await,
        TxStatus::Rejected(VenueError::SlippageExceeded)
    );
    assert_eq!(
        format!("{:?}", market.pools()),
        before,
        "a refused transaction leaves no trace in the pools"
    );

    let fair = settlement
        .build(&Draft {
            order_id: order(1),
            legs,
            min_out: sum,
        })
        .await
        .unwrap();
    let TxStatus::Landed(fill) = decided(&*settlement, &fair).await else {
        panic!("it was fair")
    };
    assert_eq!(
        (fill.amount_in, fill.amount_out),
        (request("SOL", "USDC", "100").amount_in, sum)
    );
    assert_eq!(market.landed_after(0)[0].legs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_hop_spends_whatever_the_first_one_brought() {
    let market = market(&quiet());
    let first = request("RAY", "SOL", "6000");
    let mid = venue(&market, RAYDIUM).quote(&first).await.unwrap();
    let mut second = request("SOL", "USDC", "1");
    second.amount_in = mid.amount_out.amount;
    let last = venue(&market, RAYDIUM).quote(&second).await.unwrap();
    // The route expected a unit more of the token in between than there is.
    second.amount_in = Amount::new(mid.amount_out.amount.units() + 1);
    let draft = Draft {
        order_id: order(1),
        legs: vec![
            leg(&mid.pool, RAYDIUM, &first, mid.amount_out.amount),
            leg(&last.pool, RAYDIUM, &second, last.amount_out.amount),
        ],
        min_out: last.amount_out.amount,
    };
    let settlement = market.clone();
    let transaction = settlement.build(&draft).await.unwrap();
    let TxStatus::Landed(fill) = decided(&*settlement, &transaction).await else {
        panic!("it fits")
    };
    assert_eq!(
        (fill.amount_in, fill.amount_out),
        (first.amount_in, last.amount_out.amount)
    );
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_is_down_says_nothing_and_takes_nothing() {
    let market = market(&quiet());
    let settlement = market.clone();
    let wanted = request("SOL", "USDC", "10");
    let transaction = built(&market, 1, RAYDIUM, &wanted).await;
    market.set_faults(faults(r#"{"down": true}"#));
    assert_eq!(
        venue(&market, METEORA).quote(&wanted).await,
        Err(VenueError::Down)
    );
    assert!(matches!(
        settlement.send(&transaction).await,
        Err(SendError::NotSent(VenueError::Down))
    ));
    assert!(settlement.look_up(transaction.id, Duration::ZERO).await.is_err());
    market.set_faults(FaultSettings::default());
    assert!(matches!(
        decided(&*settlement, &transaction).await,
        TxStatus::Landed(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_hides_an_execution() {
    let market = market(&quiet());
    market.set_faults(faults(r#"{"acceptThenTimeout": 1}"#));
    let settlement = market.clone();
    let transaction = built(&market, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    assert!(matches!(
        settlement.send(&transaction).await,
        Err(SendError::Unknown(_))
    ));
    let status = settlement.look_up(transaction.id, Duration::ZERO).await.unwrap();
    assert!(matches!(status, TxStatus::Landed(_)), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn an_injected_refusal_is_for_good() {
    let market = market(&quiet());
    market.set_faults(faults(r#"{"errorRate": {"rate_limited": "1"}}"#));
    let settlement = market.clone();
    let wanted = request("SOL", "USDC", "10");
    assert_eq!(
        venue(&market, RAYDIUM).quote(&wanted).await,
        Err(VenueError::RateLimited)
    );
    market.set_faults(FaultSettings::default());
    let transaction = built(&market, 1, RAYDIUM, &wanted).await;
    market.set_faults(faults(r#"{"errorRate": {"slippage_exceeded": "1"}}"#));
    let refused = TxStatus::Rejected(VenueError::SlippageExceeded);
    assert_eq!(settlement.send(&transaction).await.unwrap(), refused);
    market.set_faults(FaultSettings::default());
    assert_eq!(decided(&*settlement, &transaction).await, refused);
    assert!(market.landed_after(0).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_transaction_of_another_chain_is_refused() {
    let here = market(&quiet());
    let there = market(&settings("profile = \"instant\"\nprice = \"frozen\"\nseed = 43"));
    let transaction = built(&there, 1, RAYDIUM, &request("SOL", "USDC", "10")).await;
    let status = here.send(&transaction).await.unwrap();
    assert_eq!(status, TxStatus::Rejected(VenueError::BlockhashNotFound));
}

#[tokio::test(start_paused = true)]
async fn the_best_of_a_venues_pools_quotes() {
    let market = market(&quiet());
    let raydium = venue(&market, RAYDIUM);
    let pool = async |amount| {
        raydium
            .quote(&request("SOL", "USDC", amount))
            .await
            .unwrap()
            .pool
            .0
    };
    assert_eq!(
        &*pool("1").await,
        "raydium-sol-usdc-500",
        "a small order saves fees"
    );
    assert_eq!(
        &*pool("2000").await,
        "raydium-sol-usdc-2500",
        "a large one needs depth"
    );
}

#[tokio::test(start_paused = true)]
async fn arbitrage_follows_a_new_price_up_to_the_fee() {
    let market = market(&quiet());
    let price = |text: &str| Price::from_decimal(text.parse().unwrap()).unwrap();
    market
        .set_price("SOL".parse().unwrap(), "USDC".parse().unwrap(), price("153"))
        .unwrap();
    let pools = market.pools();
    let pool = pools
        .iter()
        .find(|pool| &*pool.id.0 == "raydium-sol-usdc-2500")
        .unwrap();
    // The edge of the band is 153·(1 − 0.0025) = 152.6175; what the fee leaves in the pool lifts it a little.
    assert!(
        (price("152.6175")..price("152.63")).contains(&pool.price.unwrap()),
        "{:?}",
        pool.price
    );
    assert!(pool.books.balance());
}

#[tokio::test(start_paused = true)]
async fn drift_makes_a_tight_minimum_fail_in_time() {
    let market = market(&settings("profile = \"instant\"\nseed = 5"));
    let settlement = market.clone();
    let (sell, buy) = (request("SOL", "USDC", "10"), request("USDC", "SOL", "1500"));
    let mut refused = 0;
    for number in 0..40 {
        // After a sell the pool stands at the edge where drift can only hurt a buyer, and the other way round.
        let wanted = if number % 2 == 0 { sell } else { buy };
        let quote = venue(&market, RAYDIUM).quote(&wanted).await.unwrap();
        let strict = settlement
            .build(&draft(number, &wanted, &quote, quote.amount_out.amount))
            .await
            .unwrap();
        market.advance(25);
        match decided(&*settlement, &strict).await {
            TxStatus::Rejected(error) => {
                assert_eq!(error, VenueError::SlippageExceeded);
                refused += 1;
            }
            TxStatus::Landed(fill) => assert!(fill.amount_out >= quote.amount_out.amount),
            other => panic!("{other:?}"),
        }
    }
    assert!((5..=35).contains(&refused), "{refused} of 40");
}

#[tokio::test(start_paused = true)]
async fn a_pool_listed_the_other_way_round_trades_and_follows_the_same_price() {
    let market = market(&settings(
        r#"
        profile = "instant"
        price = "frozen"
        [raydium]
        pools = [{ base = "USDC", quote = "SOL", base_reserve = "150000", quote_reserve = "1000", fee_rate = 2500 }]
        [meteora]
        pools = []
        "#,
    ));
    let raydium = venue(&market, RAYDIUM);
    let quote = raydium.quote(&request("SOL", "USDC", "1")).await.unwrap();
    assert!(quote.price.to_string().starts_with("149."), "{quote:?}");
    let sol = "SOL".parse().unwrap();
    market
        .set_price(
            sol,
            "USDC".parse().unwrap(),
            Price::from_decimal("300".parse().unwrap()).unwrap(),
        )
        .unwrap();
    let quote = raydium.quote(&request("SOL", "USDC", "0.01")).await.unwrap();
    assert!(quote.price.to_string().starts_with("298."), "{quote:?}");
}
