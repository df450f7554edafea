//! A check beside those of the auditor.

/// A check beside those of the auditor.
#[derive(Clone, Debug)]
pub struct Check {
    /// The invariant's code, or a word.
    pub code: &'static str,
    /// What must hold.
    pub title: &'static str,
    /// How often it was checked.
    pub checked: u64,
    /// How it did not hold.
    pub violations: Vec<String>,
}
