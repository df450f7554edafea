use std::sync::Arc;

use async_trait::async_trait;
use order_core::audit::LandedTransaction;
use order_core::venue::TxStatus;
use order_ports::contract::fixtures::{quote_request, spec};
use order_ports::contract::ledger as laws;
use order_ports::contract::market::Market;
use order_ports::{LookUpError, VenueLedger};

use super::market::{Break, Pool, pool};

#[async_trait]
impl VenueLedger for Pool {
    async fn landed(&self) -> Result<Vec<LandedTransaction>, LookUpError> {
        let mut landed: Vec<LandedTransaction> = Vec::new();
        for (tx_id, draft, status) in &self.ledger.lock().sends {
            let TxStatus::Landed(fill) = status else {
                if self.at == Break::ListsRejections {
                    let nothing = order_core::amount::Amount::ZERO;
                    let (tx_id, order_id) = (*tx_id, draft.order_id);
                    landed.push(LandedTransaction {
                        tx_id,
                        order_id,
                        slot: 1,
                        amount_in: nothing,
                        amount_out: nothing,
                    });
                }
                continue;
            };
            if self.at == Break::ListsEverySend || landed.iter().all(|known| known.tx_id != *tx_id) {
                landed.push(LandedTransaction {
                    tx_id: *tx_id,
                    order_id: draft.order_id,
                    slot: fill.slot,
                    amount_in: fill.amount_in,
                    amount_out: fill.amount_out,
                });
            }
        }
        if self.at == Break::ListsTheNewestFirst {
            landed.reverse();
        }
        Ok(landed)
    }
}

fn market(at: Break) -> laws::LedgeredMarket {
    let pool = pool(at);
    let market = Market {
        quotes: pool.clone(),
        settlement: pool.clone(),
        request: quote_request(&spec()),
    };
    laws::LedgeredMarket { market, ledger: pool }
}

crate::bites! { market, (), [
    a_ledger_with_rejections: Break::ListsRejections => what_has_not_landed_is_not_in_the_ledger, "left == right";
    a_ledger_with_every_send: Break::ListsEverySend => what_has_landed_is_in_the_ledger_once, "left == right";
    a_ledger_of_the_newest_first: Break::ListsTheNewestFirst => the_ledger_begins_with_the_oldest, "left == right";
] }

mod unbroken {
    use super::{Arc, Break, laws, market};

    async fn fresh() -> Arc<laws::LedgeredMarket> {
        Arc::new(market(Break::Nowhere))
    }

    order_ports::ledger_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
}
