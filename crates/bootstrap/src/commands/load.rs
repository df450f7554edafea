//! The load generator on the command line.

use std::io::IsTerminal;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use clap::{Args, ValueEnum};
use order_load::{Follow, LoadError, LoadOptions, LoadPace, OrderMix, Target};

use super::args::{KeyArg, duration};
use super::output::print;

/// Printed after the arguments by --help.
pub(crate) const LOAD_HELP: &str = "\
With --rate, latencies count from the time at which an order was due, so that a server that stalls is
charged for every order it keeps waiting. Without it, the requests that a stall kept from being sent
are added to the latencies of `submit`; the line below it shows them as measured.

The report goes to standard output, progress to standard error if that is a terminal. Ctrl-C ends the
run and prints what there is.

Examples:
  order-engine load --duration 30s
  order-engine load --rate 500 --watchers 1 --json
  order-engine load --in-flight 64 --connections 64 --follow feed
  order-engine load --order '3*{\"tokenIn\":\"SOL\",\"tokenOut\":\"USDC\",\"amountIn\":\"1\"}' \\
                    --order '{\"tokenIn\":\"USDC\",\"tokenOut\":\"ETH\",\"amountIn\":\"500\"}'

Exit status: 0 with a report, 1 when nothing was accepted or the run could not begin.";

/// Connections of a closed loop, if nothing else is said: as many orders are submitted at once.
const CLOSED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9);
/// Connections of an open loop: enough not to hold it up. They are opened when they are needed.
const OPEN: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99);

/// What to submit, how fast, and what to watch.
#[derive(Clone, Debug, Args)]
pub struct LoadArgs {
    /// The server: host and port, by plain HTTP.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    pub url: Target,
    /// The API key.
    #[command(flatten)]
    pub key: KeyArg,
    /// Submit so many orders a second, whatever the server does, and measure from the time each was due. Without
    /// it each connection submits its next order when it has the answer to its last.
    #[arg(long, value_name = "ORDERS")]
    pub rate: Option<NonZeroU32>,
    /// How many connections submit, one order at a time each [default: 10, with --rate up to 100].
    #[arg(long, value_name = "N")]
    pub connections: Option<NonZeroUsize>,
    /// Submit no further order while so many have not ended.
    #[arg(long, value_name = "N", conflicts_with = "rate")]
    pub in_flight: Option<NonZeroUsize>,
    /// How long orders are submitted that count.
    #[arg(long, default_value = "10s", value_parser = duration)]
    pub duration: Duration,
    /// How long orders are submitted before that.
    #[arg(long, default_value = "2s", value_parser = duration)]
    pub warm_up: Duration,
    /// How the ends of the orders become known.
    #[arg(long, value_enum, conflicts_with = "watchers")]
    pub follow: Option<FollowBy>,
    /// Follow each order by so many sockets of its own.
    #[arg(long, value_name = "N")]
    pub watchers: Option<NonZeroUsize>,
    /// An order to submit, as POST /api/orders/execute takes it; `3*{…}` counts as three. Several are submitted in
    /// turn. Without any: SOL for USDC and USDC for SOL.
    #[arg(long = "order", value_name = "JSON")]
    pub orders: Vec<String>,
    /// How long the last orders may take to end.
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub patience: Duration,
    /// The server is the Node peer of benches/peer, which names a few things differently.
    #[arg(long)]
    pub peer: bool,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How the ends of orders become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FollowBy {
    /// By the one socket that tells of all orders; the default.
    Feed,
    /// By a socket for each order, as --watchers 1; the default with --peer, which has no feed.
    Each,
    /// By reading all orders when the last one has ended: costs the server nothing while it works.
    Drain,
    /// Not at all.
    Nothing,
}

/// Why a load has nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailed {
    /// It could not begin.
    #[error(transparent)]
    Run(#[from] LoadError),
    /// An order cannot be submitted as it is written.
    #[error("--order")]
    Order(#[from] order_load::InvalidOrder),
    /// The API key cannot be sent.
    #[error("--api-key")]
    Key(#[from] order_load::InvalidKey),
    /// The report cannot be written.
    #[error("the report cannot be written")]
    Output(#[from] std::io::Error),
    /// The report has only errors to show.
    #[error("no order was accepted")]
    NothingAccepted,
}

impl LoadArgs {
    fn options(&self) -> Result<LoadOptions, LoadFailed> {
        let usual = if self.peer { FollowBy::Each } else { FollowBy::Feed };
        let follow = match (self.watchers, self.follow.unwrap_or(usual)) {
            (Some(watchers), _) => Follow::Each(watchers),
            (None, FollowBy::Feed) => Follow::Feed,
            (None, FollowBy::Each) => Follow::Each(NonZeroUsize::MIN),
            (None, FollowBy::Drain) => Follow::Drain,
            (None, FollowBy::Nothing) => Follow::Nothing,
        };
        let (pace, connections) = match self.rate {
            Some(rate) => (LoadPace::Open { rate }, OPEN),
            None => (
                LoadPace::Closed {
                    in_flight: self.in_flight,
                },
                CLOSED,
            ),
        };
        let target = match &self.key.api_key {
            Some(key) => self.url.clone().with_key(key)?,
            None => self.url.clone(),
        };
        Ok(LoadOptions {
            target: if self.peer { target.peer() } else { target },
            pace,
            connections: self.connections.unwrap_or(connections),
            warm_up: self.warm_up,
            duration: self.duration,
            follow,
            orders: OrderMix::parse(&self.orders)?,
            patience: self.patience,
            progress: std::io::stderr().is_terminal(),
        })
    }
}

/// Puts a server under load and prints what came of it; when `stop` is ready, what there is until then.
///
/// # Errors
/// [`LoadFailed`].
pub async fn load(args: &LoadArgs, stop: impl Future<Output = ()>) -> Result<(), LoadFailed> {
    let report = order_load::run(args.options()?, stop).await?;
    if args.json {
        let report = serde_json::to_string_pretty(&report).map_err(std::io::Error::from)?;
        print(report + "\n")?;
    } else {
        print(&report)?;
    }
    let nothing = report.orders.accepted + report.orders.warm_up == 0;
    if nothing && !report.interrupted {
        return Err(LoadFailed::NothingAccepted);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        args: LoadArgs,
    }

    fn options(args: &[&str]) -> LoadOptions {
        let words = ["load"].iter().chain(args);
        CommandLine::parse_from(words).args.options().unwrap()
    }

    #[test]
    fn a_closed_loop_of_ten_that_hears_the_feed_is_usual() {
        let usual = options(&[]);
        assert_eq!(usual.pace, LoadPace::Closed { in_flight: None });
        assert_eq!((usual.connections.get(), usual.follow), (10, Follow::Feed));
        assert_eq!(usual.orders, OrderMix::default());
    }

    #[test]
    fn a_rate_makes_an_open_loop() {
        let open = options(&["--rate=500", "--watchers=2"]);
        let rate = NonZeroU32::new(500).unwrap();
        assert_eq!(open.pace, LoadPace::Open { rate });
        assert_eq!(open.connections.get(), 100);
        assert_eq!(open.follow, Follow::Each(NonZeroUsize::new(2).unwrap()));
        assert!(CommandLine::try_parse_from(["load", "--rate=5", "--in-flight=3"]).is_err());
    }

    #[test]
    fn the_peer_has_no_feed() {
        let peer = options(&["--peer"]);
        assert!(peer.target.is_peer());
        assert_eq!(peer.follow, Follow::Each(NonZeroUsize::MIN));
        assert_eq!(options(&["--peer", "--follow=drain"]).follow, Follow::Drain);
    }
}
