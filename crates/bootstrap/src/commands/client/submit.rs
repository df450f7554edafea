//! `submit`: places an order, and follows it to its end.

use clap::Args;
use serde_json::{Map, Value};

use super::connection::{ClientError, Connection};
use super::{Outcome, followed, tell};
use crate::commands::args::ClientArgs;

/// Which order to place.
#[derive(Clone, Debug, Args)]
pub struct SubmitArgs {
    /// How much to pay, in the first token.
    pub amount: String,
    /// The token to pay with.
    pub token_in: String,
    /// The token to receive.
    pub token_out: String,
    /// market, limit, stop_limit or sniper.
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// How much worse than its quote it may execute, in percent.
    #[arg(long, value_name = "PERCENT")]
    pub slippage: Option<String>,
    /// Receive at least this much, instead of a slippage.
    #[arg(long, value_name = "AMOUNT")]
    pub min_out: Option<String>,
    /// Quote token per base token.
    #[arg(long, value_name = "PRICE")]
    pub limit_price: Option<String>,
    /// Quote token per base token.
    #[arg(long, value_name = "PRICE")]
    pub stop_price: Option<String>,
    /// Place a stop_limit order even if the market has passed its stop, so that it triggers at once.
    #[arg(long)]
    pub allow_immediate: bool,
    /// gtc, ioc, fok or gtd.
    #[arg(long, value_name = "NAME")]
    pub time_in_force: Option<String>,
    /// Until when, for gtd: RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub expires_at: Option<String>,
    /// Route it to these venues only, with commas between them; the engine lists them at /api/venues.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub venues: Vec<String>,
    /// low, normal or high.
    #[arg(long)]
    pub priority: Option<String>,
    /// Your own id of the order.
    #[arg(long, value_name = "ID")]
    pub client_order_id: Option<String>,
    /// The order's owner, where no API key says it.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Print the order's id once it is accepted, and do not wait for its end.
    #[arg(long)]
    pub detach: bool,
    /// Print every event as the engine sends it, one JSON object a line, and nothing else.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own members say what they are")]
    pub client: ClientArgs,
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
