//! Names of orders, owners and workers. Minting new ones is a port: it takes a clock and randomness.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An order's id: a UUID (version 7, so that ids sort by age), written `ORD-…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(Uuid);

/// A text that is no order id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an order id (ORD- and a UUID, or the UUID alone)")]
pub struct InvalidOrderId;

impl OrderId {
    /// The order of that UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The bare UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl FromStr for OrderId {
    type Err = InvalidOrderId;

    fn from_str(text: &str) -> Result<Self, InvalidOrderId> {
        let bare = match text.get(..4) {
            Some(prefix) if prefix.eq_ignore_ascii_case("ORD-") => &text[4..],
            _ => text,
        };
        // Only the hyphenated form: braces, URNs and bare hex would give one order many names.
        if bare.len() != 36 {
            return Err(InvalidOrderId);
        }
        Uuid::try_parse(bare).map(Self).map_err(|_| InvalidOrderId)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ORD-{}", self.0)
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One life of one worker process; a restarted worker is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub Uuid);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A name that a caller chose: 1 to 128 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

/// A text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_NAME} printable ASCII characters")]
pub struct InvalidName;

/// The longest name.
pub const MAX_NAME: usize = 128;

impl Name {
    /// The owner of orders that were placed without a user id or a key.
    pub const ANONYMOUS: &str = "anonymous";

    /// The owner of that name.
    pub fn anonymous() -> Self {
        Self(Self::ANONYMOUS.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let valid =
            (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName)
        }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The owner of the order.
pub type Owner = Name;

/// The caller's own id of an order, unique for the owner.
pub type ClientOrderId = Name;

/// What makes a repeated request the same request, unique for the owner.
pub type IdempotencyKey = Name;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_is_read_with_and_without_its_prefix() {
        let text = "ORD-01890a5d-ac96-774b-bcce-b302099a8057";
        let id: OrderId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(text[4..].parse(), Ok(id));
        for wrong in [
            "",
            "ORD-",
            "ORD-1",
            "ord",
            "01890a5dac96774bbcceb302099a8057",
            "ORD-ORD-",
            "€€€€",
        ] {
            assert_eq!(wrong.parse::<OrderId>(), Err(InvalidOrderId), "{wrong}");
        }
    }

    #[test]
    fn names_are_short_and_printable() {
        assert!("desk-1".parse::<Name>().is_ok());
        for wrong in [String::new(), "a\nb".into(), "é".into(), "x".repeat(129)] {
            assert_eq!(wrong.parse::<Name>(), Err(InvalidName), "{wrong}");
        }
    }
}
