//! The venues as the table `[venues]` describes them: each a section, whose curve says what its pools look like.

use std::fmt;

use order_core::amm::CurveKind;
use order_core::token::TokenRegistry;
use order_core::venue::{InvalidVenueId, VenueId};
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::bins::BinsPool;
use super::constant_product::ConstantProductPool;
use super::{SettingsError, defaults};
use crate::pool::{ListedPool, PoolNames};

/// One venue: the section `[venues.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueSettings {
    /// The section's name.
    pub section: String,
    /// How it is shown; left out, the section's name with its first letter in upper case.
    pub name: Option<VenueId>,
    /// How its pools price.
    pub curve: CurveKind,
    /// The pools; left out, those that the section has by default.
    pub pools: Option<Vec<PoolSettings>>,
}

/// A pool on any curve. This is the one list of what pools look like in the configuration and to an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum PoolSettings {
    ConstantProduct(ConstantProductPool),
    Bins(BinsPool),
}

impl PoolSettings {
    /// Reads the pool of a venue with this curve.
    ///
    /// # Errors
    /// The deserializer's.
    pub fn read<'de, D: Deserializer<'de>>(curve: CurveKind, deserializer: D) -> Result<Self, D::Error> {
        match curve {
            CurveKind::ConstantProduct => Deserialize::deserialize(deserializer).map(Self::ConstantProduct),
            CurveKind::Bins => Deserialize::deserialize(deserializer).map(Self::Bins),
        }
    }

    /// How many blocks after the market's beginning it opens.
    pub(super) const fn opens_after_blocks(&self) -> u64 {
        match self {
            Self::ConstantProduct(pool) => pool.opens_after_blocks,
            Self::Bins(pool) => pool.opens_after_blocks,
        }
    }

    /// The pool, or what keeps it from opening.
    pub(crate) fn open(
        &self,
        venue: VenueId,
        key: &str,
        tokens: &TokenRegistry,
        names: &mut PoolNames,
        issues: &mut SettingsError,
    ) -> Option<ListedPool> {
        match self {
            Self::ConstantProduct(pool) => pool.open(venue, key, tokens, names, issues),
            Self::Bins(pool) => pool.open(venue, key, tokens, names, issues),
        }
    }
}

impl VenueSettings {
    /// A venue whose pools are those that its section has by default.
    pub(super) fn by_default(section: &str, curve: CurveKind) -> Self {
        Self {
            section: section.to_owned(),
            name: None,
            curve,
            pools: None,
        }
    }

    /// The venue's name.
    ///
    /// # Errors
    /// [`InvalidVenueId`] for a section that no venue can be called after.
    pub fn id(&self) -> Result<VenueId, InvalidVenueId> {
        self.name.map_or_else(|| capitalised(&self.section).parse(), Ok)
    }

    /// Its pools, as they are described.
    pub(super) fn described(&self, tokens: &TokenRegistry) -> Vec<PoolSettings> {
        match &self.pools {
            Some(pools) => pools.clone(),
            None => defaults::pools(&self.section, tokens),
        }
    }
}

fn capitalised(section: &str) -> String {
    let mut letters = section.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Reads a section; the curve may be left out where the section has one by default.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) curve: Option<CurveKind>,
}

impl<'de> DeserializeSeed<'de> for Section {
    type Value = VenueSettings;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<VenueSettings, D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// What a section may hold.
const FIELDS: &[&str] = &["name", "curve", "pools"];

impl<'de> Visitor<'de> for Section {
    type Value = VenueSettings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the section of a venue, with its curve and its pools")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<VenueSettings, A::Error> {
        let (mut name, mut curve, mut pools) = (None, self.curve, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => name = Some(map.next_value()?),
                "curve" if pools.is_some() => return Err(de::Error::custom("curve must stand before pools")),
                "curve" => curve = Some(map.next_value()?),
                "pools" => {
                    let curve = curve.ok_or_else(|| de::Error::missing_field("curve"))?;
                    pools = Some(map.next_value_seed(Pools(curve))?);
                }
                unknown => return Err(de::Error::unknown_field(unknown, FIELDS)),
            }
        }
        Ok(VenueSettings {
            section: self.name,
            name,
            curve: curve.ok_or_else(|| de::Error::missing_field("curve"))?,
            pools,
        })
    }
}

/// A list of pools of one curve.
struct Pools(CurveKind);

impl<'de> DeserializeSeed<'de> for Pools {
    type Value = Vec<PoolSettings>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Pools {
    type Value = Vec<PoolSettings>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pools")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut pools = Vec::new();
        while let Some(pool) = list.next_element_seed(Pool(self.0))? {
            pools.push(pool);
        }
        Ok(pools)
    }
}

/// A pool of one curve.
struct Pool(CurveKind);

impl<'de> DeserializeSeed<'de> for Pool {
    type Value = PoolSettings;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<PoolSettings, D::Error> {
        PoolSettings::read(self.0, deserializer)
    }
}
