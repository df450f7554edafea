//! Random trading: the books balance to the unit, and the same seed gives the same history.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use order_core::amount::Amount;
use order_core::token::TokenRegistry;
use order_core::venue::{QuoteRequest, TxStatus};
use order_mock_dex::{Market, MarketSettings};
use order_ports::Settlement;
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::{Counting, TokioClock, decided, draft, settings, token, venue};

const PAIRS: [(&str, &str); 6] = [
    ("SOL", "USDC"),
    ("ETH", "USDC"),
    ("RAY", "SOL"),
    ("BONK", "USDC"),
    ("USDT", "USDC"),
    ("JUP", "SOL"),
];

/// A random trade, of anything between dust and a good part of a pool.
fn random_request(rng: &mut ChaCha8Rng) -> QuoteRequest {
    let (base, quote) = PAIRS[rng.random_range(0..PAIRS.len())];
    let (token_in, token_out) = if rng.random() {
        (base, quote)
    } else {
        (quote, base)
    };
    let token_in = token(token_in);
    let digits = rng.random_range(1..u32::from(token_in.decimals) + 4);
    let amount_in = Amount::new(rng.random_range(1..10u128.pow(digits)));
    QuoteRequest {
        token_in,
        token_out: token(token_out),
        amount_in,
    }
}

/// Trades; returns how many trades executed.
async fn trade(market: &Arc<Market>, seed: u64, trades: u32) -> u32 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let settlement = market.clone();
    let mut executed = 0;
    for number in 0..trades {
        let request = random_request(&mut rng);
        let at = [METEORA, RAYDIUM][rng.random_range(0..2)];
        let patience = rng.random_range(0..4);
        if let Ok(quote) = venue(market, at).quote(&request).await {
            let transaction = settlement
                .build(&draft(number, &request, &quote, quote.amount_out.amount))
                .await;
            market.advance(patience);
            let status = decided(&*settlement, &transaction.unwrap()).await;
            executed += u32::from(matches!(status, TxStatus::Landed(_)));
        }
    }
    executed
}

fn unbalanced(market: &Market) -> Vec<String> {
    let books = market.books();
    books
        .into_iter()
        .filter(|(_, books)| !books.balance())
        .map(|(id, _)| id.0.into())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_books_balance_after_a_thousand_swaps() {
    for (seed, price) in [(1, "drifting"), (2, "frozen")] {
        let market = support::market(&settings(&format!(
            "profile = \"instant\"\nprice = \"{price}\"\nseed = {seed}"
        )));
        let executed = trade(&market, seed, 1_500).await;
        assert!(
            executed >= 1_000 || price == "drifting" && executed >= 500,
            "{price}: {executed}"
        );
        assert_eq!(unbalanced(&market), Vec::<String>::new());
        assert_eq!(market.landed_after(0).len(), usize::try_from(executed).unwrap());
        let fees = market
            .books()
            .iter()
            .filter(|(_, books)| books.fees.base > 0 || books.fees.quote > 0)
            .count();
        assert!(fees > 5, "fees leave the pools, or the check checks nothing");
    }
}

fn open(settings: &MarketSettings, path: &Path) -> Arc<Market> {
    let clock = TokioClock::starting_at(1_000_000);
    Market::open(
        settings,
        &TokenRegistry::default(),
        clock,
        Counting::from(9),
        path,
    )
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_writes_the_same_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = "[faults]\nerror_rate = { slippage_exceeded = \"0.1\", node_behind = \"0.05\" }";
    for profile in ["instant", "realistic"] {
        let ledger = async |seed: u64, name: &str| {
            let path = folder.path().join(format!("{profile}-{name}"));
            let market = open(
                &settings(&format!("profile = \"{profile}\"\nseed = {seed}\n{faulty}")),
                &path,
            );
            // Builds may be refused here too: only what was built is traded.
            let mut rng = ChaCha8Rng::seed_from_u64(4);
            for number in 0..60 {
                let request = random_request(&mut rng);
                let Ok(quote) = venue(&market, RAYDIUM).quote(&request).await else {
                    continue;
                };
                let draft = draft(number, &request, &quote, Amount::new(1));
                let Ok(transaction) = market.build(&draft).await else {
                    continue;
                };
                decided(&*market, &transaction).await;
            }
            market.flush().await.unwrap();
            std::fs::read(&path).unwrap()
        };
        let (first, again, other) = (ledger(7, "a").await, ledger(7, "b").await, ledger(8, "c").await);
        assert!(first.len() > 20_000, "{}", first.len());
        assert!(first == again, "the same seed took another way");
        assert!(first != other, "another seed took the same way");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restarted_market_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let settings = settings("profile = \"instant\"\nseed = 11");
    let market = open(&settings, &path);
    trade(&market, 3, 200).await;
    let sol = "SOL".parse().unwrap();
    let price = order_core::price::Price::from_decimal("161".parse().unwrap()).unwrap();
    market.set_price(sol, "USDC".parse().unwrap(), price).unwrap();
    market.advance(1_000);
    let settlement = market.clone();
    let request = support::request("SOL", "USDC", "3");
    let quote = venue(&market, METEORA).quote(&request).await.unwrap();
    let landed = settlement
        .build(&draft(900, &request, &quote, Amount::new(1)))
        .await
        .unwrap();
    let status = decided(&*settlement, &landed).await;
    let greedy = settlement
        .build(&draft(901, &request, &quote, Amount::new(u128::MAX)))
        .await
        .unwrap();
    let refused = decided(&*settlement, &greedy).await;
    let (pools, ledger, height) = (
        format!("{:?}", states(&market)),
        market.landed_after(0),
        market.height(),
    );
    drop((market, settlement));

    // Half a line, as a crash leaves it.
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, b"{\"landed\":{\"height\":12").unwrap();
    let market = open(&settings, &path);
    assert!(market.height() >= height, "{} {height}", market.height());
    assert_eq!(format!("{:?}", states(&market)), pools);
    assert_eq!(market.landed_after(0), ledger);
    // What was decided stays decided, and the same bytes still execute once.
    let settlement = market.clone();
    assert_eq!(settlement.send(&landed).await.unwrap(), status);
    assert_eq!(settlement.send(&greedy).await.unwrap(), refused);
    assert_eq!(market.landed_after(0).len(), ledger.len());
    trade(&market, 5, 50).await;
    drop((market, settlement));
    let market = open(&settings, &path);
    assert!(market.landed_after(0).len() > ledger.len());
}

/// Everything that is known of the pools.
fn states(market: &Market) -> Vec<String> {
    market
        .pools()
        .iter()
        .map(|pool| format!("{:?} {:?} {:?}", pool.id, pool.state, pool.books))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_damaged_ledger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let settings = settings("profile = \"instant\"\nseed = 11");
    let market = open(&settings, &path);
    trade(&market, 3, 30).await;
    drop(market);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let broken = lines.len() / 2;
    let try_with = |line: &str| {
        let mut lines = lines.clone();
        lines[broken] = line;
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        let clock = TokioClock::starting_at(1_000_000);
        Market::open(
            &settings,
            &TokenRegistry::default(),
            clock,
            Counting::from(9),
            &path,
        )
        .unwrap_err()
        .to_string()
    };
    assert!(try_with("{\"landed\":").contains(&format!("line {} ", broken + 1)));
    let first_swap = lines.iter().find(|line| line.starts_with("{\"landed\"")).unwrap();
    assert!(
        try_with(first_swap).contains("does not follow"),
        "a swap that happens twice changes what comes after"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_leaves_books_that_balance_and_a_ledger_that_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    for (profile, trades) in [("instant", 100), ("realistic", 5)] {
        let path = folder.path().join(profile);
        let settings = settings(&format!("profile = \"{profile}\"\nseed = 11"));
        let market = open(&settings, &path);
        let traders = (0..8).map(|trader| {
            let market = market.clone();
            tokio::spawn(async move {
                let mut rng = ChaCha8Rng::seed_from_u64(trader);
                let settlement = market.clone();
                for number in 0..trades {
                    let request = random_request(&mut rng);
                    let at = [METEORA, RAYDIUM][rng.random_range(0..2)];
                    let Ok(quote) = venue(&market, at).quote(&request).await else {
                        continue;
                    };
                    let draft = draft(number, &request, &quote, Amount::new(1));
                    let transaction = settlement.build(&draft).await.unwrap();
                    // Twice at once: the chain has to notice.
                    let sent = tokio::join!(settlement.send(&transaction), settlement.send(&transaction));
                    market.advance(rng.random_range(0..3));
                    assert!(sent.0.is_ok() && sent.1.is_ok(), "{sent:?}");
                }
            })
        });
        for trader in traders.collect::<Vec<_>>() {
            trader.await.unwrap();
        }
        market.advance(20);
        assert_eq!(unbalanced(&market), Vec::<String>::new());
        let mut landed: Vec<_> = market
            .landed_after(0)
            .iter()
            .map(|landed| landed.tx_hash)
            .collect();
        let all = landed.len();
        landed.sort();
        landed.dedup();
        assert!(
            landed.len() == all && all > 15,
            "{profile}: {all} landings of {} transactions",
            landed.len()
        );
        market.flush().await.unwrap();
        let then = states(&market);
        drop(market);
        let frozen = MarketSettings {
            price: order_mock_dex::settings::PriceMode::Frozen,
            ..settings
        };
        assert_eq!(states(&open(&frozen, &path)), then);
    }
}
