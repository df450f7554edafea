//! The binary.

use std::process::ExitCode;

use clap::Parser;
use order_bootstrap::cli::{Cli, Command};
use order_bootstrap::commands::client::{self, ClientError, TopError};
use order_bootstrap::commands::serve::ServeArgs;
use order_bootstrap::commands::{health, keys, load, migrate, print, venue, verify};
use order_bootstrap::config::{Config, ConfigIssues, Inputs, Loaded, Purpose};
use order_bootstrap::{RunError, StartError, chain, run, signals, telemetry};
use tokio::runtime::{Builder, Runtime};

/// Something failed.
const FAILED: u8 = 1;
/// The configuration or the command line is wrong; also what clap exits with.
const MISCONFIGURED: u8 = 2;
/// The engine that was asked does not answer, or not as one does.
const UNANSWERED: u8 = 4;

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigIssues),
    #[error("the log")]
    Telemetry(#[from] telemetry::TelemetryError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Venue(#[from] venue::VenueServerError),
    #[error(transparent)]
    Migrate(#[from] StartError),
    #[error("not healthy")]
    Health(#[from] health::Unhealthy),
    #[error(transparent)]
    Keys(#[from] keys::KeysError),
    #[error(transparent)]
    Verify(#[from] verify::VerifyError),
    #[error(transparent)]
    Load(#[from] load::LoadFailed),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Top(#[from] TopError),
    #[error(transparent)]
    System(#[from] std::io::Error),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli
        .command
        .unwrap_or_else(|| Command::Serve(ServeArgs::default()));
    match perform(command, &Inputs::of_process(cli.config)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("order-engine: {}", chain(&error));
            ExitCode::from(error.exit_code())
        }
    }
}

fn perform(command: Command, inputs: &Inputs) -> Result<ExitCode, CommandError> {
    match command {
        Command::Serve(ServeArgs { role }) => logged(inputs, Purpose::Serve(role), |loaded| async move {
            Ok(run(loaded, role, signals::stop()).await?)
        })?,
        Command::Venue(args) => logged(inputs, Purpose::Venue, |loaded| async move {
            Ok(venue::serve_venue(loaded, args, signals::stop()).await?)
        })?,
        Command::Migrate => logged(inputs, Purpose::Migrate, |loaded| async move {
            Ok(migrate::migrate(&loaded.config).await?)
        })?,
        Command::Verify(args) => {
            let loaded = Config::load(inputs, Purpose::Verify)?;
            on_all_threads()?.block_on(verify::verify(&loaded, args))?;
        }
        Command::Keys(action) => {
            let loaded = Config::load(inputs, Purpose::Keys)?;
            on_all_threads()?.block_on(keys::keys(&loaded.config, action))?;
        }
        Command::Health { url } => {
            let loaded = Config::load(inputs, Purpose::Probe)?;
            let url = url.unwrap_or_else(|| health::own_health(&loaded.config));
            on_one_thread()?.block_on(health::probe(&url))?;
        }
        Command::Submit(args) => {
            let outcome = on_one_thread()?.block_on(client::submit(*args))?;
            return Ok(outcome.exit_code());
        }
        Command::Watch(args) => return Ok(on_one_thread()?.block_on(client::watch(args))?.exit_code()),
        Command::Top(args) => on_one_thread()?.block_on(client::top(args))?,
        // On one thread: the other processors are the server's.
        Command::Load(args) => on_one_thread()?.block_on(load::load(&args, signals::stop()))?,
        Command::Openapi => print(order_http::openapi_json())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Does the work with a log, which is complete when this returns.
fn logged<F>(inputs: &Inputs, purpose: Purpose, work: impl FnOnce(Loaded) -> F) -> Result<(), CommandError>
where
    F: Future<Output = Result<(), CommandError>>,
{
    let loaded = Config::load(inputs, purpose)?;
    let runtime = on_all_threads()?;
    let mut log = None;
    let done = runtime.block_on(async {
        let guard = telemetry::init(&loaded.config, purpose)?;
        let levels = guard.levels();
        log = Some(guard);
        let inputs = inputs.clone();
        signals::at_hangup(move || levels.read_again(&inputs, purpose));
        work(loaded).await
    });
    // Not in asynchronous code: it waits until everything is written.
    drop(log);
    done
}

fn on_all_threads() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

fn on_one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

impl CommandError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => MISCONFIGURED,
            Self::Client(error) | Self::Top(TopError::Client(error)) => match error {
                ClientError::Refused(_) => MISCONFIGURED,
                ClientError::Silent { .. } | ClientError::Garbled => UNANSWERED,
            },
            Self::Telemetry(_)
            | Self::Run(_)
            | Self::Venue(_)
            | Self::Migrate(_)
            | Self::Health(_)
            | Self::Keys(_)
            | Self::Verify(_)
            | Self::Load(_)
            | Self::Top(TopError::NoTerminal | TopError::Terminal(_))
            | Self::System(_) => FAILED,
        }
    }
}
