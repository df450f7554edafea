//! The names of venues, and the registry of those that orders may be routed to.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest name of a venue, in bytes.
pub const MAX_VENUE_NAME: usize = 16;

/// A venue, by its name: 1 to 16 ASCII letters, digits, `-` and `_`. It is shown as it was configured; two names that
/// differ in case alone are the same.
#[derive(Clone, Copy)]
pub struct VenueId {
    /// The name, and zeros behind it.
    bytes: [u8; MAX_VENUE_NAME],
}

/// A text that is no name of a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a venue's name (1 to 16 letters, digits, '-' and '_')")]
pub struct InvalidVenueId;

impl VenueId {
    /// A name that stands in the code. In a constant, one that is none does not compile.
    ///
    /// # Panics
    /// When the text is no name.
    pub const fn literal(name: &'static str) -> Self {
        assert!(is_name(name.as_bytes()), "is not a venue's name");
        Self::of(name.as_bytes())
    }

    const fn of(name: &[u8]) -> Self {
        let mut bytes = [0; MAX_VENUE_NAME];
        let mut index = 0;
        while index < name.len() {
            bytes[index] = name[index];
            index += 1;
        }
        Self { bytes }
    }

    /// The name as it was configured.
    pub fn as_str(&self) -> &str {
        let name = self.bytes.split(|byte| *byte == 0).next();
        let text = name.and_then(|name| std::str::from_utf8(name).ok());
        debug_assert!(text.is_some(), "only ASCII is ever stored");
        text.unwrap_or_default()
    }

    /// What names are compared by.
    const fn folded(&self) -> [u8; MAX_VENUE_NAME] {
        let mut folded = self.bytes;
        folded.make_ascii_lowercase();
        folded
    }
}

const fn is_name(name: &[u8]) -> bool {
    let mut index = 0;
    while index < name.len() {
        if !name[index].is_ascii_alphanumeric() && !matches!(name[index], b'-' | b'_') {
            return false;
        }
        index += 1;
    }
    index > 0 && index <= MAX_VENUE_NAME
}

impl PartialEq for VenueId {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.eq_ignore_ascii_case(&other.bytes)
    }
}

impl Eq for VenueId {}

impl Hash for VenueId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl Ord for VenueId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(&other.folded())
    }
}

impl PartialOrd for VenueId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for VenueId {
    type Err = InvalidVenueId;

    fn from_str(text: &str) -> Result<Self, InvalidVenueId> {
        if is_name(text.as_bytes()) {
            Ok(Self::of(text.as_bytes()))
        } else {
            Err(InvalidVenueId)
        }
    }
}

impl fmt::Display for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for VenueId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for VenueId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// The venues that orders may be routed to.
#[derive(Clone, Debug, Default)]
pub struct VenueRegistry {
    venues: Vec<VenueId>,
}

impl FromIterator<VenueId> for VenueRegistry {
    fn from_iter<I: IntoIterator<Item = VenueId>>(venues: I) -> Self {
        let mut venues: Vec<_> = venues.into_iter().collect();
        venues.sort_unstable();
        venues.dedup();
        Self { venues }
    }
}

impl VenueRegistry {
    /// Finds a venue by its name, in any case.
    pub fn find(&self, name: &str) -> Option<VenueId> {
        let venue: VenueId = name.parse().ok()?;
        self.venues.iter().find(|known| **known == venue).copied()
    }

    /// All venues, by name.
    pub fn venues(&self) -> &[VenueId] {
        &self.venues
    }

    /// All names with commas between them, to be told to a person.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.venues.iter().map(VenueId::as_str).collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_is_found_in_any_case_and_shown_as_it_was_configured() {
        let registry: VenueRegistry = ["Orca", "Meteora", "orca"]
            .into_iter()
            .map(VenueId::literal)
            .collect();
        assert_eq!(registry.names(), "Meteora, Orca");
        let found = registry.find("oRCA").unwrap();
        assert_eq!(found.to_string(), "Orca");
        assert_eq!(serde_json::to_string(&found).unwrap(), "\"Orca\"");
        assert_eq!(registry.find("Raydium"), None);
    }

    #[test]
    fn a_name_is_short_and_plain() {
        assert_eq!(size_of::<VenueId>(), MAX_VENUE_NAME);
        for text in ["", "seventeen-letters", "Or ca", "Örca", "a.b", "a\0b"] {
            assert_eq!(text.parse::<VenueId>(), Err(InvalidVenueId), "{text:?}");
        }
        assert_eq!(
            "sixteen-letters_".parse::<VenueId>().unwrap().as_str(),
            "sixteen-letters_"
        );
    }
}
