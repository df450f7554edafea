//! The binary.

use std::process::ExitCode;

use clap::Parser;
use order_bootstrap::cli::{Cli, Command, ServeArgs, VenueArgs, VerifyArgs};
use order_bootstrap::config::{Config, Inputs, Loaded, Purpose};
use order_bootstrap::{
    ClientError, LoadArgs, RunError, TopError, VenueOptions, VerifyOptions, chain, keys, load, migrate,
    own_health, print, probe, run, serve_venue, signals, submit, telemetry, top, verify, watch,
};

/// Something failed.
const FAILED: u8 = 1;
/// The configuration or the command line is wrong; also what clap exits with.
const MISCONFIGURED: u8 = 2;
/// The engine that was asked does not answer, or not as one does.
const UNANSWERED: u8 = 4;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let inputs = Inputs::of_process(cli.config);
    match cli
        .command
        .unwrap_or_else(|| Command::Serve(ServeArgs::default()))
    {
        Command::Serve(ServeArgs { role }) => logged(&inputs, Purpose::Serve(role), |loaded| {
            run(loaded, role, signals::stop())
        }),
        Command::Venue(VenueArgs { port, ledger, admin }) => logged(&inputs, Purpose::Venue, |loaded| {
            serve_venue(loaded, VenueOptions { port, ledger, admin }, signals::stop())
        }),
        Command::Migrate => logged(&inputs, Purpose::Migrate, |loaded| async move {
            Ok(migrate(&loaded.config).await?)
        }),
        Command::Verify(VerifyArgs { drained, clock_skew }) => {
            let options = VerifyOptions { drained, clock_skew };
            run_silent(&inputs, Purpose::Verify, |loaded| async move {
                Ok(verify(&loaded, options).await?)
            })
        }
        Command::Keys(action) => run_silent(&inputs, Purpose::Keys, |loaded| async move {
            Ok(keys(&loaded.config, action).await?)
        }),
        Command::Health { url } => run_silent(&inputs, Purpose::Probe, |loaded| async move {
            Ok(probe(&url.unwrap_or_else(|| own_health(&loaded.config))).await?)
        }),
        Command::Submit(args) => run_client(async { Ok(submit(*args).await?.exit_code()) }),
        Command::Watch(args) => run_client(async { Ok(watch(args).await?.exit_code()) }),
        Command::Top(args) => run_client(async {
            top(args).await?;
            Ok(ExitCode::SUCCESS)
        }),
        Command::Load(args) => measure(&args),
        Command::Openapi => match print(order_bootstrap::openapi()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error, FAILED),
        },
    }
}

/// Does the work with a log.
fn logged<F>(inputs: &Inputs, purpose: Purpose, work: impl FnOnce(Loaded) -> F) -> ExitCode
where
    F: Future<Output = Result<(), RunError>>,
{
    let mut log = None;
    let code = run_silent(inputs, purpose, |loaded| {
        let begun = telemetry::init(&loaded.config, purpose).map(|guard| {
            let levels = guard.levels();
            log = Some(guard);
            (levels, work(loaded))
        });
        let inputs = inputs.clone();
        async move {
            let (levels, work) = begun?;
            signals::at_hangup(move || levels.read_again(&inputs, purpose));
            work.await
        }
    });
    drop(log);
    code
}

/// Loads the configuration and does the work on a runtime.
fn run_silent<F>(inputs: &Inputs, purpose: Purpose, work: impl FnOnce(Loaded) -> F) -> ExitCode
where
    F: Future<Output = Result<(), RunError>>,
{
    let loaded = match Config::load(inputs, purpose) {
        Ok(loaded) => loaded,
        Err(issues) => return fail(&issues, MISCONFIGURED),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, FAILED),
    };
    match runtime.block_on(work(loaded)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, FAILED),
    }
}

/// Puts a server under load, on one thread: the other processors are the server's.
fn measure(args: &LoadArgs) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, FAILED),
    };
    match runtime.block_on(load(args, signals::stop())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, FAILED),
    }
}

/// Does what somebody at a shell waits for. It needs no configuration: that is the engine's, not the client's.
fn run_client(work: impl Future<Output = Result<ExitCode, TopError>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, FAILED),
    };
    let error = match runtime.block_on(work) {
        Ok(code) => return code,
        Err(error) => error,
    };
    let code = match &error {
        TopError::Client(ClientError::Refused(_)) => MISCONFIGURED,
        TopError::Client(ClientError::Silent { .. } | ClientError::Garbled) => UNANSWERED,
        TopError::NoTerminal | TopError::Terminal(_) => FAILED,
    };
    fail(&error, code)
}

fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("order-engine: {}", chain(error));
    ExitCode::from(code)
}
