//! The WebSocket doors: who may come in, and which conversation they get.

pub mod handshake;
mod session;
mod story;
mod submissions;

use std::sync::Arc;

use order_core::id::{OrderId, Owner};
use poem::{Request, Response};

use self::handshake::Offer;
use self::session::farewell;
use self::story::{AllOrders, OneOrder, broken};
use self::submissions::Submissions;
use crate::access::Principal;
use crate::doors::Doors;
use crate::guard::StreamPermit;
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
    doors: &Arc<Doors>,
    who: Principal,
    request: &Request,
    id: &str,
    after: &Query<Seq>,
) -> Result<Response, Problem> {
    let offer = handshake::required(request)?;
    let after = resume::after(after)?;
    let permit = doors.guard.stream(doors.guard.caller(request), who.owner())?;
    Ok(match id.parse() {
        Ok(id) => story(doors, who, offer, permit, id, after),
        Err(_) => offer.accept(doors, who, permit, |mut session| async move {
            session.close(farewell::UNKNOWN_ORDER).await
        }),
    })
}

/// The story of one order of theirs.
pub fn story(
    doors: &Arc<Doors>,
    who: Principal,
    offer: Offer,
    permit: StreamPermit,
    id: OrderId,
    after: u32,
) -> Response {
    let at = Arc::clone(doors);
    offer.accept(doors, who.clone(), permit, move |mut session| async move {
        match at.engine.watch(id, who.owner(), after).await {
            Ok(Some((_, watch))) => session.talk(OneOrder::new(watch, at, who, id)).await,
            Ok(None) => session.close(farewell::UNKNOWN_ORDER).await,
            Err(error) => {
                tracing::warn!(order_id = %id, error = &error as &dyn std::error::Error, "cannot watch");
                session.close(farewell::TRY_AGAIN).await;
            }
        }
    })
}

/// Watching all orders of an owner.
///
/// # Errors
/// A problem when this is no handshake or a parameter is wrong.
pub async fn all_orders(
    doors: &Arc<Doors>,
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
    let permit = doors.guard.stream(doors.guard.caller(request), Some(&owner))?;
    // Watched before the handshake is answered: what the client does next must not be missed.
    let watched = match after {
        None => Ok(doors.engine.watch_owner(Some(owner))),
        Some(after) => doors.engine.resume_owner(Some(owner), after).await,
    };
    Ok(offer.accept(doors, who, permit, move |mut session| async move {
        match watched {
            Ok(watch) => session.talk(AllOrders::new(watch)).await,
            Err(error) => session.close(broken(&error.into())).await,
        }
    }))
}

/// Submitting orders.
///
/// # Errors
/// A problem when this is no handshake or a parameter or header is wrong.
pub fn submissions(
    doors: &Arc<Doors>,
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
    let caller = doors.guard.caller(request);
    let permit = doors.guard.stream(caller, who.owner())?;
    let trace = trace_parent(request.headers());
    let talk = Submissions::new(Arc::clone(doors), who.clone(), caller, key, trace, after);
    Ok(offer.accept(doors, who, permit, move |mut session| async move {
        session.talk(talk).await
    }))
}
