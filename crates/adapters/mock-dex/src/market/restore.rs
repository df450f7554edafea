//! A market out of nothing, or out of its ledger file.

use std::path::Path;
use std::sync::Arc;

use order_core::amm::{CurveKind, Direction};
use order_core::price::Price;
use order_core::token::{Symbol, TokenRegistry};
use order_core::venue::{PoolId, VenueId};
use order_ports::{Clock, Entropy};

use super::Market;
use super::directory::Directory;
use super::feed::Feed;
use super::mempool::Mempool;
use super::schedule::Schedule;
use crate::chain::{
    ArbitrageRecord, BLOCK_MS, Chain, Genesis, Journal, JournalError, Known, LandedRecord, Ledger, Record,
    seconds,
};
use crate::faults::Faults;
use crate::pool::{ListedPool, Opening};
use crate::rng::{self, SeededRng};
use crate::settings::{MarketSettings, PlannedPool, PriceMode, SettingsError};
use crate::transaction::Wallet;
use crate::verified_signatures::VerifiedSignatures;

/// Why a market cannot open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its ledger file is.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The first block of a fresh chain.
const FIRST_BLOCK: u64 = 1;

/// The past of a market.
struct Past {
    genesis: Genesis,
    directory: Directory,
    ledger: Ledger,
    height: u64,
    advanced: u64,
}

impl Past {
    fn new(genesis: Genesis, tokens: &TokenRegistry, drifting: bool) -> Self {
        let directory = Directory::new(tokens.clone(), genesis.seed, drifting);
        Self {
            genesis,
            directory,
            ledger: Ledger::new(),
            height: FIRST_BLOCK,
            advanced: 0,
        }
    }

    /// Does again what a record says was done.
    fn replay(&mut self, record: Record) -> Result<(), String> {
        self.height = self.height.max(record.height());
        match record {
            Record::Genesis(_) => Err("a second beginning".into()),
            Record::Opened { height, pool } => self.replay_opening(pool, height),
            Record::Arbitrage(record) => self.replay_arbitrage(&record),
            Record::Price {
                height,
                base,
                quote,
                price,
            } => self.replay_price((base, quote), price, height),
            Record::Advanced { blocks, .. } => {
                self.advanced = self.advanced.saturating_add(blocks);
                Ok(())
            }
            Record::Landed(record) => self.replay_landing(record),
            Record::Rejected(record) => {
                let rejected = Known::Rejected {
                    error: record.code,
                    position: 0,
                };
                self.ledger
                    .shard(record.tx_hash)
                    .lock()
                    .insert(record.tx_hash, rejected);
                Ok(())
            }
        }
    }

    fn replay_opening(&self, pool: Opening, height: u64) -> Result<(), String> {
        let pool = ListedPool::reopen(pool).map_err(|error| error.to_string())?;
        if self.directory.list(pool, height, |_, _| ()) {
            Ok(())
        } else {
            Err("that pool is open already".into())
        }
    }

    fn replay_arbitrage(&self, record: &ArbitrageRecord) -> Result<(), String> {
        let amounts = (record.amount_in.units(), record.amount_out.units());
        self.replay_swap(&record.pool, |_| Some(record.direction), amounts, record.height)
    }

    fn replay_landing(&self, record: LandedRecord) -> Result<(), String> {
        let landed = Arc::new(record.transaction);
        for leg in &landed.legs {
            let direction = |pool: &ListedPool| pool.direction(leg.token_in, leg.token_out);
            let amounts = (leg.amount_in.units(), leg.amount_out.units());
            self.replay_swap(&leg.pool, direction, amounts, record.height)?;
        }
        let known = Known::Landed {
            fill: landed.fill(),
            position: 0,
        };
        self.ledger
            .shard(landed.tx_hash)
            .lock()
            .insert(landed.tx_hash, known);
        self.ledger.note_landed(landed);
        Ok(())
    }

    fn replay_swap(
        &self,
        pool: &PoolId,
        direction: impl FnOnce(&ListedPool) -> Option<Direction>,
        (amount_in, amount_out): (u128, u128),
        height: u64,
    ) -> Result<(), String> {
        let (pair_market, index) = self
            .directory
            .place_of(pool)
            .ok_or_else(|| format!("no pool {}", pool.0))?;
        let mut pair_market = pair_market.lock();
        pair_market.resume_at(height);
        let pool = &mut pair_market.pools[index];
        let direction = direction(pool).ok_or("the pool trades other tokens")?;
        let swap = pool
            .swap(direction, amount_in, seconds(height))
            .map_err(|error| error.to_string())?;
        if swap.out == amount_out {
            Ok(())
        } else {
            Err(format!("{} came out, now {}", amount_out, swap.out))
        }
    }

    fn replay_price(&self, (base, quote): (Symbol, Symbol), price: Price, height: u64) -> Result<(), String> {
        let token = |symbol| {
            self.directory
                .tokens()
                .get(symbol)
                .ok_or_else(|| format!("no token {symbol}"))
        };
        let pair_market = self
            .directory
            .desk_of(token(base)?, token(quote)?)
            .ok_or("no such pair")?;
        pair_market.lock().restore_world_price(price, height);
        Ok(())
    }
}

impl Market {
    /// A fresh market in memory.
    ///
    /// # Errors
    /// [`SettingsError`] with every mistake in the settings.
    pub fn new(
        settings: &MarketSettings,
        tokens: &TokenRegistry,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<Self>, SettingsError> {
        let planned = settings.open_venues(tokens)?;
        let (pools, later) = open_from_the_start(planned.pools);
        let past = Past::new(genesis(settings, &*clock, &*entropy), tokens, drifting(settings));
        for pool in pools {
            past.directory.list(pool, FIRST_BLOCK, |_, _| ());
        }
        Ok(Arc::new(Self::start(
            settings,
            planned.venues,
            past,
            later,
            None,
            clock,
        )))
    }

    /// The market of a ledger file: as it was left, or a fresh one if there is no file yet. What the file
    /// says of pools and seed goes before the settings. Reads and writes files; to be called at start-up.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        settings: &MarketSettings,
        tokens: &TokenRegistry,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        path: &Path,
    ) -> Result<Arc<Self>, OpenError> {
        let planned = settings.open_venues(tokens)?;
        let (pools, later) = open_from_the_start(planned.pools);
        let mut past: Option<Past> = None;
        let journal = Journal::open(path, |record| match (&mut past, record) {
            (None, Record::Genesis(genesis)) if genesis.version != Genesis::VERSION => Err(format!(
                "version {} of the format, this is {}",
                genesis.version,
                Genesis::VERSION
            )),
            (None, Record::Genesis(genesis)) => {
                past = Some(Past::new(genesis, tokens, drifting(settings)));
                Ok(())
            }
            (None, _) => Err("the beginning is missing".into()),
            (Some(past), record) => past.replay(record),
        })?;
        if past.is_some() {
            tracing::info!(ledger = %path.display(), "the market goes on with the pools and the seed of its ledger");
        }
        let past = past.unwrap_or_else(|| {
            let past = Past::new(genesis(settings, &*clock, &*entropy), tokens, drifting(settings));
            journal.append(&Record::Genesis(past.genesis.clone()));
            for pool in pools {
                past.directory.list(pool, FIRST_BLOCK, |pool, height| {
                    journal.append(&Record::Opened {
                        height,
                        pool: pool.opening(),
                    });
                });
            }
            past
        });
        Ok(Arc::new(Self::start(
            settings,
            planned.venues,
            past,
            later,
            Some(journal),
            clock,
        )))
    }

    fn start(
        settings: &MarketSettings,
        venues: Vec<(VenueId, CurveKind)>,
        past: Past,
        later: Vec<(u64, ListedPool)>,
        journal: Option<Journal>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let seed = past.genesis.seed;
        // After a restart the chain stands where it would have come to meanwhile, and never further back
        // than anything it has promised.
        let lived_ms = clock.now().millis().saturating_sub(past.genesis.born_ms);
        let lived_ms = u64::try_from(lived_ms)
            .unwrap_or(0)
            .saturating_add(past.advanced.saturating_mul(BLOCK_MS));
        let base_ms = lived_ms.max(past.height.saturating_mul(BLOCK_MS));
        let instance_id = format!("instance of {} at {base_ms} ms", clock.now().millis());
        let instance_id = SeededRng::new(seed, &instance_id).next();
        Self {
            venues: with_those_of(&past.directory, venues),
            chain: Chain::new(rng::derive(seed, "chain"), clock, base_ms),
            directory: past.directory,
            ledger: past.ledger,
            mempool: Mempool::new(),
            journal,
            faults: Faults::new(settings.faults.clone(), SeededRng::new(seed, "faults")),
            profile: settings.profile,
            rng: SeededRng::new(seed, "latency"),
            // A restarted market must not sign the same bytes for another attempt.
            nonces: SeededRng::new(seed, &format!("nonces from {base_ms} ms on")),
            verified_signatures: VerifiedSignatures::new(),
            // An earlier life has counted from an earlier time of the chain, and a change takes longer than this.
            feed: Feed::new(base_ms.saturating_mul(1_000)),
            schedule: Schedule::new(later),
            wallet: Wallet::new(rng::derive(seed, "wallet")),
            removes_duplicates: settings.removes_duplicates,
            instance_id,
        }
    }
}

/// These venues and those of the pools that a ledger has opened, by name.
fn with_those_of(directory: &Directory, mut venues: Vec<(VenueId, CurveKind)>) -> Vec<(VenueId, CurveKind)> {
    for pair_market in directory.pair_markets() {
        for pool in &pair_market.lock().pools {
            if venues.iter().all(|(known, _)| *known != pool.venue) {
                venues.push((pool.venue, pool.pool.kind()));
            }
        }
    }
    venues.sort_unstable_by_key(|(venue, _)| *venue);
    venues
}

/// The pools that are open from the start, and the others with the blocks in which they open.
fn open_from_the_start(pools: Vec<PlannedPool>) -> (Vec<ListedPool>, Vec<(u64, ListedPool)>) {
    let (now, later): (Vec<_>, Vec<_>) = pools.into_iter().partition(|planned| planned.opens_after == 0);
    (
        now.into_iter().map(|planned| planned.pool).collect(),
        later
            .into_iter()
            .map(|planned| (FIRST_BLOCK.saturating_add(planned.opens_after), planned.pool))
            .collect(),
    )
}

fn drifting(settings: &MarketSettings) -> bool {
    settings.price == PriceMode::Drifting
}

fn genesis(settings: &MarketSettings, clock: &dyn Clock, entropy: &dyn Entropy) -> Genesis {
    let head_start = i64::try_from(FIRST_BLOCK * BLOCK_MS).unwrap_or(0);
    Genesis {
        version: Genesis::VERSION,
        seed: settings.seed.unwrap_or_else(|| entropy.next()),
        born_ms: clock.now().millis().saturating_sub(head_start),
    }
}
