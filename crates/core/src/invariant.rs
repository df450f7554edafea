//! What cannot happen, asserted.
//!
//! A program with debug assertions, which every test is, panics at a broken invariant. In a release build an order
//! must still come to its end: there the breach is reported, to the log and to a counter that is zero as long as the
//! program has no such defect, and the code goes on with a value that does no harm.

use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;

/// An invariant that does not hold: a defect of this program.
#[derive(Clone, Copy, Debug)]
pub struct Breach<'a> {
    /// What is so and cannot be.
    pub what: fmt::Arguments<'a>,
    /// The line that found it.
    pub at: &'static Location<'static>,
}

static REPORT: OnceLock<fn(&Breach<'_>)> = OnceLock::new();

/// Has every breach in this process reported by `report` from now on. The first caller decides.
pub fn report_breaches(report: fn(&Breach<'_>)) {
    let _ = REPORT.set(report);
}

/// Reports that something is so which cannot be; use [`invariant!`](crate::invariant!).
///
/// # Panics
/// In a build with debug assertions.
#[track_caller]
pub fn breached(what: fmt::Arguments<'_>) {
    let at = Location::caller();
    if let Some(report) = REPORT.get() {
        report(&Breach { what, at });
    }
    debug_assert!(false, "invariant broken at {at}: {what}");
}

/// For a value that cannot be missing: reports that it is, and goes on with `instead`.
///
/// # Panics
/// In a build with debug assertions.
#[track_caller]
pub fn impossible<T>(what: &str, instead: T) -> T {
    breached(format_args!("{what}"));
    instead
}

/// Asserts what cannot be otherwise: `invariant!(condition, "what is so if not: {value}")`.
///
/// A breach panics in a build with debug assertions, and is reported in others
/// ([`report_breaches`](crate::invariant::report_breaches)).
#[macro_export]
macro_rules! invariant {
    ($holds:expr, $($what:tt)+) => {
        if !$holds {
            $crate::invariant::breached(format_args!($($what)+));
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_is_not_reported() {
        invariant!(1 + 1 == 2, "arithmetic is broken");
    }

    #[test]
    #[should_panic(expected = "3 legs of a single route")]
    fn a_breach_ends_a_test() {
        let legs = 3;
        invariant!(legs == 1, "{legs} legs of a single route");
    }

    #[test]
    #[should_panic(expected = "more legs than a byte counts")]
    fn a_missing_value_ends_a_test() {
        let legs: u8 =
            u8::try_from(300).unwrap_or_else(|_| impossible("more legs than a byte counts", u8::MAX));
        assert_eq!(legs, 0, "not reached");
    }
}
