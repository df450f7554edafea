//! The store on Postgres: the truth about every order, and about who may come in.
//!
//! Each step of the protocol is one statement, hence one round trip and one implicit transaction: no dropped
//! future, crash or lost connection can leave a transaction open or a step half done. Steps that wait at the
//! same time share a statement and a commit ([`batch`]); callers do not notice. The SQL is in `src/sql`, one
//! file a statement, the tables are in `migrations`. No rule of the domain lives here: what may follow what is
//! decided in `order-core`, this crate only sees to it that one writer at a time writes.

mod access;
mod audit;
mod backlog;
mod batch;
mod condition;
mod connect;
mod database;
mod error;
mod identity;
mod intake;
mod journal;
mod leases;
mod list;
mod migrations;
mod pool;
mod pooler;
mod reader;
mod refusals;
mod rows;
mod session;
mod settings;
mod sql;
mod store;
#[cfg(test)]
mod testing;
mod waiting;

pub use condition::{Durability, NotWritable};
pub use connect::{ConnectError, check_url};
pub use identity::DatabaseIdentity;
pub use migrations::MigrationError;
pub use pooler::Sharing;
pub use settings::PostgresSettings;
pub use store::PostgresStore;
