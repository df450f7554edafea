//! What the engine's refusals are on the wire.

use order_application::SubmitError;
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

/// Why an order was not accepted.
pub fn refused(error: SubmitError) -> Problem {
    match &error {
        SubmitError::UnsupportedKind(_) => {
            unprocessable("unsupported_order_type", &error).field("type", "is not supported")
        }
        SubmitError::UnsupportedTimeInForce(_) => unprocessable("unsupported_time_in_force", &error)
            .field("timeInForce", "does not apply to this order type"),
        SubmitError::NoPool => unprocessable("pair_not_traded", &error)
            .field("tokenIn", "has no pool with tokenOut on any venue")
            .field("tokenOut", "has no pool with tokenIn on any venue"),
        SubmitError::TooLarge { capacity } => unprocessable("amount_exceeds_liquidity", &error).field(
            "amountIn",
            format!("is more than the pools can take, which is {capacity} in all"),
        ),
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
