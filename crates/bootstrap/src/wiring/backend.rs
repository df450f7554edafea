//! The servers behind store and queue: connecting, waiting, and naming what is wrong.

use std::num::NonZeroU16;
use std::sync::Arc;

use order_core::id::WorkerId;
use order_ports::{
    DispatchLimit, KeyStore, Notifier, OrderBacklog, OrderIntake, OrderJournal, OrderLeases, OrderReader,
    OwnerCommands, RestingOrders, Tickets, WorkQueue,
};
use order_postgres::{PostgresSettings, PostgresStore};
use order_redis::{RedisAddress, RedisServer, RedisSettings};

use super::{AFTER_LEASE, patience};
use crate::config::Config;
use crate::error::StartError;

/// The ports of one store.
pub(super) struct StorePorts {
    pub(super) intake: Arc<dyn OrderIntake>,
    pub(super) leases: Arc<dyn OrderLeases>,
    pub(super) journal: Arc<dyn OrderJournal>,
    pub(super) reader: Arc<dyn OrderReader>,
    pub(super) waiting: Arc<dyn RestingOrders>,
    pub(super) control: Arc<dyn OwnerCommands>,
    pub(super) backlog: Arc<dyn OrderBacklog>,
}

impl StorePorts {
    pub(super) fn of<S>(store: S) -> Self
    where
        S: OrderIntake
            + OrderLeases
            + OrderJournal
            + OrderReader
            + RestingOrders
            + OwnerCommands
            + OrderBacklog
            + 'static,
    {
        let store = Arc::new(store);
        Self {
            intake: store.clone(),
            leases: store.clone(),
            journal: store.clone(),
            reader: store.clone(),
            waiting: store.clone(),
            control: store.clone(),
            backlog: store,
        }
    }
}

/// The ports of authentication.
#[derive(Clone)]
pub(crate) struct AccessPorts {
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) tickets: Arc<dyn Tickets>,
}

impl AccessPorts {
    pub(super) fn of<S: KeyStore + Tickets + 'static>(store: S) -> Self {
        let store = Arc::new(store);
        Self {
            keys: store.clone(),
            tickets: store,
        }
    }
}

/// The ports of what connects the processes.
pub(super) struct QueuePorts {
    pub(super) queue: Arc<dyn WorkQueue>,
    pub(super) notifier: Arc<dyn Notifier>,
    pub(super) dispatch: Option<Arc<dyn DispatchLimit>>,
}

/// The configured Postgres, migrated. One that goes away meanwhile is waited for.
pub(crate) async fn postgres(config: &Config) -> Result<PostgresStore, StartError> {
    let store = connect(config).await?;
    let patience = config.process.start_timeout;
    let migrate = async || bring_up_to_date(&store, config).await;
    patience::until(
        "the database",
        patience,
        migrate,
        |error| matches!(error, StartError::Migration(error) if error.may_pass()),
    )
    .await?;
    Ok(store)
}

async fn bring_up_to_date(store: &PostgresStore, config: &Config) -> Result<(), StartError> {
    if config.database.migrate {
        store.migrate().await?;
    } else if !store.is_migrated().await? {
        return Err(StartError::NotMigrated);
    }
    Ok(())
}

/// Brings the configured Postgres up to date.
pub(crate) async fn migrate(config: &Config) -> Result<(), StartError> {
    let store = connect(config).await?;
    store.migrate().await?;
    store.close().await;
    Ok(())
}

pub(super) async fn connect(config: &Config) -> Result<PostgresStore, StartError> {
    let database = &config.database;
    let url = database.url.as_ref().ok_or(StartError::NoDatabase)?;
    let settings = PostgresSettings {
        max_connections: database.pool_size,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
        ..PostgresSettings::new(url.expose())
    };
    Ok(PostgresStore::connect(&settings, config.process.start_timeout).await?)
}

/// The configured Redis, if there is one.
pub(super) async fn redis(config: &Config, worker: WorkerId) -> Result<Option<RedisServer>, StartError> {
    let Some(url) = &config.redis.url else {
        return Ok(None);
    };
    let mut address: RedisAddress = url.expose().parse()?;
    if let Some(file) = &config.redis.ca_file {
        address = address.with_authority(file)?;
    }
    let settings = RedisSettings {
        name: config.queue.name.parse()?,
        streams: NonZeroU16::new(config.redis.streams).unwrap_or(NonZeroU16::MIN),
        claim_after: config.queue.lease + AFTER_LEASE,
        startup_patience: config.process.start_timeout,
        ..RedisSettings::new(address, worker)
    };
    let server = RedisServer::connect(settings)?;
    server.check().await?;
    Ok(Some(server))
}
