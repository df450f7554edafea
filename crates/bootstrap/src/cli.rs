//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use order_core::access::{KeyId, Scope};
use order_core::id::Owner;

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
  REDIS_URL                  queue and notifications on Redis: redis://:password@host:6379 (or rediss://);
                             needs Postgres as well
  REDIS_HOST                 the same in parts, with REDIS_PORT, REDIS_USERNAME, REDIS_PASSWORD
  VENUE_URL                  execute at a venue server: http://host:4000
  RUST_LOG                   what to log, as log.filter: info, debug, order_application=debug, …
  OTEL_EXPORTER_OTLP_ENDPOINT  where traces go, as telemetry.otlp_endpoint: http://localhost:4318

Without DATABASE_URL and REDIS_URL everything lives in memory and is forgotten at exit.

Exit status: 0 after an orderly stop, 1 when something failed, 2 for a mistake in the configuration.";

const VERDICT: &str = "\
Reads the database (DATABASE_URL) and the venues' ledger (VENUE_URL, or the file market.ledger, which
without a value is the one beside the database), and changes neither. queue.max_attempts must be what the engine runs with.

Exit status: 0 when every invariant holds, 1 when one does not or something cannot be read, 2 for a
mistake in the configuration.";

const KEYS: &str = "\
Keys are kept in the database (DATABASE_URL), as hashes, and are asked for where auth.mode is \"keys\". Without a
database they stand in the configuration: `create` then prints the entry for it to standard error.

The scopes: trade places, cancels and replaces; read reads, watches and asks for quotes; admin reads /metrics.

Exit status: 0 when it is done, 1 when there is no such key or the database fails, 2 for a mistake in the
configuration.";

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

const OUTCOMES: &str = "\
An order is sent with a key, so that it counts once however often it has to be sent. A stream that breaks is
taken up again where it broke.

Exit status: 0 confirmed (or accepted, with --detach), 1 failed, 2 refused or a mistake on the command line,
3 cancelled or expired, 4 the engine does not answer.";

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
    /// Be the market: the venues as a server that several engines share by VENUE_URL.
    #[command(after_help = ENVIRONMENT)]
    Venue(VenueArgs),
    /// Bring the database up to date, then exit.
    #[command(after_help = ENVIRONMENT)]
    Migrate,
    /// Check the promise over everything that store and venues hold; the engine may be at work meanwhile.
    #[command(after_help = VERDICT)]
    Verify(VerifyArgs),
    /// Make API keys, list them, take them away.
    #[command(subcommand, after_help = KEYS)]
    Keys(KeysAction),
    /// Ask a running engine how it is; the exit status says whether it is well.
    Health {
        /// Whom to ask; by default the engine on this machine, at the configured port.
        #[arg(long)]
        url: Option<String>,
    },
    /// Put a server of the contract under load, and measure it.
    #[command(after_help = LATENCIES)]
    Load(LoadArgs),
    /// Place an order with a running engine, and follow it to its end.
    #[command(after_help = OUTCOMES)]
    Submit(Box<SubmitArgs>),
    /// Follow an order of a running engine to its end.
    #[command(after_help = OUTCOMES)]
    Watch(WatchArgs),
    /// Look at a running engine: rates, latencies, the queue, the last orders.
    Top(TopArgs),
    /// Print the OpenAPI document of the HTTP endpoints.
    Openapi,
}

/// What to do with API keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeysAction {
    /// Make a key. It is printed once, and cannot be read back from anywhere.
    Create {
        /// Whose orders the key is about.
        #[arg(long, value_name = "NAME")]
        owner: Owner,
        /// What it is good for: trade, read or admin; may be given several times [default: trade and read].
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<Scope>,
        /// Print one JSON object in one line, `{"key":"id.secret"}`.
        #[arg(long)]
        json: bool,
    },
    /// List all keys, the oldest first; never their secrets.
    List {
        /// Print a JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Make a key good for nothing, for good. What was opened by it closes within two seconds.
    Revoke {
        /// The part of the key before the dot.
        id: KeyId,
    },
    /// Give a key another secret, which is printed once. The one before is good for nothing within two seconds.
    Rotate {
        /// The part of the key before the dot.
        id: KeyId,
        /// Print one JSON object in one line, `{"key":"id.secret"}`.
        #[arg(long)]
        json: bool,
    },
}

/// What a caller shows to an engine that wants keys.
#[derive(Clone, Debug, Args)]
pub struct KeyArg {
    /// The API key, if the engine wants one. Better given by the environment, where no list of processes shows it.
    #[arg(
        long,
        env = "ORDER_ENGINE_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub api_key: Option<String>,
}

/// How to reach a running engine.
#[derive(Clone, Debug, Args)]
pub struct ClientArgs {
    /// Where the engine listens.
    #[arg(long, env = "ORDER_ENGINE_URL", default_value = "http://127.0.0.1:3000")]
    pub url: String,
    /// The API key.
    #[command(flatten)]
    pub key: KeyArg,
}

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
    /// Whose order it is, where no API key says it.
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

/// How to look at an engine.
#[derive(Clone, Debug, Args)]
pub struct TopArgs {
    /// How often to ask it.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub interval: Duration,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own members say what they are")]
    pub client: ClientArgs,
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
