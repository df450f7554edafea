//! The extractor that authenticates a request: it checks the credential for the scope that the endpoint requires, and
//! describes itself for the API's document. An endpoint without it has no principal, and so no way to any order.

use std::marker::PhantomData;
use std::sync::Arc;

use order_application::AccessError;
use order_core::access::Scope;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::credential::{self, Credential, in_headers, in_headers_or_query};
use super::{Principal, unauthorized};
use crate::context::ApiContext;
use crate::handshake;
use crate::negotiation::wants_events;
use crate::wire::problem::Problem;

/// The names of the ways in, as the document has them.
const KEY: &str = "ApiKey";
const BEARER: &str = "Bearer";
const TICKET: &str = "Ticket";

/// What an endpoint asks for.
pub trait RequiredScope: Send + Sync + 'static {
    /// What the key must be good for; none if that depends on the request, and the endpoint asks itself.
    const SCOPE: Option<Scope>;
    /// Whether a ticket opens the endpoint, too: for a WebSocket or an event stream, to which a browser brings no headers.
    const TICKETS: bool = false;
}

/// Placing, cancelling and replacing.
pub struct Trade;

impl RequiredScope for Trade {
    const SCOPE: Option<Scope> = Some(Scope::Trade);
}

/// Reading, and asking for quotes.
pub struct Read;

impl RequiredScope for Read {
    const SCOPE: Option<Scope> = Some(Scope::Read);
}

/// Watching, from a browser too.
pub struct Watch;

impl RequiredScope for Watch {
    const SCOPE: Option<Scope> = Some(Scope::Read);
    const TICKETS: bool = true;
}

/// Whatever the endpoint then asks for, from a browser too.
pub struct AnyScope;

impl RequiredScope for AnyScope {
    const SCOPE: Option<Scope> = None;
    const TICKETS: bool = true;
}

/// Nothing but a good key.
pub struct AnyKey;

impl RequiredScope for AnyKey {
    const SCOPE: Option<Scope> = None;
}

/// Somebody who was let in.
pub struct Authenticated<P> {
    /// Who it is.
    pub who: Principal,
    scope: PhantomData<fn() -> P>,
}

impl<'a, P: RequiredScope> ApiExtractor<'a> for Authenticated<P> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(KEY, by_parameter("header", "X-API-Key", "`id.secret`."));
        registry.create_security_scheme(
            BEARER,
            MetaSecurityScheme {
                scheme: Some("bearer"),
                ..scheme("http", "The same key, as `Authorization: Bearer id.secret`.")
            },
        );
        if P::TICKETS {
            let what = "A ticket of `POST /api/tickets`, good once: for WebSockets and event streams of browsers, \
                        which can set no header.";
            registry.create_security_scheme(TICKET, by_parameter("query", credential::TICKET, what));
        }
    }

    fn security_schemes() -> Vec<&'static str> {
        if P::TICKETS {
            vec![KEY, BEARER, TICKET]
        } else {
            vec![KEY, BEARER]
        }
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self {
            who: authenticate::<P>(request).await?,
            scope: PhantomData,
        })
    }
}

/// Lets in who may pass.
///
/// # Errors
/// A problem.
async fn authenticate<P: RequiredScope>(request: &Request) -> Result<Principal, Problem> {
    // Every route has it; without it nobody is let in.
    let context: &Arc<ApiContext> = request.data().ok_or_else(Problem::internal)?;
    let streams = || handshake::is_complete(request) || wants_events(request.headers());
    let shown = if P::TICKETS && streams() {
        in_headers_or_query(request)
    } else {
        in_headers(request.headers())
    };
    let who = principal(context, shown).await?;
    if let Some(scope) = P::SCOPE {
        who.may(scope)?;
    }
    Ok(who)
}

/// Lets in who may read what concerns all owners.
///
/// # Errors
/// A problem.
pub async fn admin(context: &ApiContext, request: &Request) -> Result<(), Problem> {
    principal(context, in_headers(request.headers()))
        .await?
        .may(Scope::Admin)
}

async fn principal(context: &ApiContext, shown: Credential) -> Result<Principal, Problem> {
    let Some(authenticator) = &context.settings.auth else {
        return Ok(Principal::Anonymous);
    };
    let access = match shown {
        Credential::Key(key) => authenticator.by_key(&key).await,
        Credential::Ticket(ticket) => authenticator.by_ticket(&ticket).await,
        Credential::Nothing | Credential::Malformed => Err(AccessError::Refused),
    };
    access
        .map(Principal::KeyHolder)
        .map_err(|error| unauthorized(&error))
}

fn by_parameter(place: &'static str, name: &'static str, description: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme {
        name: Some(name),
        key_in: Some(place),
        ..scheme("apiKey", description)
    }
}

fn scheme(ty: &'static str, description: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty,
        description: Some(description),
        name: None,
        key_in: None,
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}
