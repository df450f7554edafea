//! How the venues misbehave on purpose.

use std::collections::BTreeMap;

use order_core::failure::VenueError;
use serde::Deserialize;

use super::number::Ppm;

/// Faults, each with its probability. The default is a venue that never fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultSettings {
    /// How often a call fails with an error, by the error's code. Calls that an error does not fit are spared:
    /// a quote is never refused for its slippage, nor a transaction for an unknown pair.
    #[serde(alias = "errorRate")]
    pub error_rate: BTreeMap<VenueError, Ppm>,
    /// How often a transaction is taken and executed, and the answer lost.
    #[serde(alias = "acceptThenTimeout")]
    pub accept_then_timeout: Ppm,
    /// For how many blocks a transaction stays out of sight before it lands; 0 for none.
    #[serde(alias = "lateLandingBlocks")]
    pub late_landing_blocks: u64,
    /// Whether the venues cannot be reached at all.
    pub down: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_and_wire_name_the_same_faults() {
        let toml =
            "error_rate = { rate_limited = \"0.1\" }\naccept_then_timeout = 0.3\nlate_landing_blocks = 5";
        let json = r#"{"errorRate":{"rate_limited":0.1},"acceptThenTimeout":0.3,"lateLandingBlocks":5,"down":false}"#;
        let faults: FaultSettings = toml::from_str(toml).unwrap();
        assert_eq!(serde_json::from_str::<FaultSettings>(json).unwrap(), faults);
        assert_eq!(faults.error_rate[&VenueError::RateLimited].parts(), 100_000);
        assert!(serde_json::from_str::<FaultSettings>(r#"{"errorRate":{"tired":1}}"#).is_err());
        assert!(serde_json::from_str::<FaultSettings>(r#"{"dwon":true}"#).is_err());
    }
}
