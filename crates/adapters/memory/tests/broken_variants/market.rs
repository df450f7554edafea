use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::price::Price;
use order_core::token::{Pair, Side, Token};
use order_core::venue::{
    Draft, Fill, PoolId, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus, VenueId,
};
use order_ports::contract::fixtures::{RAYDIUM, quote_request, spec, token};
use order_ports::contract::market as laws;
use order_ports::{LookUpError, QuoteSource, SendError, Settlement};
use parking_lot::Mutex;
use tokio::time::Instant;

/// In which way a market is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    Nowhere,
    HidesItsFee,
    TradesOnAsking,
    QuotesAnything,
    StopsCountingEarly,
    SendsOnBuilding,
    KeepsDuplicates,
    IgnoresTheMinimum,
    ForgetsRejections,
    StandsStill,
    SignsForNobody,
    // The ledger
    ListsTheNewestFirst,
    ListsRejections,
    ListsEverySend,
}

/// One pool of SOL against USDC at a fee of 1 %, and a chain with a block every 400 ms.
pub(crate) struct Pool {
    pub(crate) at: Break,
    began: Instant,
    pub(crate) ledger: Mutex<Ledger>,
}

pub(crate) struct Ledger {
    sol: u128,
    usdc: u128,
    drafts: HashMap<TxId, Draft>,
    decided: HashMap<TxId, TxStatus>,
    /// Each time a transaction was decided or sent again, with what it came to.
    pub(crate) sends: Vec<(TxId, Draft, TxStatus)>,
}

const CAPACITY: u128 = 1 << 60;

fn market(at: Break) -> laws::Market {
    let pool = pool(at);
    laws::Market {
        quotes: pool.clone(),
        settlement: pool,
        request: quote_request(&spec()),
    }
}

pub(crate) fn pool(at: Break) -> Arc<Pool> {
    let (sol, usdc) = (50_000 * 10_u128.pow(9), 7_500_000 * 10_u128.pow(6));
    let ledger = Ledger {
        sol,
        usdc,
        drafts: HashMap::new(),
        decided: HashMap::new(),
        sends: Vec::new(),
    };
    Arc::new(Pool {
        at,
        began: Instant::now(),
        ledger: Mutex::new(ledger),
    })
}

impl Ledger {
    /// What a sale of SOL pays out, and the fee.
    fn output(&self, amount_in: u128) -> Result<(u128, u128), VenueError> {
        let fee = amount_in.div_ceil(100);
        let net = amount_in - fee;
        match net * self.usdc / (self.sol + net) {
            0 => Err(VenueError::ZeroOutput),
            out => Ok((out, fee)),
        }
    }

    fn trade(&mut self, amount_in: u128, out: u128) {
        self.sol += amount_in;
        self.usdc -= out;
    }

    fn execute(&mut self, draft: &Draft, break_at: Break) -> TxStatus {
        let amount_in = draft.legs[0].amount_in;
        match self.output(amount_in.units()) {
            Ok((out, _)) if out >= draft.min_out.units() || break_at == Break::IgnoresTheMinimum => {
                self.trade(amount_in.units(), out);
                TxStatus::Landed(Fill {
                    amount_in,
                    amount_out: Amount::new(out),
                    slot: 1,
                })
            }
            Ok(_) => TxStatus::Rejected(VenueError::SlippageExceeded),
            Err(error) => TxStatus::Rejected(error),
        }
    }
}

impl Pool {
    fn height(&self) -> u64 {
        match self.at {
            Break::StandsStill => 1,
            _ => u64::try_from(self.began.elapsed().as_millis() / 400).unwrap_or(u64::MAX),
        }
    }

    fn listed(token_in: Token, token_out: Token) -> Result<(), VenueError> {
        let known = (token_in, token_out) == (token("SOL"), token("USDC"));
        if known {
            Ok(())
        } else {
            Err(VenueError::UnknownToken)
        }
    }
}

#[async_trait]
impl QuoteSource for Pool {
    fn venue(&self) -> VenueId {
        RAYDIUM
    }

    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, VenueError> {
        let QuoteRequest {
            token_in,
            token_out,
            amount_in,
        } = *request;
        if self.at == Break::QuotesAnything {
            return self.quote_of(amount_in, Amount::new(1), Amount::new(1));
        }
        Self::listed(token_in, token_out)?;
        if amount_in.units() > CAPACITY {
            return Err(VenueError::InsufficientLiquidity);
        }
        let (out, fee) = self.ledger.lock().output(amount_in.units())?;
        if self.at == Break::TradesOnAsking {
            self.ledger.lock().trade(amount_in.units(), out);
        }
        let fee = if self.at == Break::HidesItsFee { 0 } else { fee };
        self.quote_of(amount_in, Amount::new(out), Amount::new(fee))
    }

    async fn capacity(
        &self,
        token_in: Token,
        token_out: Token,
        enough: Amount,
    ) -> Result<Amount, VenueError> {
        Self::listed(token_in, token_out)?;
        let counted = if self.at == Break::StopsCountingEarly {
            enough.units() / 2
        } else {
            CAPACITY
        };
        Ok(Amount::new(counted.min(CAPACITY)))
    }
}

impl Pool {
    fn quote_of(&self, amount_in: Amount, out: Amount, fee: Amount) -> Result<Quote, VenueError> {
        let (base, quote) = (token("SOL"), token("USDC"));
        let price = Price::of_trade(&Pair { base, quote }, Side::Sell, amount_in, out);
        Ok(Quote {
            venue: self.venue(),
            pool: PoolId("the-pool".into()),
            amount_in: amount_in.with_decimals(base.decimals),
            amount_out: out.with_decimals(quote.decimals),
            fee: fee.with_decimals(base.decimals),
            price: price.map_err(|_| VenueError::ZeroOutput)?,
            price_impact_bps: 1,
        })
    }
}

#[async_trait]
impl Settlement for Pool {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        let mut id = [7; 64];
        if self.at != Break::SignsForNobody {
            id[..16].copy_from_slice(draft.order_id.uuid().as_bytes());
        }
        let id = TxId(id);
        let last_valid_height = self.height() + 150;
        self.ledger.lock().drafts.insert(id, draft.clone());
        let transaction = SignedTransaction {
            id,
            bytes: id.0.to_vec(),
            last_valid_height,
        };
        if self.at == Break::SendsOnBuilding {
            drop(self.send(&transaction).await);
        }
        Ok(transaction)
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        let mut ledger = self.ledger.lock();
        let decided = ledger.decided.get(&transaction.id).cloned();
        let executes_again =
            self.at == Break::KeepsDuplicates && matches!(decided, Some(TxStatus::Landed(_)));
        let known = ledger.drafts.get(&transaction.id).cloned();
        let draft = known.ok_or(SendError::NotSent(VenueError::Down))?;
        let status = match decided {
            Some(status) if !executes_again => status,
            Some(_) | None => ledger.execute(&draft, self.at),
        };
        if self.at != Break::ForgetsRejections || matches!(status, TxStatus::Landed(_)) {
            ledger.decided.insert(transaction.id, status.clone());
        }
        ledger.sends.push((transaction.id, draft, status.clone()));
        Ok(status)
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        let block_height = self.height();
        let decided = self.ledger.lock().decided.get(&id).cloned();
        if decided.is_none() {
            tokio::time::sleep(wait).await;
        }
        Ok(decided.unwrap_or(TxStatus::NotFound { block_height }))
    }

    fn removes_duplicates(&self) -> bool {
        true
    }
}

crate::bites! { market, (), [
    a_venue_that_hides_its_fee:
        Break::HidesItsFee => a_quote_is_for_the_whole_size_and_net_of_fees, "the fee is a part of the input";
    a_venue_that_trades_on_asking: Break::TradesOnAsking => asking_changes_nothing, "left == right";
    a_venue_that_quotes_any_size: Break::QuotesAnything => more_than_the_capacity_is_refused, "Ok(Quote";
    a_venue_that_stops_counting_early:
        Break::StopsCountingEarly => a_capacity_is_counted_as_far_as_is_asked, "of";
    a_venue_that_quotes_dust: Break::QuotesAnything => a_size_too_small_to_pay_out_is_refused, "left == right";
    a_venue_that_quotes_any_token: Break::QuotesAnything => a_token_that_is_not_listed_is_refused, "left == right";
    a_chain_that_sends_on_building: Break::SendsOnBuilding => building_sends_nothing, "nobody sent it";
    a_chain_that_keeps_duplicates: Break::KeepsDuplicates => the_same_bytes_execute_once, "left == right";
    a_chain_that_ignores_the_minimum:
        Break::IgnoresTheMinimum => an_output_below_the_minimum_is_rejected_for_good, "left == right";
    a_chain_that_forgets_rejections:
        Break::ForgetsRejections => an_output_below_the_minimum_is_rejected_for_good, "the chain decides";
    a_chain_that_stands_still:
        Break::StandsStill => an_unknown_transaction_is_not_found_at_a_growing_height, "makes blocks";
    a_chain_that_signs_for_nobody:
        Break::SignsForNobody => transactions_of_different_orders_are_different, "left != right";
] }

mod unbroken {
    use super::{Break, laws, market};

    async fn fresh() -> Box<laws::Market> {
        Box::new(market(Break::Nowhere))
    }

    order_ports::market_contract!(
        #[tokio::test(start_paused = true)]
        fresh
    );
}
