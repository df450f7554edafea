//! Misbehaviour on purpose: which call fails, by which error, how often.

use order_core::failure::VenueError;
use parking_lot::RwLock;

use crate::rng::SeededRng;
use crate::settings::{FaultSettings, Ppm};

/// A call that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Quote,
    Build,
    Send,
}

impl Call {
    /// Whether a venue would give this error to such a call.
    const fn can_fail_by(self, error: VenueError) -> bool {
        match error {
            VenueError::Timeout | VenueError::RateLimited | VenueError::NodeBehind | VenueError::Down => true,
            VenueError::UnknownToken | VenueError::ZeroOutput => matches!(self, Self::Quote),
            VenueError::InsufficientLiquidity => matches!(self, Self::Quote | Self::Send),
            VenueError::BlockhashNotFound
            | VenueError::Expired
            | VenueError::SlippageExceeded
            | VenueError::LimitNotMet => matches!(self, Self::Send),
        }
    }
}

/// The faults in force, and the generator that decides when they strike.
pub(crate) struct Faults {
    settings: RwLock<FaultSettings>,
    rng: SeededRng,
}

impl Faults {
    pub(crate) fn new(settings: FaultSettings, rng: SeededRng) -> Self {
        Self {
            settings: RwLock::new(settings),
            rng,
        }
    }

    pub(crate) fn set(&self, settings: FaultSettings) {
        *self.settings.write() = settings;
    }

    pub(crate) fn down(&self) -> bool {
        self.settings.read().down
    }

    /// The error that strikes this call, if one does. At most one does: the first in the order of the codes.
    pub(crate) fn inject(&self, call: Call) -> Option<VenueError> {
        let settings = self.settings.read();
        if settings.down {
            return Some(VenueError::Down);
        }
        settings
            .error_rate
            .iter()
            .filter(|(error, _)| call.can_fail_by(**error))
            .find(|(_, probability)| self.rng.happens(**probability))
            .map(|(error, _)| *error)
    }

    /// Whether the answer to a transaction gets lost on its way back.
    pub(crate) fn loses_the_answer(&self) -> bool {
        let probability = self.settings.read().accept_then_timeout;
        probability != Ppm::NEVER && self.rng.happens(probability)
    }

    /// For how many blocks a transaction stays out of sight.
    pub(crate) fn late_blocks(&self) -> u64 {
        self.settings.read().late_landing_blocks
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn faults(rates: &[(VenueError, u32)]) -> Faults {
        let error_rate: BTreeMap<_, _> = rates
            .iter()
            .map(|(error, ppm)| (*error, Ppm::new(*ppm)))
            .collect();
        Faults::new(
            FaultSettings {
                error_rate,
                ..FaultSettings::default()
            },
            SeededRng::new(5, "faults"),
        )
    }

    #[test]
    fn errors_strike_at_their_rate() {
        let faults = faults(&[(VenueError::RateLimited, 100_000)]);
        let struck = (0..100_000)
            .filter(|_| faults.inject(Call::Send).is_some())
            .count();
        // Four standard deviations of 95 around 10,000.
        assert!((9_620..=10_380).contains(&struck), "{struck}");
    }

    #[test]
    fn an_error_strikes_only_where_a_venue_would_give_it() {
        let faults = faults(&[(VenueError::SlippageExceeded, 1_000_000)]);
        assert_eq!(faults.inject(Call::Quote), None);
        assert_eq!(faults.inject(Call::Build), None);
        assert_eq!(faults.inject(Call::Send), Some(VenueError::SlippageExceeded));
        faults.set(FaultSettings {
            down: true,
            ..FaultSettings::default()
        });
        assert_eq!(faults.inject(Call::Quote), Some(VenueError::Down));
    }
}
