//! What can go wrong with an order, and whether trying again can help.

use serde::{Deserialize, Serialize};

/// A venue's refusal, proven not to have executed anything.
///
/// An unknown outcome is not here on purpose: it is no failure until the venue has spoken.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum VenueError {
    /// No answer, before anything was sent.
    #[error("the venue did not answer in time")]
    Timeout,
    /// Too many requests.
    #[error("the venue limits our rate")]
    RateLimited,
    /// The node that was asked lags behind the chain.
    #[error("the venue's node is behind")]
    NodeBehind,
    /// The venue cannot be reached.
    #[error("the venue is down")]
    Down,
    /// The recent blockhash of the transaction is not known to the node.
    #[error("the venue does not know the transaction's blockhash")]
    BlockhashNotFound,
    /// The transaction's last valid block has passed and it never landed.
    #[error("the transaction expired before it landed")]
    Expired,
    /// The price moved past the minimum output.
    #[error("slippage exceeded: the output fell below the minimum")]
    SlippageExceeded,
    /// The pools do not hold enough.
    #[error("insufficient liquidity for this size")]
    InsufficientLiquidity,
    /// The size is so small that nothing comes out.
    #[error("the output would be zero")]
    ZeroOutput,
    /// The venue has no pool of this pair.
    #[error("the venue has no pool for this pair")]
    UnknownToken,
    /// The limit of a fill-or-kill order is not met.
    #[error("the limit is not met")]
    LimitNotMet,
}

/// Whether and how a failed attempt may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureClass {
    /// The same again, later.
    Retry,
    /// With fresh quotes, later.
    Requote,
    /// Never.
    Final,
}

impl VenueError {
    /// All errors, for configuration and tests.
    pub const ALL: [Self; 11] = [
        Self::Timeout,
        Self::RateLimited,
        Self::NodeBehind,
        Self::Down,
        Self::BlockhashNotFound,
        Self::Expired,
        Self::SlippageExceeded,
        Self::InsufficientLiquidity,
        Self::ZeroOutput,
        Self::UnknownToken,
        Self::LimitNotMet,
    ];

    /// Whether trying again can help.
    pub const fn class(self) -> FailureClass {
        match self {
            Self::Timeout
            | Self::RateLimited
            | Self::NodeBehind
            | Self::Down
            | Self::BlockhashNotFound
            | Self::Expired => FailureClass::Retry,
            Self::SlippageExceeded => FailureClass::Requote,
            Self::InsufficientLiquidity | Self::ZeroOutput | Self::UnknownToken | Self::LimitNotMet => {
                FailureClass::Final
            }
        }
    }

    /// The stable code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::RateLimited => "rate_limited",
            Self::NodeBehind => "node_behind",
            Self::Down => "down",
            Self::BlockhashNotFound => "blockhash_not_found",
            Self::Expired => "expired",
            Self::SlippageExceeded => "slippage_exceeded",
            Self::InsufficientLiquidity => "insufficient_liquidity",
            Self::ZeroOutput => "zero_output",
            Self::UnknownToken => "unknown_token",
            Self::LimitNotMet => "limit_not_met",
        }
    }
}

/// Why an attempt, and with it perhaps the order, failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The venue that was to execute refused.
    #[error("{0}")]
    Venue(VenueError),
    /// No venue gave a quote, and not all of them for a final reason.
    #[error("no venue gave a quote")]
    NoQuotes,
    /// The configured set of amounts cannot express the result.
    #[error("the amounts are out of range")]
    OutOfRange,
}

impl Failure {
    /// Whether trying again can help.
    pub const fn class(self) -> FailureClass {
        match self {
            Self::Venue(error) => error.class(),
            Self::NoQuotes => FailureClass::Requote,
            Self::OutOfRange => FailureClass::Final,
        }
    }

    /// The stable code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Venue(error) => error.code(),
            Self::NoQuotes => "no_quotes",
            Self::OutOfRange => "out_of_range",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_on_the_wire_is_the_name_in_the_store() {
        for error in VenueError::ALL {
            assert_eq!(
                serde_json::to_string(&error).unwrap(),
                format!("\"{}\"", error.code())
            );
        }
    }

    #[test]
    fn only_what_time_can_mend_is_repeated() {
        let finals = VenueError::ALL
            .into_iter()
            .filter(|error| error.class() == FailureClass::Final);
        let codes: Vec<_> = finals.map(VenueError::code).collect();
        assert_eq!(
            codes,
            [
                "insufficient_liquidity",
                "zero_output",
                "unknown_token",
                "limit_not_met"
            ]
        );
    }
}
