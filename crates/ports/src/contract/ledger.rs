//! The laws of the chain's ledger: it shows what has landed, and nothing else.
//!
//! Every law gets a market as [`super::market`] describes it, in which nothing has been traded yet.

use std::sync::Arc;

use order_core::amount::Amount;
use order_core::audit::LandedTransaction;

use super::fixtures::order_id;
use super::market::Market;
use crate::VenueLedger;

/// A market and the ledger of its chain.
pub struct LedgeredMarket {
    /// The market.
    pub market: Market,
    /// The ledger.
    pub ledger: Arc<dyn VenueLedger>,
}

/// Runs every law of the ledger as a test of its own; to be used as [`market_contract!`](crate::market_contract),
/// with a function that makes a [`LedgeredMarket`](crate::contract::ledger::LedgeredMarket).
#[macro_export]
macro_rules! ledger_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { ledger, [$(#[$attribute])+], $make, (), [
            what_has_not_landed_is_not_in_the_ledger,
            what_has_landed_is_in_the_ledger_once,
            the_ledger_begins_with_the_oldest,
        ] }
    };
}

impl LedgeredMarket {
    async fn landed(&self) -> Vec<LandedTransaction> {
        self.ledger.landed().await.unwrap()
    }

    /// Lets a transaction of the `n`-th order land, and says what the ledger must show of it.
    async fn trade(&self, n: u32) -> LandedTransaction {
        let quote = self.market.quote().await;
        let transaction = self.market.build(n, &quote, Amount::new(1)).await;
        self.market.settlement.send(&transaction).await.unwrap();
        let fill = self.market.landed(transaction.id).await;
        if self.market.settlement.removes_duplicates() {
            self.market.settlement.send(&transaction).await.unwrap();
            self.market.landed(transaction.id).await;
        }
        LandedTransaction {
            tx_id: transaction.id,
            order_id: order_id(n),
            slot: fill.slot,
            amount_in: fill.amount_in,
            amount_out: fill.amount_out,
        }
    }
}

pub async fn what_has_not_landed_is_not_in_the_ledger(subject: &LedgeredMarket) {
    assert_eq!(subject.landed().await, []);
    let quote = subject.market.quote().await;
    subject.market.build(1, &quote, Amount::new(1)).await;
    let greedy = Amount::new(quote.amount_out.amount.units() * 2);
    let rejected = subject.market.build(2, &quote, greedy).await;
    subject.market.settlement.send(&rejected).await.unwrap();
    subject.market.decided(rejected.id).await;
    assert_eq!(subject.landed().await, []);
}

pub async fn what_has_landed_is_in_the_ledger_once(subject: &LedgeredMarket) {
    let landed = subject.trade(1).await;
    assert_eq!(subject.landed().await, [landed]);
}

pub async fn the_ledger_begins_with_the_oldest(subject: &LedgeredMarket) {
    let mut landed = Vec::new();
    for n in [2, 1, 3] {
        landed.push(subject.trade(n).await);
    }
    assert_eq!(subject.landed().await, landed);
}
