//! `watch`: follows an order to its end.

use clap::Args;

use super::connection::{ClientError, Connection};
use super::{Outcome, followed};
use crate::commands::args::ClientArgs;

/// Which order to follow.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// The order's id, with or without its prefix.
    pub id: String,
    /// Leave out the events up to this one.
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: u64,
    /// Print every event as the engine sends it, one JSON object a line, and nothing else.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own members say what they are")]
    pub client: ClientArgs,
}

/// Follows an order to its end.
///
/// # Errors
/// [`ClientError`].
pub async fn watch(args: WatchArgs) -> Result<Outcome, ClientError> {
    let connection = Connection::new(&args.client)?;
    followed(&connection, &args.id, args.after, args.json).await
}
