//! `simulate --seed N` repeats one world and prints its log; `simulate --seeds N` runs so many, on all cores.

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use order_simulation::{Plan, Variant, simulate, simulate_many};

/// Runs the engine in virtual time under seeded faults.
#[derive(Parser)]
struct Arguments {
    /// Repeat the world of this seed and print its log.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Run the worlds of so many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Let the venues fall silent in the end, and stay so.
    #[arg(long)]
    silent_at_last: bool,
    /// Run an engine that is broken on purpose.
    #[arg(long, value_enum, default_value_t = Engine::Honest)]
    engine: Engine,
}

/// Which engine runs.
#[derive(Clone, Copy, ValueEnum)]
enum Engine {
    Honest,
    NaiveWorker,
    ForgetsMinimum,
    NoFence,
    WriteBehind,
    SilenceIsFailure,
    NotFoundIsDead,
    TrustsDuplicates,
}

impl From<Engine> for Variant {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Honest => Self::Honest,
            Engine::NaiveWorker => Self::NaiveWorker,
            Engine::ForgetsMinimum => Self::ForgetsMinimum,
            Engine::NoFence => Self::NoFence,
            Engine::WriteBehind => Self::WriteBehind,
            Engine::SilenceIsFailure => Self::SilenceIsFailure,
            Engine::NotFoundIsDead => Self::NotFoundIsDead,
            Engine::TrustsDuplicates => Self::TrustsDuplicates,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut plan = Plan {
        variant: arguments.engine.into(),
        ..Plan::default()
    };
    if arguments.silent_at_last {
        plan = plan.silent_at_last();
    }
    let Some(seed) = arguments.seed else {
        return many(&arguments, plan);
    };
    let outcome = simulate(seed, plan);
    println!("{}\n\n{outcome}", outcome.log());
    if outcome.violated() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn many(arguments: &Arguments, plan: Plan) -> ExitCode {
    let started = Instant::now();
    let tally = simulate_many(
        arguments.from..arguments.from.saturating_add(arguments.seeds),
        plan,
    );
    let seconds = started.elapsed().as_secs().max(1);
    let rate = u64::try_from(tally.orders).unwrap_or(u64::MAX) * 60 / seconds;
    println!("{tally}\n{seconds} s, {rate} orders a minute");
    let Some((seed, _)) = tally.failed.first_key_value() else {
        return ExitCode::SUCCESS;
    };
    println!("repeat the first with: simulate --seed {seed}");
    ExitCode::FAILURE
}
