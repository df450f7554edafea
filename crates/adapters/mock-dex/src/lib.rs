//! Venues as real markets: exact pools on a chain with blocks, prices that move, latency and
//! faults. To be called in this process ([`Market`]), or served over HTTP and called from others.
//!
//! The pools' mathematics are `order_core::amm`; nothing of it is repeated here.

mod chain;
mod faults;
mod latency;
mod ledger_file;
mod market;
mod pair_market;
mod pool;
mod price_process;
mod remote;
mod rng;
mod server;
pub mod settings;
mod transaction;
mod verified_signatures;
mod wire;

pub use chain::{BLOCK_MS, BLOCKHASH_BLOCKS, JournalError, LandedLeg, LandedTransaction};
pub use ledger_file::LedgerFile;
pub use market::{AdminError, Market, OpenError, PoolView};
pub use pool::{Books, Sides};
pub use remote::{RemoteError, RemoteTimeouts, RemoteVenues};
pub use server::{ServeError, ServeOptions, serve};
pub use settings::{FaultSettings, MarketSettings, SettingsError};
