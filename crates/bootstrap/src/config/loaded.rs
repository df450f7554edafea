//! A configuration that is read and checked.

use order_core::token::TokenRegistry;

use super::{Config, ConfigIssues, Inputs, Purpose, check, decode, layers};

impl Config {
    /// Reads all sources and checks the whole for this purpose.
    ///
    /// # Errors
    /// [`ConfigIssues`]: every one there is.
    pub fn load(inputs: &Inputs, purpose: Purpose) -> Result<Loaded, ConfigIssues> {
        let mut issues = Vec::new();
        let mut warnings = Vec::new();
        let layers = layers::merge(inputs, &mut issues, &mut warnings);
        let Some((config, repairs)) = decode::decode::<Self>(&layers, &mut issues) else {
            return Err(ConfigIssues(issues));
        };
        let tokens = check::check(&config, purpose, &layers, &repairs, &mut issues);
        if !issues.is_empty() {
            return Err(ConfigIssues(issues));
        }
        Ok(Loaded {
            config,
            tokens,
            warnings,
        })
    }
}

/// A configuration without mistakes.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The tokens that may be traded.
    pub tokens: TokenRegistry,
    /// What is odd but harmless, to be logged.
    pub warnings: Vec<String>,
}
