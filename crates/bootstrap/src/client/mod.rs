//! The engine from the other side: placing an order, following it, and looking at the engine, from the shell.

mod connection;
mod follow;
mod tell;
mod top;

use std::process::ExitCode;

use serde_json::{Map, Value};

pub use connection::ClientError;
pub use top::{TopError, top};

use crate::cli::{SubmitArgs, WatchArgs};
use connection::Connection;
use follow::follow;
use tell::Printer;

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It executed.
    Confirmed,
    /// It did not execute and never will.
    Failed,
    /// It was taken back, or its time was up.
    Withdrawn,
    /// Nobody waited for its end.
    Accepted,
}

impl Outcome {
    /// The outcome that a terminal status stands for.
    fn of(status: &str) -> Option<Self> {
        match status {
            "confirmed" => Some(Self::Confirmed),
            "failed" => Some(Self::Failed),
            "cancelled" | "expired" => Some(Self::Withdrawn),
            _ => None,
        }
    }

    /// What a shell is told.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Confirmed | Self::Accepted => 0,
            Self::Failed => 1,
            Self::Withdrawn => 3,
        })
    }
}

/// Places an order, and follows it to its end unless told not to.
///
/// # Errors
/// [`ClientError`].
pub async fn submit(args: SubmitArgs) -> Result<Outcome, ClientError> {
    let connection = Connection::new(&args.client)?;
    let placed = connection.place(&order(&args)).await?;
    let id = placed["orderId"].as_str().ok_or(ClientError::Garbled)?;
    if args.detach {
        let line = if args.json {
            placed.to_string()
        } else {
            id.to_owned()
        };
        tell::line(&line);
        return Ok(Outcome::Accepted);
    }
    followed(&connection, id, 0, args.json).await
}

/// Follows an order to its end.
///
/// # Errors
/// [`ClientError`].
pub async fn watch(args: WatchArgs) -> Result<Outcome, ClientError> {
    let connection = Connection::new(&args.client)?;
    followed(&connection, &args.id, args.after, args.json).await
}

async fn followed(connection: &Connection, id: &str, after: u64, json: bool) -> Result<Outcome, ClientError> {
    let mut printer = Printer::new(id, json);
    let outcome = follow(connection, id, after, &mut printer).await;
    printer.end();
    outcome
}

/// The order as the API takes it. What was not said is left to the engine, which also judges what was.
fn order(args: &SubmitArgs) -> Value {
    let given = [
        ("tokenIn", Some(&args.token_in)),
        ("tokenOut", Some(&args.token_out)),
        ("amountIn", Some(&args.amount)),
        ("type", args.kind.as_ref()),
        ("slippage", args.slippage.as_ref()),
        ("minAmountOut", args.min_out.as_ref()),
        ("limitPrice", args.limit_price.as_ref()),
        ("stopPrice", args.stop_price.as_ref()),
        ("timeInForce", args.time_in_force.as_ref()),
        ("expiresAt", args.expires_at.as_ref()),
        ("priority", args.priority.as_ref()),
        ("clientOrderId", args.client_order_id.as_ref()),
        ("userId", args.user.as_ref()),
    ];
    let said = given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?.as_str()))));
    let mut order = said.collect::<Map<_, _>>();
    if !args.venues.is_empty() {
        order.insert("venues".to_owned(), args.venues.clone().into());
    }
    if args.allow_immediate {
        order.insert("allowImmediate".to_owned(), true.into());
    }
    Value::Object(order)
}
