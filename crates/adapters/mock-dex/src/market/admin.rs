//! The hand of God, for tests and demonstrations: prices, pools, faults and time.

use order_core::amm::mul_div_floor;
use order_core::price::Price;
use order_core::token::{Pair, Symbol};
use order_core::venue::{PoolId, VenueId};

use super::Market;
use crate::chain::{JournalError, Record};
use crate::pair_market::PairMarket;
use crate::settings::{FaultSettings, PoolSettings, SettingsError};

/// Why something cannot be done to the market.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no pool of the pair.
    #[error("there is no pool of {0}/{1}")]
    NoSuchPair(Symbol, Symbol),
    /// A price of which nothing is left the other way round, as the market has the pair.
    #[error("the price of {0}/{1} is too large to be turned round: the market has {1}/{0}")]
    TooFar(Symbol, Symbol),
    /// A pool that cannot be opened.
    #[error(transparent)]
    Pool(#[from] SettingsError),
    /// The ledger cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Market {
    /// Changes how the venues misbehave, from now on.
    pub fn set_faults(&self, faults: FaultSettings) {
        self.faults.set(faults);
    }

    /// Changes the world's price of a pair (quote per base); arbitrage pulls the pools to it at once, frozen
    /// prices or not, as far as it pays. What changes is what the pair's base token is worth, so the prices of its other
    /// pairs change with it: or there would be a free round trip. A pair that is not in market order is turned round, and
    /// its price with it. Returns what was set, in market order.
    ///
    /// # Errors
    /// [`AdminError`].
    pub fn set_price(&self, base: Symbol, quote: Symbol, price: Price) -> Result<(Pair, Price), AdminError> {
        let height = self.settle();
        let none = || AdminError::NoSuchPair(base, quote);
        let tokens = self.directory.tokens();
        let (base_token, quote_token) = tokens.get(base).zip(tokens.get(quote)).ok_or_else(none)?;
        let pair_market = self.directory.desk_of(base_token, quote_token).ok_or_else(none)?;
        let mut pair_market = self.desk_at(&pair_market, height);
        let pair = pair_market.pair;
        let price = if pair.base == base_token {
            price
        } else {
            price.inverse().ok_or(AdminError::TooFar(base, quote))?
        };
        let before = pair_market.world_price();
        self.set_price_of(&mut pair_market, price);
        drop(pair_market);
        if let Some(before) = before {
            self.set_crosses(pair, before, price, height);
        }
        self.feed.ring();
        Ok((pair, price))
    }

    fn set_price_of(&self, pair_market: &mut PairMarket, price: Price) {
        self.write(|| Record::Price {
            height: pair_market.block(),
            base: pair_market.pair.base.symbol,
            quote: pair_market.pair.quote.symbol,
            price,
        });
        let pulled = pair_market.set_world_price(price);
        self.note_arbitrage(pair_market, pulled);
    }

    /// Moves the other pairs of a pair's base token as that pair has moved. One lock at a time is held.
    fn set_crosses(&self, pair: Pair, before: Price, after: Price, height: u64) {
        for shared in self.directory.pair_markets() {
            let mut pair_market = self.desk_at(&shared, height);
            let moved = |times: Price, by: Price, was: Price| {
                let units = mul_div_floor(was.units(), times.units(), by.units()).ok()?;
                (units > 0).then_some(Price::new(units))
            };
            let price = match pair_market.world_price() {
                _ if pair_market.pair == pair => None,
                Some(was) if pair_market.pair.base == pair.base => moved(after, before, was),
                Some(was) if pair_market.pair.quote == pair.base => moved(before, after, was),
                Some(_) | None => None,
            };
            if let Some(price) = price {
                self.set_price_of(&mut pair_market, price);
            }
        }
    }

    /// Opens a pool at a venue, and says its name.
    ///
    /// # Errors
    /// [`AdminError::Pool`] with every mistake in its settings.
    pub fn open_pool(&self, venue: VenueId, pool: &PoolSettings) -> Result<PoolId, AdminError> {
        let mut issues = SettingsError::default();
        let tokens = self.directory.tokens();
        let opened = self
            .directory
            .with_names(|names| pool.open(venue, "pool", tokens, names, &mut issues));
        let Some(opened) = opened.filter(|_| issues.issues.is_empty()) else {
            return Err(issues.into());
        };
        let (id, height) = (opened.id.clone(), self.settle());
        self.list(opened, height);
        Ok(id)
    }

    /// Lets blocks pass at once, and returns the height then.
    pub fn advance(&self, blocks: u64) -> u64 {
        self.chain.advance(blocks);
        let height = self.settle();
        self.write(|| Record::Advanced { height, blocks });
        self.ledger.wake_all();
        self.feed.ring();
        height
    }

    /// Returns when everything done so far is on the disk, where there is one.
    ///
    /// # Errors
    /// [`JournalError`].
    pub async fn flush(&self) -> Result<(), JournalError> {
        match &self.journal {
            Some(journal) => journal.durable(journal.position()).await,
            None => Ok(()),
        }
    }
}
