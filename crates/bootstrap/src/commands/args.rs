//! Arguments that several commands share.

use std::time::Duration;

use clap::Args;

/// What a caller shows to an engine that wants keys.
#[derive(Clone, Debug, Args)]
pub struct KeyArg {
    /// The API key, if the engine wants one. Better given by the environment, where no list of processes shows it.
    #[arg(
        long,
        env = "ORDER_ENGINE_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub api_key: Option<String>,
}

/// How to reach a running engine.
#[derive(Clone, Debug, Args)]
pub struct ClientArgs {
    /// Where the engine listens.
    #[arg(long, env = "ORDER_ENGINE_URL", default_value = "http://127.0.0.1:3000")]
    pub url: String,
    /// The API key.
    #[command(flatten)]
    pub key: KeyArg,
}

/// A duration as the configuration writes it.
pub(crate) fn duration(text: &str) -> Result<Duration, serde::de::value::Error> {
    humantime_serde::deserialize(serde::de::value::StrDeserializer::new(text))
}
