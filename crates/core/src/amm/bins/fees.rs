//! Fees of a pool of bins: a base rate, and a variable one that grows with recent volatility.

use serde::{Deserialize, Serialize};

use super::super::AmmError;

/// The unit of a bin's fee rate: 10⁶ of it are 10 basis points.
pub const RATE_UNIT: u32 = 1_000_000_000;

/// No rate exceeds 10 %.
const MAX_RATE: u32 = 100_000_000;

/// One hundred per cent in basis points.
const BPS: u32 = 10_000;

/// What does not change in a pool of bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BinParams {
    /// Distance of two neighbouring bins' prices, in basis points.
    pub bin_step: u16,
    /// The base rate is `base_factor·bin_step·10` of 10⁹.
    pub base_factor: u32,
    /// Weight of the variable fee; zero turns it off.
    pub variable_fee_control: u32,
    /// Movements closer together than this many seconds count as one.
    pub filter_secs: u64,
    /// After this many seconds without a movement, earlier ones are forgotten.
    pub decay_secs: u64,
    /// How much of the volatility is kept in between, in basis points.
    pub reduction_bps: u32,
    /// The accumulator's upper bound; 10⁴ of it are one bin.
    pub max_accumulator: u32,
    /// The protocol's share of each fee, in basis points.
    pub protocol_share_bps: u32,
}

impl BinParams {
    /// Customary parameters for a step and a base factor: a variable fee of medium weight, 30 s filter,
    /// 600 s decay, volatility halved, 10 % of the fees for the protocol.
    #[must_use]
    pub const fn standard(bin_step: u16, base_factor: u32) -> Self {
        Self {
            bin_step,
            base_factor,
            variable_fee_control: 40_000,
            filter_secs: 30,
            decay_secs: 600,
            reduction_bps: 5_000,
            max_accumulator: 350_000,
            protocol_share_bps: 1_000,
        }
    }

    /// The fee rate, of 10⁹, at a volatility: `factor·step·10 + ⌈vfc·(va·step)²/10¹¹⌉`, at most 10 %.
    #[must_use]
    pub fn rate(&self, accumulator: u32) -> u32 {
        let step = u128::from(self.bin_step);
        let base = u128::from(self.base_factor) * step * 10;
        let moved = u128::from(accumulator) * step;
        // At most 2³²·(2⁴⁸)² = 2¹²⁸, and each factor is below its bound.
        let variable = (u128::from(self.variable_fee_control) * moved * moved).div_ceil(100_000_000_000);
        u32::try_from(base + variable).map_or(MAX_RATE, |rate| rate.min(MAX_RATE))
    }

    /// The protocol's part of a fee, rounded down.
    pub(super) fn protocol_part(&self, fee: u128) -> u128 {
        let share = u128::from(self.protocol_share_bps.min(BPS));
        let unit = u128::from(BPS);
        (fee / unit) * share + (fee % unit) * share / unit
    }

    pub(super) fn validate(&self) -> Result<(), AmmError> {
        if self.bin_step == 0 {
            return Err(AmmError::InvalidPool("the bin step is zero"));
        }
        if self.protocol_share_bps > BPS || self.reduction_bps > BPS {
            return Err(AmmError::InvalidPool("a share exceeds 100 %"));
        }
        Ok(())
    }
}

/// What the variable fee remembers of earlier swaps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volatility {
    /// The volatility in the last bin that was used; 10⁴ is one bin.
    pub accumulator: u32,
    /// What is kept of earlier movements.
    pub reference: u32,
    /// The bin from which the present movement is measured.
    pub id_reference: i32,
    /// When a swap last moved the active bin, in whole seconds.
    pub last_update_secs: u64,
}

impl Volatility {
    /// With references brought up to `now_secs`: kept within the filter period, then measured from the
    /// active bin with a part of the accumulator, after the decay period with none.
    pub(super) fn refreshed(mut self, params: &BinParams, active: i32, now_secs: u64) -> Self {
        let elapsed = now_secs.saturating_sub(self.last_update_secs);
        if elapsed >= params.filter_secs {
            self.id_reference = active;
            self.reference = if elapsed < params.decay_secs {
                let kept =
                    u64::from(self.accumulator) * u64::from(params.reduction_bps.min(BPS)) / u64::from(BPS);
                u32::try_from(kept).unwrap_or(u32::MAX)
            } else {
                0
            };
        }
        self
    }

    /// With the accumulator as it is in bin `id`: `min(vref + |idRef − id|·10⁴, max)`.
    pub(super) fn at(mut self, params: &BinParams, id: i32) -> Self {
        let distance = u64::from(self.id_reference.abs_diff(id));
        let moved = u64::from(self.reference) + distance * u64::from(BPS);
        self.accumulator = u32::try_from(moved)
            .unwrap_or(u32::MAX)
            .min(params.max_accumulator);
        self
    }
}
