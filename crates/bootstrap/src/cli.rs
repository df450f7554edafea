//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::client::{CLIENT_HELP, SubmitArgs, TopArgs, WatchArgs};
use crate::commands::keys::{KEYS_HELP, KeysAction};
use crate::commands::load::{LOAD_HELP, LoadArgs};
use crate::commands::serve::ServeArgs;
use crate::commands::venue::VenueArgs;
use crate::commands::verify::{VERIFY_HELP, VerifyArgs};

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
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// Make API keys, list them, take them away.
    #[command(subcommand, after_help = KEYS_HELP)]
    Keys(KeysAction),
    /// Ask a running engine how it is; the exit status says whether it is well.
    Health {
        /// Whom to ask; by default the engine on this machine, at the configured port.
        #[arg(long)]
        url: Option<String>,
    },
    /// Put a server of the contract under load, and measure it.
    #[command(after_help = LOAD_HELP)]
    Load(LoadArgs),
    /// Place an order with a running engine, and follow it to its end.
    #[command(after_help = CLIENT_HELP)]
    Submit(Box<SubmitArgs>),
    /// Follow an order of a running engine to its end.
    #[command(after_help = CLIENT_HELP)]
    Watch(WatchArgs),
    /// Look at a running engine: rates, latencies, the queue, the last orders.
    Top(TopArgs),
    /// Print the OpenAPI document of the HTTP endpoints.
    Openapi,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::CommandFactory;

    use super::*;
    use crate::config::Role;

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
