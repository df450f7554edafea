//! What the program does from the shell: each command with its arguments and its errors.

pub mod args;
pub mod client;
pub mod health;
pub mod keys;
pub mod load;
pub mod migrate;
mod output;
pub mod serve;
pub mod venue;
pub mod verify;

pub use output::print;
