//! What is wrong with the settings: all of it at once, each mistake with its key.

use std::fmt;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsIssue {
    /// The key as the configuration spells it, such as `venues.raydium.pools[0].fee_rate`.
    pub key: String,
    /// What is wrong with its value.
    pub problem: String,
}

impl fmt::Display for SettingsIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

/// Settings that no market can be made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsError {
    /// Everything that is wrong, never empty in an error that was returned.
    pub issues: Vec<SettingsIssue>,
}

impl SettingsError {
    pub(crate) fn add(&mut self, key: impl Into<String>, problem: impl fmt::Display) {
        self.issues.push(SettingsIssue {
            key: key.into(),
            problem: problem.to_string(),
        });
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, issue) in self.issues.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{issue}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}
