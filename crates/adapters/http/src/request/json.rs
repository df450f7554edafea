//! One JSON object, read without losing a digit or a duplicate.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::wire::problem::Problem;

/// A member's value, as it was sent. Numbers and lists stay text; what is inside of an object is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// A list, as it was written.
    Array(&'a str),
    /// An object.
    Object,
}

impl Sent<'_> {
    /// What it is, for people.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object => "an object",
        }
    }
}

/// The members of an object, in order, duplicates included.
pub type Members<'a> = Vec<(Cow<'a, str>, Sent<'a>)>;

/// Reads the one object that the bytes must be.
///
/// # Errors
/// A problem that says where the text stops being JSON, and in which member if that is known.
pub fn read_object(bytes: &[u8]) -> Result<Members<'_>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::malformed_json("the body is not UTF-8"))?;
    if text.trim_ascii().is_empty() {
        return Err(Problem::malformed_json(
            "the body is empty; a JSON object is expected",
        ));
    }
    let member = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_map(ObjectVisitor { member: &member });
    let read = read.and_then(|members| reader.end().map(|()| members));
    read.map_err(|error| malformed(&error, member.into_inner()))
}

fn malformed(error: &serde_json::Error, member: Option<String>) -> Problem {
    match member {
        Some(member) => {
            Problem::malformed_json(format!("in {member}: {error}")).field(&member, "is not JSON")
        }
        None if error.is_data() => Problem::malformed_json("a JSON object is expected"),
        None => Problem::malformed_json(error.to_string()),
    }
}

struct ObjectVisitor<'m> {
    /// The member being read, so that an error can name it.
    member: &'m RefCell<Option<String>>,
}

impl<'de> Visitor<'de> for ObjectVisitor<'_> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(name) = map.next_key_seed(TextSeed)? {
            let raw: Result<&'de RawValue, _> = map.next_value();
            let value = raw.and_then(|raw| value(raw).map_err(serde::de::Error::custom));
            match value {
                Ok(value) => members.push((name, value)),
                Err(error) => {
                    *self.member.borrow_mut() = Some(name.into_owned());
                    return Err(error);
                }
            }
        }
        Ok(members)
    }
}

/// What a raw value is; its text is known to be JSON.
fn value(raw: &RawValue) -> Result<Sent<'_>, serde_json::Error> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'n') => Sent::Null,
        Some(b't') => Sent::Bool(true),
        Some(b'f') => Sent::Bool(false),
        Some(b'[') => Sent::Array(text),
        Some(b'{') => Sent::Object,
        Some(b'"') => Sent::Text(TextSeed.deserialize(&mut serde_json::Deserializer::from_str(text))?),
        Some(_) | None => Sent::Number(text),
    })
}

/// A string that is borrowed when it holds no escapes.
struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit_and_duplicates_stay() {
        let members =
            read_object(br#" {"a": 1.10e-7, "b":"x\ty", "a": null, "c":[1,{"a":2}], "d":{}, "e":true} "#);
        assert_eq!(
            members.unwrap(),
            [
                ("a".into(), Sent::Number("1.10e-7")),
                ("b".into(), Sent::Text("x\ty".into())),
                ("a".into(), Sent::Null),
                ("c".into(), Sent::Array(r#"[1,{"a":2}]"#)),
                ("d".into(), Sent::Object),
                ("e".into(), Sent::Bool(true)),
            ]
        );
    }

    #[test]
    fn what_is_not_json_is_said_with_the_member_it_is_in() {
        for (text, expected) in [
            (
                &b"{\"amountIn\": NaN}"[..],
                "in amountIn: expected value at line 1 column 14",
            ),
            (
                b"{\"amountIn\": 1,",
                "EOF while parsing a value at line 1 column 15",
            ),
            (
                b"{\"amountIn\": ",
                "in amountIn: EOF while parsing a value at line 1 column 13",
            ),
            (
                b"{\"a\": \"\\ud800\"}",
                "in a: unexpected end of hex escape at line 1 column 8",
            ),
            (b"{\"a\": 01}", "in a: invalid number at line 1 column 8"),
            (b"{} {}", "trailing characters at line 1 column 4"),
            (b"[]", "a JSON object is expected"),
            (b"\"x\"", "a JSON object is expected"),
            (b" ", "the body is empty; a JSON object is expected"),
            (b"{\"a\": \"\xff\"}", "the body is not UTF-8"),
        ] {
            let problem = read_object(text).unwrap_err().into_message();
            let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
            assert_eq!(problem["code"], "malformed_json");
            assert_eq!(problem["detail"], expected, "{}", text.escape_ascii());
        }
    }
}
