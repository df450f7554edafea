//! Tokens, the registry of those that may be traded, and the pair that two of them form.

use crate::invariant::impossible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest symbol allowed.
pub const MAX_SYMBOL: usize = 12;

/// The most decimals that amounts are exact for.
pub const MAX_DECIMALS: u8 = 18;

/// A token's symbol: 1 to 12 ASCII letters and digits, kept in upper case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol {
    bytes: [u8; MAX_SYMBOL],
    len: u8,
}

/// A text that is no symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a token symbol (1 to 12 letters and digits)")]
pub struct InvalidSymbol;

impl Symbol {
    /// The symbol as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)])
            .unwrap_or_else(|_| impossible("a symbol holds other characters than ASCII", ""))
    }
}

impl FromStr for Symbol {
    type Err = InvalidSymbol;

    fn from_str(text: &str) -> Result<Self, InvalidSymbol> {
        let valid = (1..=MAX_SYMBOL).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !valid {
            return Err(InvalidSymbol);
        }
        let mut bytes = [0; MAX_SYMBOL];
        for (slot, byte) in bytes.iter_mut().zip(text.bytes()) {
            *slot = byte.to_ascii_uppercase();
        }
        let len = u8::try_from(text.len()).map_err(|_| InvalidSymbol)?;
        Ok(Self { bytes, len })
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A token as an order remembers it, so that history stays readable when the registry changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Token {
    /// Its symbol.
    pub symbol: Symbol,
    /// How many decimals one whole token has.
    pub decimals: u8,
}

impl Token {
    /// The native token of Solana, in which network fees are paid there.
    pub const SOL: Self = Self {
        symbol: Symbol {
            bytes: *b"SOL\0\0\0\0\0\0\0\0\0",
            len: 3,
        },
        decimals: 9,
    };
}

/// Which way an order trades its pair's base token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Quote token in, base token out.
    Buy,
    /// Base token in, quote token out.
    Sell,
}

impl Side {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// Two tokens in market order: prices are units of `quote` per one `base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// What is bought and sold.
    pub base: Token,
    /// What it is priced in.
    pub quote: Token,
}

/// The tokens that may be traded. Their order is the market convention: of two tokens, the one listed first
/// is the quote of the pair, as USDC is to SOL.
#[derive(Clone, Debug)]
pub struct TokenRegistry {
    tokens: Vec<Token>,
}

/// Why a list of tokens is no registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The same symbol with different decimals.
    #[error("token {0} is listed twice with different decimals")]
    Conflict(Symbol),
    /// More decimals than amounts are exact for.
    #[error("token {0} has more than 18 decimals")]
    TooManyDecimals(Symbol),
}

impl Default for TokenRegistry {
    fn default() -> Self {
        let known = [
            ("USDC", 6),
            ("USDT", 6),
            ("SOL", 9),
            ("ETH", 8),
            ("JUP", 6),
            ("RAY", 6),
            ("BONK", 5),
        ];
        let tokens = known
            .into_iter()
            .filter_map(|(symbol, decimals)| {
                Some(Token {
                    symbol: symbol.parse().ok()?,
                    decimals,
                })
            })
            .collect();
        Self { tokens }
    }
}

impl TokenRegistry {
    /// The default tokens and, behind them, further ones.
    ///
    /// # Errors
    /// [`RegistryError`] when a token contradicts another or cannot be represented.
    pub fn with(extra: impl IntoIterator<Item = Token>) -> Result<Self, RegistryError> {
        let mut registry = Self::default();
        for token in extra {
            registry.add(token)?;
        }
        Ok(registry)
    }

    /// Puts a token behind the others, unless it is there already.
    ///
    /// # Errors
    /// [`RegistryError`] when it contradicts another or cannot be represented.
    pub fn add(&mut self, token: Token) -> Result<(), RegistryError> {
        match self.get(token.symbol) {
            Some(known) if known == token => Ok(()),
            Some(_) => Err(RegistryError::Conflict(token.symbol)),
            None if token.decimals > MAX_DECIMALS => Err(RegistryError::TooManyDecimals(token.symbol)),
            None => {
                self.tokens.push(token);
                Ok(())
            }
        }
    }

    /// The token of that symbol.
    pub fn get(&self, symbol: Symbol) -> Option<Token> {
        self.tokens.iter().find(|token| token.symbol == symbol).copied()
    }

    /// Finds a token by its name, in any case.
    pub fn find(&self, name: &str) -> Option<Token> {
        self.get(name.parse().ok()?)
    }

    /// All tokens, the most quote-like first.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The pair that two tokens form, and which side of it `token_in → token_out` is.
    ///
    /// Tokens that are not registered come after those that are, in alphabetical order.
    pub fn orient(&self, token_in: Token, token_out: Token) -> (Pair, Side) {
        let rank = |token: Token| {
            let position = self.tokens.iter().position(|known| known.symbol == token.symbol);
            (position.unwrap_or(usize::MAX), token.symbol)
        };
        if rank(token_in) > rank(token_out) {
            (
                Pair {
                    base: token_in,
                    quote: token_out,
                },
                Side::Sell,
            )
        } else {
            (
                Pair {
                    base: token_out,
                    quote: token_in,
                },
                Side::Buy,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str) -> Token {
        TokenRegistry::default().find(name).unwrap()
    }

    #[test]
    fn symbols_ignore_case_and_refuse_the_rest() {
        assert_eq!("sol".parse::<Symbol>().unwrap().to_string(), "SOL");
        for text in ["", "TOOLONGSYMBOL", "SO L", "SÖL", "A/B"] {
            assert_eq!(text.parse::<Symbol>(), Err(InvalidSymbol), "{text}");
        }
    }

    #[test]
    fn the_quote_is_what_the_market_says() {
        let registry = TokenRegistry::default();
        for (base, quote) in [
            ("SOL", "USDC"),
            ("USDT", "USDC"),
            ("RAY", "SOL"),
            ("ETH", "USDC"),
            ("BONK", "SOL"),
        ] {
            let (sold, side) = registry.orient(token(base), token(quote));
            assert_eq!((sold.base.symbol.as_str(), side), (base, Side::Sell));
            let (bought, side) = registry.orient(token(quote), token(base));
            assert_eq!((bought, side), (sold, Side::Buy));
        }
    }

    #[test]
    fn a_registry_contradicts_nothing() {
        let sol = token("SOL");
        assert!(TokenRegistry::with([sol]).is_ok());
        let wrong = Token { decimals: 8, ..sol };
        assert_eq!(
            TokenRegistry::with([wrong]).unwrap_err(),
            RegistryError::Conflict(sol.symbol)
        );
    }
}
