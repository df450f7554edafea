//! The configuration: what can be set, where it comes from, and what is wrong with it.
//!
//! [`Config::load`] lays the sources over each other, decodes them strictly and checks the whole; it reports
//! every mistake at once. Nothing here acts on the configuration.

mod address;
mod check;
mod conventional_env;
mod decode;
mod issue;
mod kubernetes;
mod layers;
mod ledger;
mod limits;
mod loaded;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use order_core::access::{KeyId, Scopes, SecretHash};
use order_core::amount::Amount;
use order_core::id::Owner;
use order_core::token::{Symbol, Token};
use order_mock_dex::MarketSettings;
use order_mock_dex::settings::Exact;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};

pub use self::address::Address;
pub(crate) use self::address::shown;
pub use self::conventional_env::familiar_names;
pub use self::issue::{ConfigIssue, ConfigIssues};
pub use self::layers::Inputs;
pub use self::ledger::LedgerPlace;
pub use self::limits::Limits;
pub use self::loaded::Loaded;

/// What the process is started for; some settings are needed for some of it only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Taking orders or executing them.
    Serve(Role),
    /// Being the market.
    Venue,
    /// Bringing the database up to date.
    Migrate,
    /// Checking what store and venues hold.
    Verify,
    /// Making keys, listing them, taking them away.
    Keys,
    /// Asking another process how it is.
    Probe,
}

/// Which part of the work a serving process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Takes orders and executes them, in one process.
    #[default]
    All,
    /// Takes orders and tells their histories; needs Postgres and Redis.
    Api,
    /// Executes orders; needs Postgres and Redis.
    Worker,
}

impl Role {
    /// Whether this process stands at the endpoints.
    pub const fn takes_orders(self) -> bool {
        matches!(self, Self::All | Self::Api)
    }

    /// Whether this process works on the queue.
    pub const fn executes_orders(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }
}

/// All settings, checked. `config/default.toml` says what each is for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each section is named as in config/default.toml, which says what it is"
)]
pub struct Config {
    pub server: Server,
    pub auth: Auth,
    pub limits: Limits,
    pub orders: Orders,
    pub routing: Routing,
    pub quotes: Quotes,
    pub queue: Queue,
    pub watch: Watch,
    pub process: Process,
    pub log: Log,
    pub telemetry: Telemetry,
    pub database: Database,
    pub memory: Memory,
    pub redis: Redis,
    pub market: MarketPlace,
    pub venues: MarketSettings,
    /// Tokens beside the default ones.
    #[serde(default)]
    pub tokens: Vec<TokenEntry>,
}

/// Where and how the endpoints listen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Server {
    pub host: String,
    pub port: u16,
    #[serde(default)]
    pub worker_port: Option<u16>,
    pub admin_host: String,
    #[serde(default)]
    pub admin_port: Option<u16>,
    pub post_upgrade: bool,
    #[serde(default)]
    pub tls_certificate: Option<PathBuf>,
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
    pub trusted_hops: usize,
    #[serde(default)]
    pub allowed_origins: String,
    #[serde(default)]
    pub allowed_hosts: String,
}

impl Server {
    /// The origins whose pages may call.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        listed(&self.allowed_origins)
    }

    /// The listed names by which it may be asked without a key.
    pub fn allowed_hosts(&self) -> impl Iterator<Item = &str> {
        listed(&self.allowed_hosts)
    }

    /// The names, beside local ones, by which it may be asked without a key: those that are listed, and the one that it
    /// listens on.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.allowed_hosts().chain([self.host.as_str()])
    }
}

/// The entries of a list with commas between.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// How callers are authenticated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Auth {
    pub mode: AuthMode,
    #[serde(default)]
    pub keys: Vec<KeyEntry>,
}

/// Whether callers need a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// Every caller may do everything, and orders belong to whom they name.
    Off,
    /// Every caller shows a key, and knows of its owner's orders alone.
    Keys,
}

/// A key where no database keeps them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Its public half.
    pub id: KeyId,
    /// The owner of the orders that it is good for.
    pub owner: Owner,
    /// What it is good for.
    #[serde(default = "usual_scopes")]
    pub scopes: Scopes,
    /// The SHA-256 of its secret half.
    pub hash: SecretHash,
}

const fn usual_scopes() -> Scopes {
    Scopes::USUAL
}

/// How orders are executed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Orders {
    pub slippage_bps: u16,
    #[serde(with = "humantime_serde")]
    pub unknown_after: Duration,
    #[serde(with = "humantime_serde")]
    pub quote_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub send_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub look_up_wait: Duration,
    #[serde(with = "humantime_serde")]
    pub rest: Duration,
    #[serde(with = "humantime_serde")]
    pub longest_rest: Duration,
}

/// How orders are divided over pools.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Routing {
    #[serde(deserialize_with = "lamports")]
    pub leg_cost: Amount,
    pub max_legs: u8,
}

/// An amount of SOL, at most one: more than a swap ever costs.
fn lamports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let sol = Exact::deserialize(deserializer)?.0;
    let lamports = sol.to_units(Token::SOL.decimals).map_err(de::Error::custom)?;
    if lamports > 10u128.pow(u32::from(Token::SOL.decimals)) {
        return Err(de::Error::custom("must be from 0 to 1 SOL"));
    }
    Ok(Amount::new(lamports))
}

/// How long a quote binds, and by which key it is known as one of ours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Quotes {
    #[serde(with = "humantime_serde")]
    pub ttl: Duration,
    #[serde(default)]
    pub key: Option<SecretString>,
}

/// How work is handed out and repeated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Queue {
    pub name: String,
    pub concurrency: usize,
    pub max_attempts: u8,
    #[serde(with = "humantime_serde")]
    pub backoff: Duration,
    #[serde(with = "humantime_serde")]
    pub backoff_cap: Duration,
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    #[serde(default)]
    pub rate_per_minute: Option<u32>,
    #[serde(with = "humantime_serde")]
    pub sweep_interval: Duration,
    #[serde(with = "humantime_serde")]
    pub announcement_timeout: Duration,
}

/// How orders are watched.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Watch {
    pub buffer: usize,
    #[serde(with = "humantime_serde")]
    pub reconcile_interval: Duration,
}

/// How the process starts and stops.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Process {
    #[serde(with = "humantime_serde")]
    pub start_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub drain_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub shutdown_delay: Duration,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

/// Where traces go, and which.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Telemetry {
    #[serde(default, deserialize_with = "address::collector")]
    pub otlp_endpoint: Option<Address>,
    pub sample_percent: u8,
}

/// The Postgres that keeps the orders.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Database {
    #[serde(default, deserialize_with = "address::postgres")]
    pub url: Option<Address>,
    pub pool_size: usize,
    #[serde(with = "humantime_serde")]
    pub acquire_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub statement_timeout: Duration,
    pub migrate: bool,
}

/// What a process without a database remembers.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Memory {
    pub ended_orders: usize,
    #[serde(with = "humantime_serde")]
    pub ended_age: Duration,
}

/// The Redis that carries the queue and the notifications.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Redis {
    #[serde(default, deserialize_with = "address::redis")]
    pub url: Option<Address>,
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    pub streams: u16,
}

/// Where the market is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct MarketPlace {
    #[serde(default, deserialize_with = "address::venue")]
    pub url: Option<Address>,
    #[serde(default)]
    pub ledger: LedgerPlace,
}

/// One more token that may be traded.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenEntry {
    /// Its symbol.
    pub symbol: Symbol,
    /// How many decimals one whole token has.
    pub decimals: u8,
}
