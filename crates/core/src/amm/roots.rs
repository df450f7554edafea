//! Numbers wide enough for closed forms: roots of products, compared and divided exactly.

use crate::invariant::impossible;
use ruint::Uint;

use super::Ratio;

/// Holds `x·y` with 64 fractional bits each, times a fee and a price: 562 bits at the most.
pub(super) type Wide = Uint<640, 10>;

/// Fractional bits of the fixed-point values in the closed forms.
pub(super) const FRACTION: usize = 64;

/// `value` with [`FRACTION`] fractional bits.
pub(super) fn fixed(value: u128) -> Wide {
    Wide::from(value) << FRACTION
}

/// The whole units of a fixed-point value; what exceeds 128 bits saturates.
pub(super) fn whole(value: Wide) -> u128 {
    u128::try_from(value >> FRACTION).unwrap_or(u128::MAX)
}

/// `⌊√n⌋`.
pub(super) fn isqrt(n: Wide) -> Wide {
    if let Ok(small) = u128::try_from(n) {
        return Wide::from(small.isqrt());
    }
    // Newton from above: the root of the 128 leading bits, rounded up, is right to 63 bits already.
    let shift = (n.bit_len() - 127) & !1;
    let leading = u128::try_from(n >> shift)
        .unwrap_or_else(|_| impossible("128 leading bits do not fit into 128 bits", u128::MAX));
    let mut root = Wide::from(leading.isqrt() + 1) << (shift / 2);
    loop {
        let next = (root + n / root) >> 1;
        if next >= root {
            return root;
        }
        root = next;
    }
}

/// A positive fraction whose parts may exceed 128 bits: output per input, net of fees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) num: Wide,
    pub(super) den: Wide,
}

impl Rate {
    /// Parts of at most 230 bits, so that cross products fit.
    pub(super) const fn new(num: Wide, den: Wide) -> Self {
        Self { num, den }
    }

    pub(super) fn at_least(&self, other: &Self) -> bool {
        self.num * other.den >= other.num * self.den
    }

    /// The better of two rates has the greater one.
    pub(super) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        (self.num * other.den).cmp(&(other.num * self.den))
    }
}

impl From<Ratio> for Rate {
    fn from(ratio: Ratio) -> Self {
        Self::new(Wide::from(ratio.num), Wide::from(ratio.den))
    }
}
