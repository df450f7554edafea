//! What an audit found.

use std::collections::BTreeMap;
use std::fmt;

use super::invariant::Invariant;
use crate::id::OrderId;

/// How many violations are kept in words; all are counted.
const KEPT: usize = 100;

/// How often an invariant was checked, and how often it did not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// Checks.
    pub checked: u64,
    /// Violations.
    pub violated: u64,
}

/// One violation in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Of what.
    pub invariant: Invariant,
    /// By which order.
    pub order_id: OrderId,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {} ({})",
            self.invariant.code(),
            self.order_id,
            self.what,
            self.invariant.title()
        )
    }
}

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    figures: BTreeMap<Invariant, Figure>,
    violations: Vec<Violation>,
}

impl Report {
    /// Notes one check.
    pub(super) fn check(
        &mut self,
        invariant: Invariant,
        id: OrderId,
        holds: bool,
        what: impl FnOnce() -> String,
    ) {
        let figure = self.figures.entry(invariant).or_default();
        figure.checked += 1;
        if holds {
            return;
        }
        figure.violated += 1;
        if self.violations.len() < KEPT {
            self.violations.push(Violation {
                invariant,
                order_id: id,
                what: what(),
            });
        }
    }

    /// The figure of an invariant; zeros if it was never checked.
    pub fn figure(&self, invariant: Invariant) -> Figure {
        self.figures.get(&invariant).copied().unwrap_or_default()
    }

    /// The first violations, in words.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many violations there were in all.
    pub fn violated(&self) -> u64 {
        self.figures.values().map(|figure| figure.violated).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for invariant in Invariant::ALL {
            let Figure { checked, violated } = self.figure(invariant);
            let verdict = match (checked, violated) {
                (0, _) => "-".to_owned(),
                (_, 0) => "ok".to_owned(),
                (_, violated) => format!("{violated} VIOLATED"),
            };
            writeln!(
                f,
                "{:<4}{:<62}{checked:>10} checked  {verdict}",
                invariant.code(),
                invariant.title()
            )?;
        }
        self.violations
            .iter()
            .try_for_each(|violation| writeln!(f, "{violation}"))
    }
}
