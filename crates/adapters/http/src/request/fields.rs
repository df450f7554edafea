//! A request's fields from one list: what the document says of each, and how each is read.
//!
//! `fields!` makes both of a struct whose members are [`Field`]s. A field keeps what was sent until an endpoint reads it,
//! so that errors come in the order in which the endpoint looks at its request, all of them at once.
//! Why it is so: `docs/decisions/0050-a-request-is-one-list-of-fields.md`.

use std::borrow::Cow;
use std::marker::PhantomData;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};

use super::error::{Errors, Refused};
use super::json::{Members, Sent, read_object};
use crate::wire::problem::Problem;
use crate::wire::text::Format;

/// What a field, a parameter or a header may say.
pub trait Value: Sized {
    /// How the document describes it.
    type Format: Format;

    /// Reads what was sent.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read(sent: &Sent<'_>) -> Result<Self, Refused>;
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// It was not given, or given as null.
    Absent,
    /// It was given and is wrong; the errors say how.
    Bad,
    /// It was given.
    Given(T),
}

impl<T> Parsed<T> {
    /// The value, if it was given and is right.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Bad => None,
        }
    }

    /// The value as something else, or what is wrong with it.
    pub fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Parsed<U> {
        match self {
            Self::Absent => Parsed::Absent,
            Self::Bad => Parsed::Bad,
            Self::Given(value) => read(value).map_or(Parsed::Bad, Parsed::Given),
        }
    }

    /// Whether the field was given, right or wrong.
    pub const fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// A field that says a `T`, as it was sent.
pub struct Field<'a, T, const REQUIRED: bool = false> {
    /// Its name on the wire.
    pub name: &'static str,
    sent: Option<Sent<'a>>,
    repeats: usize,
    value: PhantomData<fn() -> T>,
}

/// A field that must be there.
pub type Required<'a, T> = Field<'a, T, true>;

impl<'a, T: Value, const REQUIRED: bool> Field<'a, T, REQUIRED> {
    /// Takes the field out of the members of a request. Of a field that is repeated the first one counts.
    pub fn take(members: &mut Members<'a>, name: &'static str) -> Self {
        let mut sent = members
            .extract_if(.., |(given, _)| given == name)
            .map(|(_, sent)| sent);
        let first = sent.next();
        let repeats = sent.count();
        Self {
            name,
            sent: first.filter(|sent| *sent != Sent::Null),
            repeats,
            value: PhantomData,
        }
    }

    /// The field's value; what is wrong with it goes to the errors.
    pub fn read(self, errors: &mut Errors) -> Parsed<T> {
        for _ in 0..self.repeats {
            errors.invalid(self.name, "duplicate_field", "is given twice");
        }
        let read = match &self.sent {
            None if REQUIRED => {
                errors.missing(self.name);
                return Parsed::Bad;
            }
            None => return Parsed::Absent,
            Some(sent) => T::read(sent),
        };
        match read {
            Ok(value) => Parsed::Given(value),
            Err(refused) => {
                errors.refused(self.name, refused);
                Parsed::Bad
            }
        }
    }

    /// What the document says of it.
    pub fn described(name: &'static str, lines: &[&str]) -> FieldDoc {
        FieldDoc {
            name,
            description: described(lines),
            required: REQUIRED,
            schema: T::Format::schema_ref(),
            register: T::Format::register,
        }
    }
}

/// What the document says of a field.
pub struct FieldDoc {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it means.
    pub description: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it may be.
    pub schema: MetaSchemaRef,
    /// Describes what the schema refers to.
    pub register: fn(&mut Registry),
}

/// The lines of a comment as one text. It lives as long as the process, as the document does that is made of it.
pub fn described(lines: &[&str]) -> &'static str {
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    lines.join("\n").leak()
}

/// The fields of a request; made by `fields!`.
pub trait Fields {
    /// Its name in the document.
    const NAME: &'static str;
    /// The request as it was sent.
    type Sent<'a>;

    /// What it is.
    fn about() -> &'static str;

    /// What the document says of each field.
    fn described() -> Vec<FieldDoc>;

    /// An example of it, as JSON.
    fn example() -> &'static str;

    /// Takes the fields out of these members.
    fn take(members: Members<'_>) -> Self::Sent<'_>;

    /// Reads a body that must be one JSON object.
    ///
    /// # Errors
    /// A problem when it is not.
    fn of(body: &[u8]) -> Result<Self::Sent<'_>, Problem> {
        Ok(Self::take(read_object(body)?))
    }

    /// How the document describes a body of it. A field that may be missing may be null as well: that says the same.
    fn schema() -> MetaSchema {
        let fields = Self::described();
        MetaSchema {
            title: Some(Self::NAME.into()),
            description: Some(Self::about()),
            required: fields
                .iter()
                .filter(|field| field.required)
                .map(|field| field.name)
                .collect(),
            properties: fields
                .into_iter()
                .map(|field| {
                    let besides = MetaSchema {
                        description: Some(field.description),
                        nullable: !field.required,
                        ..MetaSchema::ANY
                    };
                    (field.name, field.schema.merge(besides))
                })
                .collect(),
            example: serde_json::from_str(Self::example()).ok(),
            ..MetaSchema::new("object")
        }
    }

    /// Describes it in the document, with all that it refers to.
    fn register(registry: &mut Registry)
    where
        Self: Sized,
    {
        for field in Self::described() {
            (field.register)(registry);
        }
        registry.create_schema::<Self, _>(Self::NAME.into(), |_| Self::schema());
    }
}

/// What no field of a request has taken.
pub struct Unknown<'a>(Members<'a>);

impl<'a> Unknown<'a> {
    /// The members that are left.
    pub const fn new(members: Members<'a>) -> Self {
        Self(members)
    }

    /// Those among these names that are there.
    pub fn among<'n>(
        &self,
        names: &'n [&'static str],
    ) -> impl Iterator<Item = &'static str> + use<'_, 'n, 'a> {
        let given = |name: &&&str| self.0.iter().any(|(given, _)| given == **name);
        names.iter().filter(given).copied()
    }

    /// What is left without these names, which something else reads.
    pub fn except(mut self, names: &[&str]) -> Self {
        self.0.retain(|(given, _)| !names.contains(&given.as_ref()));
        self
    }

    /// Refuses each by its name.
    fn refuse(self, errors: &mut Errors, code: &'static str, message: &'static str) {
        for (name, _) in self.0 {
            let name: String = name.chars().take(64).collect();
            errors.invalid(name, code, message);
        }
    }

    /// Refuses the parameters of a query that none of its own has taken.
    pub fn refuse_parameters(self, errors: &mut Errors) {
        self.refuse(errors, "unknown_parameter", "is not a known parameter");
    }

    /// Refuses the fields of a body that none of its own has taken.
    pub fn refuse_fields(self, errors: &mut Errors) {
        self.refuse(errors, "unknown_field", "is not a known field");
    }
}

/// Makes the fields of a request from one list: the struct that an endpoint reads, and what the document says of it.
macro_rules! fields {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $name:ident<$a:lifetime> as $shown:literal, such as $example:literal {
            $($(#[doc = $doc:literal])+ $field:ident $key:literal: $type:ty,)+
        }
    ) => {
        $(#[doc = $about])+
        $vis struct $name<$a> {
            $($(#[doc = $doc])+ pub $field: $type,)+
            /// What none of the fields is.
            pub unknown: $crate::request::fields::Unknown<$a>,
        }

        impl<$a> $name<$a> {
            fn described_fields() -> Vec<$crate::request::fields::FieldDoc> {
                vec![$(<$type>::described($key, &[$($doc),+])),+]
            }

            fn taken(mut members: $crate::request::json::Members<$a>) -> Self {
                Self {
                    $($field: <$type>::take(&mut members, $key),)+
                    unknown: $crate::request::fields::Unknown::new(members),
                }
            }
        }

        impl $crate::request::fields::Fields for $name<'static> {
            const NAME: &'static str = $shown;
            type Sent<$a> = $name<$a>;

            fn about() -> &'static str {
                $crate::request::fields::described(&[$($about),+])
            }

            fn described() -> Vec<$crate::request::fields::FieldDoc> {
                Self::described_fields()
            }

            fn example() -> &'static str {
                $example
            }

            fn take(members: $crate::request::json::Members<'_>) -> $name<'_> {
                $name::taken(members)
            }
        }
    };
}

pub(crate) use fields;

/// One value under two names: both may be given when they agree.
pub fn alias<T: PartialEq>(
    errors: &mut Errors,
    (name, value): (&'static str, Parsed<T>),
    (other_name, other): (&'static str, Parsed<T>),
) -> Parsed<T> {
    match (value, other) {
        (value, Parsed::Absent) => value,
        (Parsed::Absent, other) => other,
        (Parsed::Bad, _) | (_, Parsed::Bad) => Parsed::Bad,
        (Parsed::Given(value), Parsed::Given(other)) if value == other => Parsed::Given(value),
        (Parsed::Given(_), Parsed::Given(_)) => {
            for (name, other) in [(name, other_name), (other_name, name)] {
                let message = format!("contradicts its other name {other}");
                errors.invalid(name, "alias_conflict", message);
            }
            Parsed::Bad
        }
    }
}

/// A text as it was sent.
pub fn text<'s>(sent: &'s Sent<'_>) -> Result<&'s str, Refused> {
    match sent {
        Sent::Text(text) => Ok(text),
        other => Err(Refused::type_of(other, "a string")),
    }
}

/// A string or a number, as it was written.
pub fn scalar<'s>(sent: &'s Sent<'_>, expected: &'static str) -> Result<&'s str, Refused> {
    match sent {
        Sent::Text(text) => Ok(text),
        Sent::Number(text) => Ok(text),
        Sent::Null | Sent::Bool(_) | Sent::Array(_) | Sent::Object => Err(Refused::type_of(sent, expected)),
    }
}

/// One of these, by its name in any case.
pub fn one_of<T: Copy>(
    sent: &Sent<'_>,
    all: impl IntoIterator<Item = T>,
    name: impl Fn(T) -> &'static str,
) -> Result<T, Refused> {
    let text = text(sent)?;
    let mut names = Vec::new();
    for known in all {
        if name(known).eq_ignore_ascii_case(text) {
            return Ok(known);
        }
        names.push(name(known));
    }
    Err(Refused::invalid(format!("must be one of {}", names.join(", "))))
}

/// A text that must parse.
pub fn parsed<T: std::str::FromStr<Err: ToString>>(sent: &Sent<'_>) -> Result<T, Refused> {
    text(sent)?
        .parse()
        .map_err(|error: T::Err| Refused::invalid(error.to_string()))
}

/// A list of texts.
pub fn texts(sent: &Sent<'_>) -> Result<Vec<String>, Refused> {
    const EXPECTED: &str = "a list of strings";
    let Sent::Array(list) = sent else {
        return Err(Refused::type_of(sent, EXPECTED));
    };
    serde_json::from_str(list)
        .map_err(|_| Refused::new("wrong_type", Cow::from(format!("must be {EXPECTED}"))))
}
