//! A configuration that is read and checked.

use order_core::token::TokenRegistry;

use super::{Config, Inputs, Mistakes, Purpose, check, decode, layers};

impl Config {
    /// Reads all sources and checks the whole for this purpose.
    ///
    /// # Errors
    /// [`Mistakes`]: every one there is.
    pub fn load(inputs: &Inputs, purpose: Purpose) -> Result<Loaded, Mistakes> {
        let mut mistakes = Vec::new();
        let mut warnings = Vec::new();
        let layers = layers::lay(inputs, &mut mistakes, &mut warnings);
        let Some((config, repairs)) = decode::decode::<Self>(&layers, &mut mistakes) else {
            return Err(Mistakes(mistakes));
        };
        let tokens = check::check(&config, purpose, &layers, &repairs, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
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
