//! `serve`: the engine as a process.

use clap::Args;

use crate::config::Role;

/// How to serve.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ServeArgs {
    /// Which part of the work this process does.
    #[arg(long, value_enum, default_value_t)]
    pub role: Role,
}
