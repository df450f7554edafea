//! Transactions into the pools: under the locks of the pairs they touch, and of no others.

use std::collections::HashMap;
use std::sync::Arc;

use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::venue::TxId;
use parking_lot::{Mutex, MutexGuard};

use super::Market;
use super::directory::{PairSlot, SharedPairMarket};
use super::mempool::Waiting;
use super::trade::{self, Trade};
use crate::chain::{ArbitrageRecord, Known, LandedRecord, LandedTransaction, Record, RejectedRecord};
use crate::pair_market::{PairMarket, Pulled};
use crate::transaction::Transaction;

impl Market {
    /// Lets everything land that is due, and returns the height that was read first.
    pub(super) fn settle(&self) -> u64 {
        let height = self.chain.height();
        self.open_scheduled(height);
        if self.mempool.is_due(height) {
            let mut queue = self.mempool.lock();
            while let Some((block, waiting)) = self.mempool.pop_due(&mut queue, height) {
                self.arrive(block, &waiting);
            }
            self.mempool.note_next(&queue);
        }
        height
    }

    /// A transaction reaches its block.
    fn arrive(&self, block: u64, waiting: &Waiting) {
        let shard = self.ledger.shard(waiting.id);
        let mut known = shard.lock();
        if block <= waiting.transaction.last_valid_height() {
            self.land(&mut known, waiting.id, &waiting.transaction, block);
        } else if matches!(known.get(&waiting.id), Some(Known::Waiting { .. })) {
            known.remove(&waiting.id);
        }
        drop(known);
        shard.changed.notify_waiters();
    }

    /// Executes a transaction in a block and enters what became of it. The caller holds its shard.
    pub(super) fn land(
        &self,
        known: &mut HashMap<TxId, Known>,
        id: TxId,
        transaction: &Transaction,
        slot: u64,
    ) -> Known {
        match self.execute(id, transaction, slot) {
            Ok((landed, position)) => {
                let outcome = Known::Landed {
                    fill: landed.fill(),
                    position,
                };
                self.ledger.note_landed(landed);
                known.insert(id, outcome);
                outcome
            }
            Err(error) => self.refuse(known, id, error, slot),
        }
    }

    /// Enters that these bytes never execute, unless they have: on a chain that keeps duplicates, what landed
    /// once has landed, whatever becomes of it the second time. The caller holds the shard.
    pub(super) fn refuse(
        &self,
        known: &mut HashMap<TxId, Known>,
        id: TxId,
        error: VenueError,
        height: u64,
    ) -> Known {
        if let Some(landed @ Known::Landed { .. }) = known.get(&id) {
            return *landed;
        }
        let position = self.write(|| {
            Record::Rejected(RejectedRecord {
                height,
                tx_hash: id,
                code: error,
            })
        });
        let outcome = Known::Rejected { error, position };
        known.insert(id, outcome);
        outcome
    }

    fn execute(
        &self,
        id: TxId,
        transaction: &Transaction,
        slot: u64,
    ) -> Result<(Arc<LandedTransaction>, u64), VenueError> {
        let places = self.places(transaction)?;
        let shared = self.desks_of(&places);
        let mut pair_markets: Vec<(usize, MutexGuard<'_, PairMarket>)> = shared
            .iter()
            .map(|(number, pair_market)| (*number, pair_market.lock()))
            .collect();
        // Time does not run backwards in the pools, whatever happened there since the slot was chosen.
        let height = pair_markets
            .iter()
            .map(|(_, pair_market)| pair_market.block())
            .fold(slot, u64::max);
        for (_, pair_market) in &mut pair_markets {
            self.move_desk(pair_market, height);
        }
        let find = |place: PairSlot| {
            pair_markets
                .iter()
                .position(|(number, _)| *number == place.pair_market)
        };
        let mut trade = trade::run(transaction, &places, height, |place| {
            find(place)
                .and_then(|position| pair_markets.get(position))
                .map(|(_, pair_market)| &**pair_market)
        })?;
        for touched in std::mem::take(&mut trade.touched) {
            let position = pair_markets
                .iter()
                .position(|(number, _)| *number == touched.place.pair_market);
            if let Some((_, pair_market)) = position.and_then(|position| pair_markets.get_mut(position)) {
                pair_market.pools[touched.place.pool].settle(touched.state, &touched.swaps);
            }
        }
        let landed = Arc::new(landed(id, transaction, slot, trade));
        let position = self.write(|| {
            Record::Landed(LandedRecord {
                height,
                transaction: (*landed).clone(),
            })
        });
        drop(pair_markets);
        self.feed.ring();
        Ok((landed, position))
    }

    fn places(&self, transaction: &Transaction) -> Result<Vec<PairSlot>, VenueError> {
        let place = |pool: &str| self.directory.place(pool).ok_or(VenueError::UnknownToken);
        transaction.legs.iter().map(|leg| place(&leg.pool)).collect()
    }

    /// The desks of these places in the order in which everybody locks them.
    fn desks_of(&self, places: &[PairSlot]) -> Vec<(usize, SharedPairMarket)> {
        let mut numbers: Vec<_> = places.iter().map(|place| place.pair_market).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
            .into_iter()
            .filter_map(|number| Some((number, self.directory.pair_market(number)?)))
            .collect()
    }

    /// Lets time pass at a desk.
    pub(super) fn move_desk(&self, pair_market: &mut PairMarket, height: u64) {
        let pulled = pair_market.move_to(height);
        self.note_arbitrage(pair_market, pulled);
    }

    /// Locks a desk and brings it up to this height.
    pub(super) fn desk_at<'a>(
        &self,
        pair_market: &'a Mutex<PairMarket>,
        height: u64,
    ) -> MutexGuard<'a, PairMarket> {
        let mut pair_market = pair_market.lock();
        self.move_desk(&mut pair_market, height);
        pair_market
    }

    pub(super) fn note_arbitrage(&self, pair_market: &PairMarket, pulled: Vec<Pulled>) {
        for (pool, swap) in pulled {
            self.write(|| {
                Record::Arbitrage(ArbitrageRecord {
                    height: pair_market.block(),
                    pool: pair_market.pools[pool].id.clone(),
                    direction: swap.direction,
                    amount_in: Amount::new(swap.amount_in),
                    amount_out: Amount::new(swap.out),
                })
            });
        }
    }

    /// Appends to the ledger file, where there is one; returns the position to wait for.
    pub(super) fn write(&self, record: impl FnOnce() -> Record) -> u64 {
        self.journal
            .as_ref()
            .map_or(0, |journal| journal.append(&record()))
    }
}

fn landed(id: TxId, transaction: &Transaction, slot: u64, trade: Trade) -> LandedTransaction {
    LandedTransaction {
        tx_hash: id,
        memo: transaction.order_id,
        slot,
        token_in: trade.token_in,
        token_out: trade.token_out,
        amount_in: Amount::new(trade.amount_in),
        amount_out: Amount::new(trade.amount_out),
        legs: trade.legs,
    }
}
