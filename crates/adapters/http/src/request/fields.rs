//! Taking a body's members one by one: what is left at the end was not asked for.

use std::borrow::Cow;
use std::str::FromStr;

use order_core::decimal::Decimal;

use super::error::Errors;
use super::json::{Members, Value, read_object};
use crate::wire::problem::Problem;

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read<T> {
    /// It was not given, or given as null.
    Absent,
    /// It was given and is wrong; the errors say how.
    Bad,
    /// It was given.
    Given(T),
}

impl<T> Read<T> {
    /// The value, if it was given and is right.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Bad => None,
        }
    }

    /// The value as something else, or what is wrong with it.
    pub fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Read<U> {
        match self {
            Self::Absent => Read::Absent,
            Self::Bad => Read::Bad,
            Self::Given(value) => read(value).map_or(Read::Bad, Read::Given),
        }
    }

    /// Whether the field was given, right or wrong.
    pub const fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// The members of a body that have not been taken yet.
pub struct Fields<'a> {
    members: Members<'a>,
    /// Everything that is wrong so far.
    pub errors: Errors,
}

impl<'a> Fields<'a> {
    /// Reads a body that must be one JSON object.
    ///
    /// # Errors
    /// A problem when it is not.
    pub fn read(body: &'a [u8]) -> Result<Self, Problem> {
        Ok(Self {
            members: read_object(body)?,
            errors: Errors::default(),
        })
    }

    fn take(&mut self, name: &'static str) -> Option<Value<'a>> {
        let position = self.members.iter().position(|(given, _)| given == name)?;
        let (_, value) = self.members.remove(position);
        while let Some(again) = self.members.iter().position(|(given, _)| given == name) {
            self.members.remove(again);
            self.errors.invalid(name, "duplicate_field", "is given twice");
        }
        if value == Value::Null { None } else { Some(value) }
    }

    /// Refuses what nobody has taken.
    pub fn finish(&mut self) {
        for (name, _) in self.members.drain(..) {
            let name: String = name.chars().take(64).collect();
            self.errors.invalid(name, "unknown_field", "is not a known field");
        }
    }

    fn wrong_type(&mut self, name: &'static str, expected: &'static str, value: &Value<'_>) {
        self.errors.invalid(
            name,
            "wrong_type",
            format!("must be {expected}, not {}", value.kind()),
        );
    }

    /// A string.
    pub fn text(&mut self, name: &'static str) -> Read<Cow<'a, str>> {
        match self.take(name) {
            None => Read::Absent,
            Some(Value::Text(text)) => Read::Given(text),
            Some(other) => {
                self.wrong_type(name, "a string", &other);
                Read::Bad
            }
        }
    }

    /// True or false.
    pub fn boolean(&mut self, name: &'static str) -> Read<bool> {
        match self.take(name) {
            None => Read::Absent,
            Some(Value::Bool(value)) => Read::Given(value),
            Some(other) => {
                self.wrong_type(name, "true or false", &other);
                Read::Bad
            }
        }
    }

    /// A list of strings.
    pub fn texts(&mut self, name: &'static str) -> Read<Vec<String>> {
        let expected = "a list of strings";
        match self.take(name) {
            None => Read::Absent,
            Some(Value::Array(text)) => match serde_json::from_str(text) {
                Ok(texts) => Read::Given(texts),
                Err(_) => {
                    self.errors
                        .invalid(name, "wrong_type", format!("must be {expected}"));
                    Read::Bad
                }
            },
            Some(other) => {
                self.wrong_type(name, expected, &other);
                Read::Bad
            }
        }
    }

    /// A string that must be there.
    pub fn required_text(&mut self, name: &'static str) -> Read<Cow<'a, str>> {
        let text = self.text(name);
        if text == Read::Absent {
            self.missing(name);
            return Read::Bad;
        }
        text
    }

    /// A field that must be there is not.
    pub fn missing(&mut self, name: &'static str) {
        self.errors.invalid(name, "required", "is required");
    }

    /// A string or a number, as it was written.
    pub fn scalar(&mut self, name: &'static str, expected: &'static str) -> Read<Cow<'a, str>> {
        match self.take(name) {
            None => Read::Absent,
            Some(Value::Text(text)) => Read::Given(text),
            Some(Value::Number(text)) => Read::Given(Cow::Borrowed(text)),
            Some(other @ (Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object)) => {
                self.wrong_type(name, expected, &other);
                Read::Bad
            }
        }
    }

    /// A decimal, as a string or a number.
    pub fn decimal(&mut self, name: &'static str) -> Read<Decimal> {
        self.scalar(name, "a decimal as string or number")
            .and_then(|text| {
                Decimal::parse_number(&text)
                    .inspect_err(|error| self.errors.decimal(name, *error))
                    .ok()
            })
    }

    /// A string that must parse.
    pub fn parsed<T: FromStr<Err: ToString>>(&mut self, name: &'static str, code: &'static str) -> Read<T> {
        self.text(name).and_then(|text| {
            text.parse()
                .inspect_err(|error: &T::Err| self.errors.invalid(name, code, error.to_string()))
                .ok()
        })
    }

    /// One of these names, in any case.
    pub fn one_of<T: Copy>(&mut self, name: &'static str, names: &[(&'static str, T)]) -> Read<T> {
        self.text(name).and_then(|text| {
            let found = names.iter().find(|(known, _)| known.eq_ignore_ascii_case(&text));
            if found.is_none() {
                let known: Vec<_> = names.iter().map(|(known, _)| *known).collect();
                self.errors.invalid(
                    name,
                    "invalid_value",
                    format!("must be one of {}", known.join(", ")),
                );
            }
            found.map(|(_, value)| *value)
        })
    }

    /// One value under two names: both may be given when they agree.
    pub fn alias<T: PartialEq>(
        &mut self,
        (name, value): (&'static str, Read<T>),
        (other_name, other): (&'static str, Read<T>),
    ) -> Read<T> {
        match (value, other) {
            (value, Read::Absent) => value,
            (Read::Absent, other) => other,
            (Read::Bad, _) | (_, Read::Bad) => Read::Bad,
            (Read::Given(value), Read::Given(other)) if value == other => Read::Given(value),
            (Read::Given(_), Read::Given(_)) => {
                self.errors.invalid(
                    name,
                    "alias_conflict",
                    format!("contradicts its other name {other_name}"),
                );
                self.errors.invalid(
                    other_name,
                    "alias_conflict",
                    format!("contradicts its other name {name}"),
                );
                Read::Bad
            }
        }
    }
}
