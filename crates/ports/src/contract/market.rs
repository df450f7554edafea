//! The laws of a venue's quotes ([`QuoteSource`]) and of the chain that it settles on ([`Settlement`]).
//!
//! Every law gets a market that nobody else trades in, whose price stands still, and that makes no faults.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use order_core::amount::Amount;
use order_core::failure::{FailureClass, VenueError};
use order_core::price::Price;
use order_core::token::{Token, TokenRegistry};
use order_core::venue::{Draft, Fill, Leg, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus};
use tokio::time::{Instant, timeout};

use super::fixtures::order_id;
use crate::{QuoteSource, SendError, Settlement};

/// A venue, the chain it settles on, and a trade that it can fill at less than a tenth of its depth.
pub struct Market {
    /// The venue's prices.
    pub quotes: Arc<dyn QuoteSource>,
    /// Its chain.
    pub settlement: Arc<dyn Settlement>,
    /// The trade.
    pub request: QuoteRequest,
}

/// Runs every law of a venue and its chain as a test of its own.
///
/// Give it the attribute of the tests and an async function that makes a fresh [`Market`] (or anything that
/// dereferences to one) that stands still, without faults.
///
/// ```ignore
/// async fn fresh() -> Box<Market> { Box::new(Market { quotes, settlement, request }) }
/// order_ports::market_contract!(#[tokio::test] fresh);
/// ```
#[macro_export]
macro_rules! market_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { market, [$(#[$attribute])+], $make, (), [
            // Quotes
            a_quote_is_for_the_whole_size_and_net_of_fees,
            asking_changes_nothing,
            a_quoted_size_is_within_the_capacity,
            a_capacity_is_counted_as_far_as_is_asked,
            more_than_the_capacity_is_refused,
            a_size_too_small_to_pay_out_is_refused,
            a_token_that_is_not_listed_is_refused,
            // Settlement
            building_sends_nothing,
            a_transaction_lands_under_the_id_it_was_built_with,
            a_transaction_pays_out_what_was_quoted,
            transactions_of_different_orders_are_different,
            the_same_bytes_execute_once,
            an_output_below_the_minimum_is_rejected_for_good,
            an_unknown_transaction_is_not_found_at_a_growing_height,
            a_look_up_waits_no_longer_than_it_was_told,
            a_transaction_is_valid_for_some_time,
        ] }
    };
}

const PATIENCE: Duration = Duration::from_secs(60);

/// Never enough, so that everything is counted.
const ALL: Amount = Amount::new(u128::MAX);

impl Market {
    pub(super) async fn quote(&self) -> Quote {
        self.quotes.quote(&self.request).await.unwrap()
    }

    async fn sized(&self, amount_in: Amount) -> Result<Quote, VenueError> {
        self.quotes
            .quote(&QuoteRequest {
                amount_in,
                ..self.request
            })
            .await
    }

    /// A transaction of the `n`-th order that takes this quote and pays out at least `min_out`.
    pub(super) async fn build(&self, n: u32, quote: &Quote, min_out: Amount) -> SignedTransaction {
        let QuoteRequest {
            token_in,
            token_out,
            amount_in,
        } = self.request;
        let leg = Leg {
            venue: quote.venue,
            pool: quote.pool.clone(),
            token_in,
            token_out,
            amount_in,
            amount_out: quote.amount_out.amount,
        };
        let draft = Draft {
            order_id: order_id(n),
            legs: vec![leg],
            min_out,
        };
        self.settlement.build(&draft).await.unwrap()
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> TxStatus {
        self.settlement.look_up(id, wait).await.unwrap()
    }

    /// Asks until the chain has decided.
    pub(super) async fn decided(&self, id: TxId) -> TxStatus {
        let decided = async {
            loop {
                match self.look_up(id, Duration::from_secs(1)).await {
                    decided @ (TxStatus::Landed(_) | TxStatus::Rejected(_)) => return decided,
                    TxStatus::Pending | TxStatus::NotFound { .. } => {}
                }
            }
        };
        timeout(PATIENCE, decided).await.expect("the chain decides")
    }

    pub(super) async fn landed(&self, id: TxId) -> Fill {
        match self.decided(id).await {
            TxStatus::Landed(fill) => fill,
            other => panic!("should have landed, but {other:?}"),
        }
    }

    async fn height(&self, unknown: TxId) -> u64 {
        match self.look_up(unknown, Duration::ZERO).await {
            TxStatus::NotFound { block_height } => block_height,
            other => panic!("nobody sent it, but {other:?}"),
        }
    }
}

pub async fn a_quote_is_for_the_whole_size_and_net_of_fees(market: &Market) {
    let (quote, request) = (market.quote().await, &market.request);
    assert_eq!(quote.venue, market.quotes.venue());
    assert_eq!(
        quote.amount_in,
        request.amount_in.with_decimals(request.token_in.decimals)
    );
    assert_eq!(quote.amount_out.decimals, request.token_out.decimals);
    assert_eq!(quote.fee.decimals, request.token_in.decimals);
    let paid_in_part = !quote.fee.amount.is_zero() && quote.fee.amount < request.amount_in;
    assert!(paid_in_part, "the fee is a part of the input: {quote:?}");
    let (pair, side) = TokenRegistry::default().orient(request.token_in, request.token_out);
    let price = Price::of_trade(&pair, side, request.amount_in, quote.amount_out.amount);
    assert_eq!(price, Ok(quote.price));
}

pub async fn asking_changes_nothing(market: &Market) {
    let first = market.quote().await;
    market
        .quotes
        .capacity(market.request.token_in, market.request.token_out, ALL)
        .await
        .unwrap();
    assert_eq!(market.quote().await, first);
}

pub async fn a_quoted_size_is_within_the_capacity(market: &Market) {
    let QuoteRequest {
        token_in,
        token_out,
        amount_in,
    } = market.request;
    let capacity = market.quotes.capacity(token_in, token_out, ALL).await.unwrap();
    assert!(
        amount_in <= capacity,
        "{amount_in} was quoted, {capacity} is the most"
    );
}

/// Counting may end early, but never below what was asked for while there is room for it.
pub async fn a_capacity_is_counted_as_far_as_is_asked(market: &Market) {
    let QuoteRequest {
        token_in, token_out, ..
    } = market.request;
    let quotes = &market.quotes;
    let all = quotes.capacity(token_in, token_out, ALL).await.unwrap();
    for part in [1, 1_000, u128::MAX] {
        let enough = Amount::new(all.units() / part);
        let counted = quotes.capacity(token_in, token_out, enough).await.unwrap();
        assert!(
            enough <= counted && counted <= all,
            "{enough}: {counted} of {all}"
        );
    }
}

pub async fn more_than_the_capacity_is_refused(market: &Market) {
    let QuoteRequest {
        token_in, token_out, ..
    } = market.request;
    let capacity = market.quotes.capacity(token_in, token_out, ALL).await.unwrap();
    let Some(too_much) = capacity.units().checked_add(1) else {
        return;
    };
    let refused = market.sized(Amount::new(too_much)).await;
    assert!(
        matches!(refused, Err(error) if error.class() == FailureClass::Final),
        "{refused:?}"
    );
}

/// One raw unit does not cover the fee, which is rounded up.
pub async fn a_size_too_small_to_pay_out_is_refused(market: &Market) {
    assert_eq!(market.sized(Amount::new(1)).await, Err(VenueError::ZeroOutput));
}

pub async fn a_token_that_is_not_listed_is_refused(market: &Market) {
    let unlisted = Token {
        symbol: "NOSUCHTOKEN".parse().unwrap(),
        decimals: 3,
    };
    let QuoteRequest { token_in, .. } = market.request;
    for (token_in, token_out) in [(token_in, unlisted), (unlisted, token_in)] {
        let request = QuoteRequest {
            token_in,
            token_out,
            amount_in: market.request.amount_in,
        };
        assert_eq!(market.quotes.quote(&request).await, Err(VenueError::UnknownToken));
        assert_eq!(
            market.quotes.capacity(token_in, token_out, ALL).await,
            Err(VenueError::UnknownToken)
        );
    }
}

pub async fn building_sends_nothing(market: &Market) {
    let quote = market.quote().await;
    let transaction = market.build(1, &quote, Amount::new(1)).await;
    market.height(transaction.id).await;
    assert_eq!(market.quote().await, quote);
}

pub async fn a_transaction_lands_under_the_id_it_was_built_with(market: &Market) {
    let quote = market.quote().await;
    let transaction = market.build(1, &quote, Amount::new(1)).await;
    let sent = market.settlement.send(&transaction).await.unwrap();
    assert!(
        matches!(sent, TxStatus::Pending | TxStatus::Landed(_)),
        "{sent:?}"
    );
    let first = market.look_up(transaction.id, Duration::ZERO).await;
    assert!(
        matches!(first, TxStatus::Pending | TxStatus::Landed(_)),
        "{first:?}"
    );
    let fill = market.landed(transaction.id).await;
    assert_eq!(fill.amount_in, market.request.amount_in);
    // It stays as it is.
    assert_eq!(
        market.look_up(transaction.id, Duration::ZERO).await,
        TxStatus::Landed(fill)
    );
}

pub async fn a_transaction_pays_out_what_was_quoted(market: &Market) {
    let quote = market.quote().await;
    let transaction = market.build(1, &quote, quote.amount_out.amount).await;
    market.settlement.send(&transaction).await.unwrap();
    let fill = market.landed(transaction.id).await;
    assert!(fill.amount_out >= quote.amount_out.amount, "{quote:?} {fill:?}");
}

pub async fn transactions_of_different_orders_are_different(market: &Market) {
    let quote = market.quote().await;
    let one = market.build(1, &quote, Amount::new(1)).await;
    let other = market.build(2, &quote, Amount::new(1)).await;
    assert_ne!(one.id, other.id);
    market.settlement.send(&one).await.unwrap();
    market.landed(one.id).await;
    market.height(other.id).await;
    market.settlement.send(&other).await.unwrap();
    market.landed(other.id).await;
}

pub async fn the_same_bytes_execute_once(market: &Market) {
    if !market.settlement.removes_duplicates() {
        return;
    }
    let quote = market.quote().await;
    let transaction = market.build(1, &quote, Amount::new(1)).await;
    for sent in join_all((0..4).map(|_| market.settlement.send(&transaction))).await {
        assert!(
            matches!(sent, Ok(TxStatus::Pending | TxStatus::Landed(_))),
            "{sent:?}"
        );
    }
    let fill = market.landed(transaction.id).await;
    let moved = market.quote().await;
    assert_ne!(moved.amount_out, quote.amount_out, "a trade moves the price");
    let again = market.settlement.send(&transaction).await;
    assert!(
        matches!(again, Ok(TxStatus::Pending | TxStatus::Landed(_))),
        "{again:?}"
    );
    assert_eq!(market.landed(transaction.id).await, fill);
    assert_eq!(market.quote().await, moved);
}

pub async fn an_output_below_the_minimum_is_rejected_for_good(market: &Market) {
    let quote = market.quote().await;
    let greedy = Amount::new(quote.amount_out.amount.units() * 2);
    let transaction = market.build(1, &quote, greedy).await;
    let rejected = TxStatus::Rejected(VenueError::SlippageExceeded);
    match market.settlement.send(&transaction).await {
        Ok(TxStatus::Pending) => {}
        Ok(status) => assert_eq!(status, rejected),
        Err(SendError::NotSent(error)) => panic!("it was to be sent, but {error}"),
        Err(SendError::Unknown(error)) => panic!("no fault was asked for, but {error}"),
    }
    assert_eq!(market.decided(transaction.id).await, rejected);
    // What was refused once stays refused, however often it is sent.
    market.settlement.send(&transaction).await.unwrap();
    assert_eq!(market.decided(transaction.id).await, rejected);
    assert_eq!(market.quote().await, quote);
}

pub async fn an_unknown_transaction_is_not_found_at_a_growing_height(market: &Market) {
    let unknown = TxId([9; 64]);
    let first = market.height(unknown).await;
    let grown = async {
        let mut height = first;
        while height == first {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let next = market.height(unknown).await;
            assert!(next >= height, "{height} {next}");
            height = next;
        }
    };
    timeout(PATIENCE, grown).await.expect("the chain makes blocks");
}

pub async fn a_look_up_waits_no_longer_than_it_was_told(market: &Market) {
    let began = Instant::now();
    let status = market.look_up(TxId([9; 64]), Duration::from_millis(300)).await;
    assert!(matches!(status, TxStatus::NotFound { .. }), "{status:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

pub async fn a_transaction_is_valid_for_some_time(market: &Market) {
    let quote = market.quote().await;
    let transaction = market.build(1, &quote, Amount::new(1)).await;
    let height = market.height(transaction.id).await;
    assert!(
        transaction.last_valid_height > height,
        "{} {height}",
        transaction.last_valid_height
    );
}
