//! A pool that is listed at a venue, and its books.

use std::collections::HashSet;
use std::sync::Arc;

use order_core::amm::{AmmError, Direction, Pool, Ratio, SwapResult};
use order_core::failure::VenueError;
use order_core::routing::PoolSnapshot;
use order_core::token::Token;
use order_core::venue::{PoolId, VenueId};
use serde::{Deserialize, Serialize};

/// An amount of each of a pool's tokens, in raw units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// Of the base token.
    pub base: u128,
    /// Of the quote token.
    pub quote: u128,
}

impl Sides {
    fn add(&mut self, direction: Direction, on_input_side: u128, on_output_side: u128) {
        let (base, quote) = direction.in_out(on_input_side, on_output_side);
        self.base = self.base.wrapping_add(base);
        self.quote = self.quote.wrapping_add(quote);
    }
}

/// Everything that ever went into a pool and out of it.
///
/// Each single amount fits 128 bits, but absurd ones paid in and out again can add up to more. Sums therefore
/// wrap around, and so does the check, which is as exact modulo 2¹²⁸.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// What it opened with.
    pub initial: Sides,
    /// What traders paid in, fees included.
    pub paid_in: Sides,
    /// What traders received.
    pub paid_out: Sides,
    /// The protocol's and the fund's fees, which left the pool.
    pub fees: Sides,
    /// What it holds.
    pub reserves: Sides,
}

impl Books {
    /// Whether `initial + paid_in − paid_out = reserves + fees`, to the unit, on both sides.
    pub fn balance(&self) -> bool {
        let side = |of: fn(&Sides) -> u128| {
            let came = of(&self.initial).wrapping_add(of(&self.paid_in));
            came == of(&self.reserves)
                .wrapping_add(of(&self.fees))
                .wrapping_add(of(&self.paid_out))
        };
        side(|sides| sides.base) && side(|sides| sides.quote)
    }
}

/// A pool with its name and its books.
#[derive(Clone, Debug)]
pub(crate) struct ListedPool {
    pub(crate) id: PoolId,
    pub(crate) venue: VenueId,
    /// Token x of the pool.
    pub(crate) base: Token,
    /// Token y of the pool.
    pub(crate) quote: Token,
    /// Shared with those who were shown it; a swap leaves them what they saw.
    pub(crate) pool: Arc<Pool>,
    /// Grows with every swap.
    version: u64,
    books: Books,
}

/// A pool at its opening, as the ledger keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Opening {
    pub(crate) id: PoolId,
    pub(crate) venue: VenueId,
    pub(crate) base: Token,
    pub(crate) quote: Token,
    pub(crate) state: Pool,
}

impl ListedPool {
    /// Opens a pool with what it holds.
    ///
    /// # Errors
    /// [`AmmError`] when the pool has no price or too large an inventory.
    pub(crate) fn list(
        id: PoolId,
        venue: VenueId,
        base: Token,
        quote: Token,
        pool: Pool,
    ) -> Result<Self, AmmError> {
        let (x, y) = pool.reserves()?;
        let books = Books {
            initial: Sides { base: x, quote: y },
            ..Books::default()
        };
        Ok(Self {
            id,
            venue,
            base,
            quote,
            pool: Arc::new(pool),
            version: 0,
            books,
        })
    }

    pub(crate) fn reopen(opening: Opening) -> Result<Self, AmmError> {
        Self::list(
            opening.id,
            opening.venue,
            opening.base,
            opening.quote,
            opening.state,
        )
    }

    /// The pool as it stands, to be opened like that.
    pub(crate) fn opening(&self) -> Opening {
        Opening {
            id: self.id.clone(),
            venue: self.venue,
            base: self.base,
            quote: self.quote,
            state: (*self.pool).clone(),
        }
    }

    /// The pool as a router sees it.
    pub(crate) fn visible(&self) -> PoolSnapshot {
        PoolSnapshot {
            id: self.id.clone(),
            venue: self.venue,
            base: self.base,
            quote: self.quote,
            state: Arc::clone(&self.pool),
        }
    }

    /// Grows with every swap: within one life of the market, the same number means the same state.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    /// Which way `token_in → token_out` goes through this pool, if it does.
    pub(crate) fn direction(&self, token_in: Token, token_out: Token) -> Option<Direction> {
        if (token_in, token_out) == (self.base, self.quote) {
            Some(Direction::XToY)
        } else if (token_in, token_out) == (self.quote, self.base) {
            Some(Direction::YToX)
        } else {
            None
        }
    }

    pub(crate) fn quote(
        &self,
        direction: Direction,
        amount: u128,
        secs: u64,
    ) -> Result<SwapResult, VenueError> {
        if amount > self.pool.quotable(direction) {
            return Err(VenueError::InsufficientLiquidity);
        }
        self.pool.quote(direction, amount, secs).map_err(refusal)
    }

    /// Swaps in place.
    pub(crate) fn swap(
        &mut self,
        direction: Direction,
        amount: u128,
        secs: u64,
    ) -> Result<SwapResult, AmmError> {
        let swap = Arc::make_mut(&mut self.pool).swap(direction, amount, secs)?;
        self.book(&swap);
        Ok(swap)
    }

    /// Takes over the state that swaps on a copy led to.
    pub(crate) fn settle<'a>(&mut self, state: Pool, swaps: impl IntoIterator<Item = &'a SwapResult>) {
        self.pool = Arc::new(state);
        for swap in swaps {
            self.book(swap);
        }
    }

    fn book(&mut self, swap: &SwapResult) {
        self.version += 1;
        self.books.paid_in.add(swap.direction, swap.amount_in, 0);
        self.books.paid_out.add(swap.direction, 0, swap.out);
        self.books
            .fees
            .add(swap.direction, swap.protocol_fee + swap.fund_fee, 0);
    }

    /// The books, with the reserves as the pool itself counts them.
    pub(crate) fn books(&self) -> Books {
        let (base, quote) = self.pool.reserves().unwrap_or((u128::MAX, u128::MAX));
        Books {
            reserves: Sides { base, quote },
            ..self.books
        }
    }

    /// The most that is quoted, counted until it is enough; a unit more is refused.
    pub(crate) fn capacity(&self, direction: Direction, secs: u64, enough: u128) -> u128 {
        self.pool.capacity(direction, secs, enough)
    }

    /// Raw quote per raw base, fees aside; `None` for an empty pool.
    pub(crate) fn spot(&self) -> Option<Ratio> {
        self.pool.spot_price().ok()
    }
}

/// What a pool's refusal means to a trader.
pub(crate) fn refusal(error: AmmError) -> VenueError {
    match error {
        AmmError::ZeroInput | AmmError::ZeroOutput => VenueError::ZeroOutput,
        AmmError::InsufficientLiquidity | AmmError::Overflow | AmmError::InvalidPool(_) => {
            VenueError::InsufficientLiquidity
        }
    }
}

/// Gives pools names that say what they are, each once.
#[derive(Debug, Default)]
pub(crate) struct PoolNames {
    taken: HashSet<PoolId>,
}

impl PoolNames {
    pub(crate) fn name(&mut self, venue: VenueId, base: Token, quote: Token, terms: &str) -> PoolId {
        let name = format!("{venue}-{}-{}-{terms}", base.symbol, quote.symbol).to_ascii_lowercase();
        let mut id = PoolId(name.clone().into());
        let mut number = 2;
        while !self.take(&id) {
            id = PoolId(format!("{name}-{number}").into());
            number += 1;
        }
        id
    }

    /// Takes a name; false if it is taken already.
    pub(crate) fn take(&mut self, id: &PoolId) -> bool {
        self.taken.insert(id.clone())
    }
}
