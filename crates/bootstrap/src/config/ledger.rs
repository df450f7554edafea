//! Where venues that run in this process keep what they executed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};

/// The setting `market.ledger`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LedgerPlace {
    /// Nothing is set: beside a database, in a file that is named after it; nowhere without one.
    #[default]
    BesideDatabase,
    /// `"off"`: nowhere.
    Off,
    /// In this file.
    File(PathBuf),
}

impl LedgerPlace {
    /// The file, if one is set.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::BesideDatabase | Self::Off => None,
        }
    }
}

impl<'de> Deserialize<'de> for LedgerPlace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "" => Err(de::Error::custom("must be the name of a file, or \"off\"")),
            "off" => Ok(Self::Off),
            path => Ok(Self::File(path.into())),
        }
    }
}
