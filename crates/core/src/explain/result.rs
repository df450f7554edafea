//! An execution against what else there was.

use std::fmt;

use ruint::aliases::U256;

use super::attempt::ExplainedAttempt;
use crate::amount::Amount;
use crate::decimal::Decimal;
use crate::order::{Execution, Order, State};
use crate::price::Price;
use crate::routing::NaiveSpotChoice;
use crate::venue::VenueId;

/// Fractional digits of [`Bps`].
const SCALE: u8 = 4;

/// A difference in basis points, to four decimals, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bps(i128);

impl Bps {
    /// By how much `amount` exceeds `base`; `None` if there is no base, or the number is absurd.
    fn excess(amount: Amount, base: Amount) -> Option<Self> {
        let units = U256::from(10u128.pow(4 + u32::from(SCALE)));
        let (amount, divisor) = (U256::from(amount.units()), U256::from(base.units()));
        if divisor.is_zero() {
            return None;
        }
        let number = if amount >= divisor {
            i128::try_from((amount - divisor) * units / divisor).ok()?
        } else {
            -i128::try_from(((divisor - amount) * units).div_ceil(divisor)).ok()?
        };
        Some(Self(number))
    }

    /// The other way round.
    const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// In units of 10⁻⁴ of a basis point.
    pub const fn units(self) -> i128 {
        self.0
    }
}

impl fmt::Display for Bps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Decimal::new(self.0.unsigned_abs(), SCALE))
    }
}

/// How well an order was executed. Comparisons are with the attempt that executed; those with other routes are
/// for the whole size only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The execution.
    pub execution: Execution,
    /// What its route was expected to give, in raw units.
    pub quoted: Option<Amount>,
    /// By how much less than that came out.
    pub slippage: Option<Bps>,
    /// The mid price when the attempt began.
    pub mid: Option<Price>,
    /// By how much less came out than at the mid price, fees and impact included.
    pub cost_against_mid: Option<Bps>,
    /// The best venue alone, and what it quoted, in raw units.
    pub best_venue: Option<(VenueId, Amount)>,
    /// By how much more came out than that.
    pub gain_over_best_venue: Option<Bps>,
    /// What the spot-price rule would have done.
    pub spot_rule: Option<NaiveSpotChoice>,
    /// By how much more came out than by that rule.
    pub gain_over_spot_rule: Option<Bps>,
}

pub(super) fn result(order: &Order, attempts: &[ExplainedAttempt]) -> Option<Measured> {
    let State::Confirmed(execution) = order.state() else {
        return None;
    };
    let spec = order.spec();
    let out = execution.amount_out.amount;
    let executed = attempts
        .iter()
        .rfind(|attempt| attempt.tx_id == Some(execution.tx_id));
    let quoted = executed
        .and_then(|attempt| attempt.chosen.as_ref())
        .map(|chosen| chosen.amount_out);
    let arrival = executed.and_then(|attempt| attempt.arrival);
    let mid = arrival.and_then(|arrival| arrival.mid);
    let at_mid = mid.and_then(|mid| {
        mid.least_output(&spec.pair, spec.side, execution.fill.amount_in)
            .ok()
    });
    // What others would have given was asked for the whole size.
    let whole = executed.filter(|_| execution.fill.amount_in == spec.amount_in);
    let best_venue = whole
        .and_then(ExplainedAttempt::best_venue)
        .map(|quote| (quote.venue, quote.amount_out.amount));
    let spot_rule = whole
        .and_then(|attempt| attempt.arrival)
        .and_then(|arrival| arrival.spot_rule);
    Some(Measured {
        execution: *execution,
        quoted,
        slippage: quoted
            .and_then(|quoted| Bps::excess(out, quoted))
            .map(Bps::negated),
        mid,
        cost_against_mid: at_mid.and_then(|ideal| Bps::excess(out, ideal)).map(Bps::negated),
        best_venue,
        gain_over_best_venue: best_venue.and_then(|(_, best)| Bps::excess(out, best)),
        spot_rule,
        gain_over_spot_rule: spot_rule
            .and_then(|rule| rule.out)
            .and_then(|ruled| Bps::excess(out, ruled)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_rounded_down_on_both_sides_of_zero() {
        let shown =
            |amount, base| Bps::excess(Amount::new(amount), Amount::new(base)).map(|bps| bps.to_string());
        assert_eq!(shown(10_001, 10_000).as_deref(), Some("1"));
        assert_eq!(shown(3, 3).as_deref(), Some("0"));
        assert_eq!(shown(30_001, 30_000).as_deref(), Some("0.3333"));
        assert_eq!(shown(29_999, 30_000).as_deref(), Some("-0.3334"));
        assert_eq!(shown(1, 0), None);
    }
}
