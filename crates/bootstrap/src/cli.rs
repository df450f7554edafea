//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::config::Role;
use crate::load::LoadArgs;

const ENVIRONMENT: &str = "\
Settings come from the defaults, then the file, then the environment; later ones win.
The repository's config/default.toml lists every setting with its default and its meaning.

Environment:
  ORDER_ENGINE_CONFIG        the file, as --config
  ORDER_ENGINE__SECTION__KEY any setting, e.g. ORDER_ENGINE__QUEUE__CONCURRENCY=10,
                             ORDER_ENGINE__LOG__FORMAT=json, ORDER_ENGINE__VENUES__PROFILE=instant
  PORT, HOST                 where to listen (default 3000 on all interfaces)
  DATABASE_URL               keep orders in Postgres: postgres://user:password@host:5432/database
  POSTGRES_HOST              the same in parts, with POSTGRES_PORT, POSTGRES_USER,
                             POSTGRES_PASSWORD, POSTGRES_DB
  REDIS_URL                  queue and notices on Redis: redis://:password@host:6379 (or rediss://);
                             needs Postgres as well
  REDIS_HOST                 the same in parts, with REDIS_PORT, REDIS_USERNAME, REDIS_PASSWORD
  VENUE_URL                  execute at a venue server: http://host:4000
  RUST_LOG                   what to log, as log.filter: info, debug, order_application=debug, …

Without DATABASE_URL and REDIS_URL everything lives in memory and is forgotten at exit.

Exit status: 0 after an orderly stop, 1 when something failed, 2 for a mistake in the configuration.";

const VERDICT: &str = "\
Reads the database (DATABASE_URL) and the venues' ledger (VENUE_URL, or the file market.ledger),
and changes neither. queue.max_attempts must be what the engine runs with.

Exit status: 0 when every invariant holds, 1 when one does not or something cannot be read, 2 for a
mistake in the configuration.";

const LATENCIES: &str = "\
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

/// Takes swap orders, routes each to the venue that pays most, and streams its life.
#[derive(Debug, Parser)]
#[command(name = "order-engine", version, after_help = ENVIRONMENT, max_term_width = 100)]
pub struct Cli {
    /// A TOML file with settings.
    #[arg(long, value_name = "FILE", global = true, env = "ORDER_ENGINE_CONFIG")]
    pub config: Option<PathBuf>,

    /// What to do; `serve` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take orders, execute them, or both.
    #[command(after_help = ENVIRONMENT)]
    Serve(ServeArgs),
    /// Be the market: Raydium and Meteora as a server that several engines share by VENUE_URL.
    #[command(after_help = ENVIRONMENT)]
    Venue(VenueArgs),
    /// Bring the database up to date, then exit.
    #[command(after_help = ENVIRONMENT)]
    Migrate,
    /// Check the promise over everything that store and venues hold; the engine may be at work meanwhile.
    #[command(after_help = VERDICT)]
    Verify(VerifyArgs),
    /// Ask a running engine how it is; the exit status says whether it is well.
    Health {
        /// Whom to ask; by default the engine on this machine, at the configured port.
        #[arg(long)]
        url: Option<String>,
    },
    /// Put a server of the contract under load, and measure it.
    #[command(after_help = LATENCIES)]
    Load(LoadArgs),
    /// Print the OpenAPI document of the HTTP doors.
    Openapi,
}

/// How to serve.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ServeArgs {
    /// Which part of the work this process does.
    #[arg(long, value_enum, default_value_t)]
    pub role: Role,
}

/// How to be the market. What it is like, its pools, prices and faults, is the section [venues].
#[derive(Clone, Debug, Args)]
pub struct VenueArgs {
    /// Where to listen.
    #[arg(long, default_value_t = 4000)]
    pub port: u16,
    /// The file that keeps what was executed; without it, and without market.ledger, it is forgotten at exit.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Let anybody change prices, pools, faults and time: for tests.
    #[arg(long)]
    pub admin: bool,
}

/// What to check.
#[derive(Clone, Copy, Debug, Args)]
pub struct VerifyArgs {
    /// Nothing is under way any more: an order that has not come to its end is a violation too, unless it is
    /// visibly unknown.
    #[arg(long)]
    pub drained: bool,
    /// How far the clocks of the machines may be apart: retries are timed by the database, and told by the
    /// workers.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub clock_skew: Duration,
}

/// A duration as the configuration writes it.
pub(crate) fn duration(text: &str) -> Result<Duration, serde::de::value::Error> {
    humantime_serde::deserialize(serde::de::value::StrDeserializer::new(text))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_names_every_familiar_variable() {
        let help = Cli::command().render_long_help().to_string();
        for name in crate::config::familiar_names() {
            assert!(help.contains(name), "{name} is missing in: {help}");
        }
    }

    #[test]
    fn a_clock_skew_is_written_like_any_duration() {
        let skew = |text: &str| match Cli::try_parse_from(["order-engine", "verify", "--clock-skew", text]) {
            Ok(Cli {
                command: Some(Command::Verify(verify)),
                ..
            }) => Some(verify.clock_skew),
            Ok(_) | Err(_) => None,
        };
        assert_eq!(skew("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(skew("soon"), None);
    }

    #[test]
    fn serving_everything_is_the_default() {
        assert!(Cli::parse_from(["order-engine"]).command.is_none());
        let Some(Command::Serve(serve)) = Cli::parse_from(["order-engine", "serve"]).command else {
            panic!()
        };
        assert_eq!(serve.role, Role::All);
        let Some(Command::Serve(serve)) = Cli::parse_from(["order-engine", "serve", "--role=worker"]).command
        else {
            panic!()
        };
        assert_eq!(serve.role, Role::Worker);
    }
}
