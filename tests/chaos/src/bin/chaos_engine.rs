//! `order-engine serve` with fault points around its ports, as the environment says, and `order-engine venue`. Built
//! along with whoever runs it, so that it is never older than the tests.

use std::process::ExitCode;

use clap::Parser;
use order_bootstrap::cli::{Cli, Command};
use order_bootstrap::commands::serve::ServeArgs;
use order_bootstrap::commands::venue::serve_venue;
use order_bootstrap::config::{Config, Inputs, Purpose, Role};
use order_bootstrap::{chain, run_decorated, signals, telemetry};
use order_chaos::Failure;
use order_chaos::fault_points::FaultPoints;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chaos-engine: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<(), Failure> {
    let cli = Cli::parse();
    let inputs = Inputs::of_process(cli.config);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command {
        Some(Command::Serve(ServeArgs { role })) => serve(&runtime, &inputs, role),
        Some(Command::Venue(args)) => {
            let loaded = Config::load(&inputs, Purpose::Venue)?;
            let _log = telemetry::init(&loaded.config, Purpose::Venue)?;
            Ok(runtime.block_on(serve_venue(loaded, args, signals::stop()))?)
        }
        Some(_) | None => Err("only `serve` and `venue` are done here".into()),
    }
}

fn serve(runtime: &Runtime, inputs: &Inputs, role: Role) -> Result<(), Failure> {
    let loaded = Config::load(inputs, Purpose::Serve(role))?;
    let _log = telemetry::init(&loaded.config, Purpose::Serve(role))?;
    let points = FaultPoints::of_process()?;
    runtime.block_on(run_decorated(
        loaded,
        role,
        |ports| match points {
            Some(points) => points.decorate(ports),
            None => ports,
        },
        signals::stop(),
    ))?;
    Ok(())
}
