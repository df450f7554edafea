//! Why a pool cannot answer.

use thiserror::Error;

/// Why a quote or a swap was refused. The pool is unchanged whenever one of these is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmmError {
    /// Nothing was offered.
    #[error("the input amount is zero")]
    ZeroInput,
    /// The amount is too small to buy one raw unit, or zero units were asked for.
    #[error("the output amount is zero")]
    ZeroOutput,
    /// The pool does not hold enough of the output token.
    #[error("the pool does not hold enough liquidity")]
    InsufficientLiquidity,
    /// A result does not fit its type: 128 bits of raw units.
    #[error("an amount does not fit 128 bits")]
    Overflow,
    /// The pool's own parameters are impossible, for example a fee of 100 %.
    #[error("the pool is invalid: {0}")]
    InvalidPool(&'static str),
}
