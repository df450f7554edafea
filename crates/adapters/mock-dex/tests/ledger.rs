//! The laws of the ledger: of the market in this process, of one that is served, and of a ledger file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::io::Write;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use order_core::token::TokenRegistry;
use order_mock_dex::{LedgerFile, Market, OpenError};
use order_ports::VenueLedger;
use order_ports::contract::fixtures::{METEORA, RAYDIUM};
use order_ports::contract::ledger::LedgeredMarket;
use support::served::Served;
use support::{Counting, TokioClock, market, quiet, request, venue};

/// A market with its ledger, and what must live as long.
struct Subject<T> {
    subject: LedgeredMarket,
    _alive: T,
}

impl<T> Deref for Subject<T> {
    type Target = LedgeredMarket;

    fn deref(&self) -> &LedgeredMarket {
        &self.subject
    }
}

fn of(market: &Arc<Market>, ledger: Arc<dyn VenueLedger>) -> LedgeredMarket {
    LedgeredMarket {
        market: order_ports::contract::market::Market {
            quotes: venue(market, RAYDIUM),
            settlement: market.clone(),
            request: request("SOL", "USDC", "10"),
        },
        ledger,
    }
}

fn in_file(path: &Path) -> Arc<Market> {
    let (clock, entropy) = (TokioClock::starting_at(0), Counting::from(1));
    Market::open(&quiet(), &TokenRegistry::default(), clock, entropy, path).unwrap()
}

mod local {
    use super::*;

    async fn verified_signatures() -> Subject<()> {
        let market = market(&quiet());
        let ledger = market.clone();
        Subject {
            subject: of(&market, ledger),
            _alive: (),
        }
    }

    order_ports::ledger_contract!(
        #[tokio::test]
        verified_signatures
    );
}

mod remote {
    use super::*;

    async fn verified_signatures() -> Subject<Served> {
        let market = market(&quiet());
        let served = Served::new(Arc::clone(&market), false).await;
        let ledger = served.client(7).venue_ledger();
        Subject {
            subject: of(&market, ledger),
            _alive: served,
        }
    }

    order_ports::ledger_contract!(
        #[tokio::test]
        verified_signatures
    );
}

mod file {
    use super::*;

    async fn verified_signatures() -> Subject<tempfile::TempDir> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let ledger = Arc::new(LedgerFile::new(&path));
        Subject {
            subject: of(&in_file(&path), ledger),
            _alive: folder,
        }
    }

    order_ports::ledger_contract!(
        #[tokio::test]
        verified_signatures
    );
}

#[tokio::test]
async fn reading_a_ledger_file_leaves_half_a_line_to_whoever_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let market = in_file(&path);
    let transaction = support::built(&market, 1, RAYDIUM, &request("SOL", "USDC", "1")).await;
    support::decided(&*market, &transaction).await;
    market.flush().await.unwrap();
    let mut writer = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    writer.write_all(b"{\"landed\":{\"heig").unwrap();
    let before = std::fs::read(&path).unwrap();
    let landed = LedgerFile::new(&path).landed().await.unwrap();
    assert_eq!(landed, market.landed().await.unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_ledger_file_that_is_not_there_is_an_error_and_no_empty_ledger() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        LedgerFile::new(folder.path().join("none"))
            .landed()
            .await
            .is_err()
    );
}

fn opened(path: &Path) -> Result<Arc<Market>, OpenError> {
    let (clock, entropy) = (TokioClock::starting_at(0), Counting::from(1));
    Market::open(&quiet(), &TokenRegistry::default(), clock, entropy, path)
}

#[tokio::test]
async fn a_file_that_is_no_ledger_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    for text in ["all my notes\n", "all my notes", "{\"name\":\"x\"}\n", "\n"] {
        std::fs::write(&path, text).unwrap();
        let refused = opened(&path).err().map(|error| error.to_string());
        assert!(
            refused.is_some_and(|message| message.contains("is no ledger")),
            "{text:?}"
        );
        assert!(LedgerFile::new(&path).landed().await.is_err(), "{text:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn a_ledger_that_was_torn_in_its_first_line_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    for torn in ["", "{\"genesis\":{\"version\":1,\"se", "{\"gen\0\0\0"] {
        std::fs::write(&path, torn).unwrap();
        let market = opened(&path).unwrap();
        market.flush().await.unwrap();
        drop(market);
        assert_eq!(LedgerFile::new(&path).landed().await.unwrap(), [], "{torn:?}");
    }
}

#[tokio::test]
async fn a_ledger_belongs_to_one_market_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let first = in_file(&path);
    first.flush().await.unwrap();
    let refused = opened(&path).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|message| message.contains("in use by another process")));
    // Reading is nobody's privilege, and the file is free again when its market is gone.
    assert_eq!(LedgerFile::new(&path).landed().await.unwrap(), []);
    drop(first);
    assert!(opened(&path).is_ok());
}

/// A ledger that an earlier version wrote.
const EARLIER: &[u8] = include_bytes!("fixtures/market.ledger");

#[tokio::test]
async fn the_ledger_of_an_earlier_version_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    std::fs::write(&path, EARLIER).unwrap();
    let landed = LedgerFile::new(&path).landed().await.unwrap();
    assert_eq!(landed.len(), 13);
    let market = opened(&path).unwrap();
    assert_eq!(market.pools().len(), 19);
    assert!(market.pools().iter().all(|pool| pool.books.balance()));
    let transaction = support::built(&market, 1, METEORA, &request("SOL", "USDC", "1")).await;
    support::decided(&*market, &transaction).await;
    market.flush().await.unwrap();
    assert_eq!(market.landed().await.unwrap()[..13], landed);
    // What it writes now looks like what was written then.
    let written = std::fs::read(&path).unwrap();
    assert!(written.starts_with(EARLIER));
    let last = written.trim_ascii_end().split(|byte| *byte == b'\n').next_back();
    let last: serde_json::Value = serde_json::from_slice(last.unwrap()).unwrap();
    assert_eq!(last["landed"]["transaction"]["legs"][0]["venue"], "Meteora");
}
