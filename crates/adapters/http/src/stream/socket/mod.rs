//! The WebSocket endpoints: who may come in, and which conversation they get.

pub mod handshake;
mod history;
mod session;
mod submissions;

use std::sync::Arc;

use order_core::id::{OrderId, Owner};
use poem::{Request, Response};

use self::handshake::Offer;
use self::history::{OrderEvents, OwnerEvents, broken};
use self::session::close_reason;
use self::submissions::Submissions;
use crate::access::Principal;
use crate::admission::StreamPermit;
use crate::api::ApiContext;
use crate::request::error::Errors;
use crate::request::order::{idempotency_key, trace_parent};
use crate::request::param::Query;
use crate::request::resume;
use crate::wire::problem::Problem;
use crate::wire::text::{Name, Seq};

/// Watching one order.
///
/// # Errors
/// A problem when this is no handshake or a parameter is wrong. An unknown order is told on the socket, since
/// a browser shows nobody the status of a refused handshake.
pub fn one_order(
    context: &Arc<ApiContext>,
    who: Principal,
    request: &Request,
    id: &str,
    after: &Query<Seq>,
) -> Result<Response, Problem> {
    let offer = handshake::required(request)?;
    let after = resume::after(after)?;
    let permit = context
        .admission
        .stream(context.admission.caller(request), who.owner())?;
    Ok(match id.parse() {
        Ok(id) => history(context, who, offer, permit, id, after),
        Err(_) => offer.accept(context, who, permit, |mut session| async move {
            session.close(close_reason::UNKNOWN_ORDER).await
        }),
    })
}

/// The history of one order of theirs.
pub fn history(
    context: &Arc<ApiContext>,
    who: Principal,
    offer: Offer,
    permit: StreamPermit,
    id: OrderId,
    after: u32,
) -> Response {
    let at = Arc::clone(context);
    offer.accept(context, who.clone(), permit, move |mut session| async move {
        match at.engine.watch(id, who.owner(), after).await {
            Ok(Some((_, watch))) => session.talk(OrderEvents::new(watch, at, who, id)).await,
            Ok(None) => session.close(close_reason::UNKNOWN_ORDER).await,
            Err(error) => {
                tracing::warn!(order_id = %id, error = &error as &dyn std::error::Error, "cannot watch");
                session.close(close_reason::TRY_AGAIN).await;
            }
        }
    })
}

/// Watching all orders of an owner.
///
/// # Errors
/// A problem when this is no handshake or a parameter is wrong.
pub async fn all_orders(
    context: &Arc<ApiContext>,
    who: Principal,
    request: &Request,
    owner: &Query<Name>,
    after: &Query<Seq>,
) -> Result<Response, Problem> {
    let offer = handshake::required(request)?;
    let after = resume::after_if_given(after)?;
    let named = owner.text().map(str::parse).transpose();
    let named = named.map_err(|error: order_core::id::InvalidName| {
        let mut errors = Errors::default();
        errors.invalid("userId", "invalid_value", error.to_string());
        errors.into_problem()
    })?;
    let owner = who.owner_or(named)?.unwrap_or_else(Owner::anonymous);
    let permit = context
        .admission
        .stream(context.admission.caller(request), Some(&owner))?;
    // Watched before the handshake is answered: what the client does next must not be missed.
    let watched = match after {
        None => Ok(context.engine.watch_owner(Some(owner))),
        Some(after) => context.engine.resume_owner(Some(owner), after).await,
    };
    Ok(offer.accept(context, who, permit, move |mut session| async move {
        match watched {
            Ok(watch) => session.talk(OwnerEvents::new(watch)).await,
            Err(error) => session.close(broken(&error.into())).await,
        }
    }))
}

/// Submitting orders.
///
/// # Errors
/// A problem when this is no handshake or a parameter or header is wrong.
pub fn submissions(
    context: &Arc<ApiContext>,
    who: Principal,
    request: &Request,
    after: &Query<Seq>,
) -> Result<Response, Problem> {
    let offer = handshake::required(request)?;
    let after = resume::after(after)?;
    let mut errors = Errors::default();
    let key = idempotency_key(request.headers(), &mut errors);
    if !errors.is_empty() {
        return Err(errors.into_problem());
    }
    let caller = context.admission.caller(request);
    let permit = context.admission.stream(caller, who.owner())?;
    let trace = trace_parent(request.headers());
    let talk = Submissions::new(Arc::clone(context), who.clone(), caller, key, trace, after);
    Ok(offer.accept(context, who, permit, move |mut session| async move {
        session.talk(talk).await
    }))
}
