//! Parameters of the query and the path, and headers: documented by what they mean, taken as text, so that a bad one is
//! refused in the service's own words.

use std::borrow::Cow;
use std::marker::PhantomData;

use http::{HeaderMap, HeaderValue};
use order_application::Expected;
use order_core::id::IdempotencyKey;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaOperationParam, MetaParamIn, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::error::{Errors, Refused};
use super::etag;
use super::fields::{FieldDoc, Fields, Value};
use super::json::{Members, Sent};
use crate::wire::problem::Problem;
use crate::wire::text::{self, Format};

/// The parameters of a query, unescaped.
pub fn pairs(request: &Request) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
}

/// The parameters of a query that have a value, each once, in the order in which they came. One that is repeated means
/// all its values, as if written with commas.
fn members(request: &Request) -> Members<'static> {
    let mut members = Members::new();
    for (name, value) in pairs(request).filter(|(_, value)| !str::is_empty(value)) {
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, Sent::Text(all))) => *all = format!("{all},{value}").into(),
            Some(_) | None => {
                let value = Sent::Text(value.into_owned().into());
                members.push((name.into_owned().into(), value));
            }
        }
    }
    members
}

/// A parameter of the query or a header of its own: its name, and what it says if it is there.
pub struct Single<T> {
    name: &'static str,
    read: Result<Option<T>, Refused>,
}

impl<T> Single<T> {
    /// Its value. One without a value is as good as none.
    ///
    /// # Errors
    /// A problem when it cannot be read.
    pub fn value(self) -> Result<Option<T>, Problem> {
        self.read.map_err(|refused| {
            let mut errors = Errors::default();
            errors.refused(self.name, refused);
            errors.into_problem()
        })
    }

    /// Its value, if it is there and right; what is wrong goes to the errors.
    pub fn read(self, errors: &mut Errors) -> Option<T> {
        self.read.unwrap_or_else(|refused| {
            errors.refused(self.name, refused);
            None
        })
    }
}

/// A parameter of the query, if it is there.
pub struct Query<T>(pub Single<T>);

impl<T: Value> Query<T> {
    /// The parameter of that name.
    pub fn of(request: &Request, name: &'static str) -> Self {
        let mut members = members(request).into_iter();
        let given = members.find(|(given, _)| given == name);
        let read = given.map(|(_, sent)| T::read(&sent)).transpose();
        Self(Single { name, read })
    }
}

impl<'a, T: Value + Send> ApiExtractor<'a> for Query<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::Format::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(T::Format::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self::of(request, options.name))
    }
}

/// All parameters of a query, from one list of fields. A parameter that is not in the list is refused where the list is
/// read: a filter with a typing error must not mean everything.
pub struct Parameters<T> {
    members: Members<'static>,
    fields: PhantomData<fn() -> T>,
}

impl<T: Fields> Parameters<T> {
    /// All parameters of that request.
    pub fn of(request: &Request) -> Self {
        Self {
            members: members(request),
            fields: PhantomData,
        }
    }

    /// The parameters as they were sent.
    pub fn take(self) -> T::Sent<'static> {
        T::take(self.members)
    }
}

impl<'a, T: Fields> ApiExtractor<'a> for Parameters<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        for field in T::described() {
            (field.register)(registry);
        }
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    /// One object, whose parts [`expanded`] makes the parameters of.
    fn param_schema_ref() -> Option<MetaSchemaRef> {
        let parameter = |field: FieldDoc| {
            let schema = MetaSchema {
                description: Some(field.description),
                all_of: vec![field.schema],
                ..MetaSchema::ANY
            };
            (field.name, MetaSchemaRef::Inline(Box::new(schema)))
        };
        Some(MetaSchemaRef::Inline(Box::new(MetaSchema {
            properties: T::described().into_iter().map(parameter).collect(),
            ..MetaSchema::new("object")
        })))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self::of(request))
    }
}

/// The parameters that one of an operation stands for: itself or, of [`Parameters`], each of the list.
pub fn expanded(parameter: MetaOperationParam) -> Vec<MetaOperationParam> {
    let properties = match parameter.schema {
        MetaSchemaRef::Inline(object) if !object.properties.is_empty() => object.properties,
        MetaSchemaRef::Inline(_) | MetaSchemaRef::Reference(_) => return vec![parameter],
    };
    let one = |(name, part): (&str, MetaSchemaRef)| {
        let MetaSchemaRef::Inline(mut part) = part else {
            return None;
        };
        Some(MetaOperationParam {
            name: name.into(),
            description: part.description.map(str::to_owned),
            schema: part.all_of.pop()?,
            style: parameter.style,
            ..parameter
        })
    };
    properties.into_iter().filter_map(one).collect()
}

/// A part of the path. By this name the macro of the endpoints knows it for one.
pub struct Path(pub String);

impl<'a> ApiExtractor<'a> for Path {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;
    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Path)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(String::schema_ref())
    }

    fn param_raw_type(&self) -> Option<&String> {
        Some(&self.0)
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<String>,
    ) -> Result<Self> {
        // The router leaves out what is not UTF-8 once it is unescaped. That is a text as well, though nothing
        // has it for its name.
        let text = request.raw_path_param(options.name).unwrap_or("\u{fffd}");
        Ok(Self(text.to_owned()))
    }
}

/// What a header may say.
pub trait HeaderField: Sized + Send {
    /// How the document describes it.
    type Format: Format;

    /// Reads the headers of that name; there is one at least.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read(values: &[&HeaderValue]) -> Result<Option<Self>, Refused>;
}

/// A header, if it is there.
pub struct Header<T>(pub Single<T>);

impl<T> Header<T> {
    /// A header of that name that is not there.
    pub const fn absent(name: &'static str) -> Self {
        Self(Single { name, read: Ok(None) })
    }
}

impl<T: HeaderField> Header<T> {
    /// The header of that name.
    pub fn of(headers: &HeaderMap, name: &'static str) -> Self {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        let read = if values.is_empty() {
            Ok(None)
        } else {
            T::read(&values)
        };
        Self(Single { name, read })
    }
}

impl<'a, T: HeaderField> ApiExtractor<'a> for Header<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = ();
    type ParamRawType = ();

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(T::Format::schema())))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self::of(request.headers(), options.name))
    }
}

/// What makes a repeated request the same one.
impl HeaderField for IdempotencyKey {
    type Format = text::Name;

    fn read(values: &[&HeaderValue]) -> Result<Option<Self>, Refused> {
        let key = match values {
            [key] => key.to_str().ok().and_then(|key| key.parse().ok()),
            _ => None,
        };
        let message = "must be given once, as 1 to 128 printable ASCII characters";
        key.map(Some).ok_or_else(|| Refused::invalid(message))
    }
}

/// The versions of an order that a request is meant for, or that its sender knows.
impl HeaderField for Expected {
    type Format = text::ETags;

    fn read(values: &[&HeaderValue]) -> Result<Option<Self>, Refused> {
        // Several headers of one name are one list.
        let values: Result<Vec<_>, _> = values.iter().map(|value| value.to_str()).collect();
        let message = "must be the ETag of the order, several with commas between them, or *";
        let read = values.ok().and_then(|values| etag::parse(&values.join(",")).ok());
        read.map(Some).ok_or_else(|| Refused::invalid(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_headers_are_one_list() {
        let mut headers = HeaderMap::new();
        let expected = |headers: &HeaderMap| Header::<Expected>::of(headers, "If-Match").0.read;
        assert_eq!(expected(&headers), Ok(None));
        headers.append("If-Match", HeaderValue::from_static("\"1\""));
        assert_eq!(expected(&headers), Ok(Some(Expected::OneOf(vec![1]))));
        headers.append("If-Match", HeaderValue::from_static("W/\"2\""));
        assert_eq!(expected(&headers), Ok(Some(Expected::OneOf(vec![1, 2]))));
        headers.append("If-Match", HeaderValue::from_static("*"));
        assert!(expected(&headers).is_err());
    }
}
