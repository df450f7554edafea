//! How long orders live.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How long an order lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Good till cancelled.
    #[default]
    Gtc,
    /// Immediate or cancel: what can fill now, the rest not.
    Ioc,
    /// Fill or kill: all of it now, or nothing.
    Fok,
    /// Good till a date.
    Gtd(Timestamp),
}

impl TimeInForce {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gtc => "gtc",
            Self::Ioc => "ioc",
            Self::Fok => "fok",
            Self::Gtd(_) => "gtd",
        }
    }

    /// When it ends, by the store's clock, if it has an end.
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Gtd(until) => Some(until),
            Self::Gtc | Self::Ioc | Self::Fok => None,
        }
    }
}
