//! Pools and their books.

use std::collections::BTreeMap;

use order_core::amount::Amount;
use order_core::price::Price;
use order_core::token::Symbol;
use order_core::venue::{PoolId, VenueId, VenueListing};
use serde::{Deserialize, Serialize};

use crate::market::PoolView;
use crate::pool::{Books, Sides};

/// `GET /pools`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PoolsAnswer {
    pub(crate) height: u64,
    pub(crate) pools: Vec<PoolItem>,
}

/// `GET /venues`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VenuesAnswer {
    pub(crate) venues: Vec<VenueListing>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PoolItem {
    pub(crate) id: PoolId,
    pub(crate) dex: VenueId,
    pub(crate) base: Symbol,
    pub(crate) quote: Symbol,
    pub(crate) base_reserve: String,
    pub(crate) quote_reserve: String,
    /// What else the curve has to tell, such as a fee's rate.
    #[serde(flatten, skip_deserializing)]
    pub(crate) terms: BTreeMap<String, i64>,
    /// Quote per base, fees aside.
    pub(crate) price: Option<Price>,
    /// The same in the world outside.
    pub(crate) world_price: Option<Price>,
    /// The most that could be paid in.
    pub(crate) capacity_raw: SidesItem,
    pub(crate) books: BooksItem,
}

/// A pool's whole life, in raw units.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BooksItem {
    pub(crate) initial: SidesItem,
    pub(crate) paid_in: SidesItem,
    pub(crate) paid_out: SidesItem,
    pub(crate) fees: SidesItem,
    pub(crate) reserves: SidesItem,
    pub(crate) balanced: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct SidesItem {
    pub(crate) base: Amount,
    pub(crate) quote: Amount,
}

impl From<Sides> for SidesItem {
    fn from(sides: Sides) -> Self {
        Self {
            base: Amount::new(sides.base),
            quote: Amount::new(sides.quote),
        }
    }
}

impl From<SidesItem> for Sides {
    fn from(item: SidesItem) -> Self {
        Self {
            base: item.base.units(),
            quote: item.quote.units(),
        }
    }
}

impl From<Books> for BooksItem {
    fn from(books: Books) -> Self {
        Self {
            initial: books.initial.into(),
            paid_in: books.paid_in.into(),
            paid_out: books.paid_out.into(),
            fees: books.fees.into(),
            reserves: books.reserves.into(),
            balanced: books.balance(),
        }
    }
}

impl From<BooksItem> for Books {
    fn from(item: BooksItem) -> Self {
        Self {
            initial: item.initial.into(),
            paid_in: item.paid_in.into(),
            paid_out: item.paid_out.into(),
            fees: item.fees.into(),
            reserves: item.reserves.into(),
        }
    }
}

impl From<PoolView> for PoolItem {
    fn from(pool: PoolView) -> Self {
        let Sides { base, quote } = pool.books.reserves;
        let terms = pool.state.terms().into_iter();
        Self {
            id: pool.id,
            dex: pool.venue,
            base: pool.base.symbol,
            quote: pool.quote.symbol,
            base_reserve: Amount::new(base).with_decimals(pool.base.decimals).to_string(),
            quote_reserve: Amount::new(quote).with_decimals(pool.quote.decimals).to_string(),
            terms: terms.map(|(name, value)| (name.to_owned(), value)).collect(),
            price: pool.price,
            world_price: pool.world_price,
            capacity_raw: SidesItem {
                base: pool.capacity_base,
                quote: pool.capacity_quote,
            },
            books: pool.books.into(),
        }
    }
}
