//! `chaos --seconds N --seed S`: the real processes under faults, then the audit. Exits with 1 on a violation.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use order_chaos::{Failure, Outcome, Plan, Programs, run};
use tokio_util::sync::CancellationToken;

/// Runs the engine's real processes under real faults, then checks that no promise was broken.
#[derive(Debug, Parser)]
#[command(name = "chaos", max_term_width = 100)]
struct Arguments {
    /// How long the faults last.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Of everything random; without it, any.
    #[arg(long)]
    seed: Option<u64>,
    /// New orders a minute.
    #[arg(long, default_value_t = 600)]
    orders_per_minute: u64,
    /// How long, in seconds, everything may take to come to rest afterwards.
    #[arg(long, default_value_t = 180)]
    rest: u64,
    /// The same load without any fault.
    #[arg(long)]
    no_faults: bool,
    /// Workers that keep no promise, to see that the audit finds them out.
    #[arg(long)]
    naive: bool,
    /// The engine; without it, `order-engine` beside this program.
    #[arg(long, value_name = "FILE")]
    engine: Option<PathBuf>,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(play(Arguments::parse())));
    match outcome {
        Ok(outcome) => {
            println!("\n{outcome}");
            if outcome.verdict.violated() == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn play(arguments: Arguments) -> Result<Outcome, Failure> {
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    println!(
        "seed {seed}: repeat with --seed {seed} --seconds {}",
        arguments.seconds
    );
    let programs = Programs::beside_this(arguments.engine, arguments.naive)?;
    let calm = CancellationToken::new();
    let plan = Plan {
        seed,
        fault_schedule: Duration::from_secs(arguments.seconds),
        faults: !arguments.no_faults,
        orders_per_minute: arguments.orders_per_minute,
        rest_within: Duration::from_secs(arguments.rest),
        programs,
        calm: calm.clone(),
    };
    tokio::spawn(async move {
        // The first interruption ends the faults; the second ends the program, and the watchdog cleans up.
        if tokio::signal::ctrl_c().await.is_ok() {
            calm.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
    run(plan).await
}
