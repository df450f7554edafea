//! Venues, what they answer, and what a swap there looks like. Talking to them is a port.

mod id;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::amm::CurveKind;
use crate::amount::{Amount, Quantity};
use crate::id::OrderId;
use crate::price::Price;
use crate::token::{Symbol, Token};

pub use self::id::{InvalidVenueId, MAX_VENUE_NAME, VenueId, VenueRegistry};

/// A question to a venue: what would it pay for exactly this input?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteRequest {
    /// What is paid.
    pub token_in: Token,
    /// What is wanted.
    pub token_out: Token,
    /// How much is paid, in raw units of `token_in`.
    pub amount_in: Amount,
}

/// A pool's name, unique among all pools of all venues.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PoolId(pub Box<str>);

/// A venue, and what is traded there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueListing {
    /// Its name.
    pub name: VenueId,
    /// How its pools price.
    pub curve: CurveKind,
    /// Its pools that are open, pair by pair.
    pub pools: Vec<PoolListing>,
}

/// A pool, and what is traded in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolListing {
    /// Its name.
    pub id: PoolId,
    /// The token that is priced.
    pub base: Symbol,
    /// The token that it is priced in.
    pub quote: Symbol,
}

/// What a venue would pay for the whole size, fees and price impact included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Who quotes.
    pub venue: VenueId,
    /// Which of its pools.
    pub pool: PoolId,
    /// The size quoted.
    pub amount_in: Quantity,
    /// What comes out, net of fees.
    pub amount_out: Quantity,
    /// The venue's fee, in the input token.
    pub fee: Quantity,
    /// Quote per base, net of fees.
    pub price: Price,
    /// How far the size itself moves the price, in basis points.
    pub price_impact_bps: u32,
}

/// One venue's answer within an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteAnswer {
    /// The venue that was asked.
    pub venue: VenueId,
    /// The quote, or why there is none.
    pub result: Result<Quote, crate::failure::VenueError>,
}

/// One swap within a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Where.
    pub venue: VenueId,
    /// In which pool.
    pub pool: PoolId,
    /// What goes in.
    pub token_in: Token,
    /// What comes out.
    pub token_out: Token,
    /// How much goes in, in raw units.
    pub amount_in: Amount,
    /// What the route expects to come out, in raw units.
    pub amount_out: Amount,
}

/// A transaction that is not signed yet: all legs execute, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The memo that ties the transaction to its order.
    pub order_id: OrderId,
    /// The swaps, in order.
    pub legs: Vec<Leg>,
    /// The least output of all legs together, in raw units; the venue refuses less.
    pub min_out: Amount,
}

/// A transaction's id: the sender's ed25519 signature over its bytes, written in base58.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TxId(pub [u8; 64]);

/// A text that is no transaction id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a transaction id (base58 of 64 bytes)")]
pub struct InvalidTxId;

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; five8::BASE58_ENCODED_64_MAX_LEN];
        let length = five8::encode_64(&self.0, &mut digits);
        let text = digits.get(..usize::from(length)).unwrap_or(&digits);
        f.pad(std::str::from_utf8(text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TxId {
    type Err = InvalidTxId;

    fn from_str(text: &str) -> Result<Self, InvalidTxId> {
        let mut bytes = [0; 64];
        match five8::decode_64(text, &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(InvalidTxId),
        }
    }
}

impl Serialize for TxId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TxId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A signed transaction: exactly these bytes may be sent again, nothing else under this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Known before anything is sent.
    pub id: TxId,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// Past this block height the venue will not execute it any more.
    pub last_valid_height: u64,
}

/// An execution, as the venue's ledger shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// What was paid in all, in raw units.
    pub amount_in: Amount,
    /// What was received in all, in raw units.
    pub amount_out: Amount,
    /// In which slot it landed.
    pub slot: u64,
}

/// What the venue says of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxStatus {
    /// It executed.
    Landed(Fill),
    /// Definitively refused: these bytes did not execute and never will.
    Rejected(crate::failure::VenueError),
    /// Seen, not landed yet.
    Pending,
    /// Not seen, at this block height.
    NotFound {
        /// The venue's clock.
        block_height: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_id_is_base58_of_64_bytes() {
        let id = TxId([7; 64]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("".parse::<TxId>(), Err(InvalidTxId));
        assert_eq!("abc".parse::<TxId>(), Err(InvalidTxId));
        assert_eq!("0OIl".parse::<TxId>(), Err(InvalidTxId));
    }
}
