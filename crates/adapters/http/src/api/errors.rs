//! What the engine's refusals are on the wire.

use order_application::{ControlError, SubmitError};
use order_core::order_types::NotApplicable;
use order_core::routing::RuledOut;
use order_ports::{AcceptError, StoreError};
use poem::http::StatusCode;

use crate::wire::problem::Problem;

fn unprocessable(code: &'static str, error: &impl ToString) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        code,
        "The request cannot be executed",
    )
    .detail(error.to_string())
}

/// The order's own limits are named where they rule out what there is, and the tokens where nothing is there.
fn not_traded(ruled_out: RuledOut, error: &SubmitError) -> Problem {
    let mut problem = unprocessable("pair_not_traded", error);
    if ruled_out.venues {
        problem = problem.field("venues", "leaves out the venues that trade this pair");
    }
    if ruled_out.max_legs {
        problem = problem.field(
            "maxLegs",
            "is too few: this pair is traded by way of another token, in two swaps or more",
        );
    }
    if ruled_out.any() {
        return problem;
    }
    problem
        .field("tokenIn", "has no pool with tokenOut on any venue")
        .field("tokenOut", "has no pool with tokenIn on any venue")
}

/// Why an order was not accepted.
pub fn not_accepted(error: SubmitError) -> Problem {
    match &error {
        SubmitError::Expired => {
            unprocessable("already_expired", &error).field("expiresAt", "must lie in the future")
        }
        SubmitError::NoPool(ruled_out) => not_traded(*ruled_out, &error),
        SubmitError::TooLarge { capacity } => unprocessable("amount_exceeds_liquidity", &error).field(
            "amountIn",
            format!("is more than the pools can take, which is {capacity} in all"),
        ),
        SubmitError::WouldTrigger { market, .. } => unprocessable("would_trigger", &error).field(
            "stopPrice",
            format!("has been reached already, at {market}; with allowImmediate it may trigger at once"),
        ),
        SubmitError::TooManyOpen { .. } => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_open_orders",
            "Too many open orders",
        )
        .detail(error.to_string())
        .retry_after(1),
        SubmitError::Draining => Problem::shutting_down(),
        SubmitError::Accept(AcceptError::KeyReused(first)) => unprocessable("idempotency_key_reused", &error)
            .field("Idempotency-Key", "was used for a different order")
            .with_order(*first),
        SubmitError::Accept(AcceptError::ClientOrderIdReused(first)) => {
            unprocessable("client_order_id_reused", &error)
                .field("clientOrderId", "was used for a different order")
                .with_order(*first)
        }
        SubmitError::Accept(AcceptError::Store(error)) => store_failed(error),
    }
}

/// Why an owner's decision was not carried out.
pub fn not_controlled(error: ControlError, id: &str) -> Problem {
    let conflict = |code, title| Problem::new(StatusCode::CONFLICT, code, title).detail(error.to_string());
    match &error {
        ControlError::NoSuchOrder => Problem::order_not_found(id),
        ControlError::TooLate(_) => conflict("not_cancellable", "The order cannot be cancelled"),
        ControlError::NotWaiting(_) => conflict("not_waiting", "The order does not wait"),
        ControlError::Busy => conflict("order_busy", "The order is being worked on").retry_after(1),
        ControlError::OtherVersion(_) => Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "version_mismatch",
            "The order has another version",
        )
        .detail(error.to_string())
        .field("If-Match", "is not the order's version"),
        ControlError::NotApplicable(NotApplicable { field, reason }) => {
            unprocessable("not_applicable", &error).field(field, *reason)
        }
        ControlError::Store(error) => store_failed(error),
    }
}

/// What the store's failure is to a client.
pub fn store_failed(error: &StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the store is unavailable"
            );
            Problem::store_unavailable()
        }
        StoreError::Corrupt(_) => {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "the store is not as expected"
            );
            Problem::internal()
        }
    }
}
