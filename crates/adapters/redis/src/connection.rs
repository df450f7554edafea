//! A connection to a single server or to a cluster, whichever the address leads to.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisFuture, RedisResult, Value};

use crate::address::RedisAddress;

/// How many commands may wait to be written.
const WRITE_AHEAD: usize = 1024;

/// A connection. Cheap to clone; all clones share the wire.
#[derive(Clone)]
pub(crate) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connecting.
    pub(crate) connect: Duration,
    /// Each answer. The default of the client is far shorter than a blocking read takes.
    pub(crate) answer: Duration,
}

impl Connection {
    /// Connects, and finds out what to.
    pub(crate) async fn open(address: &RedisAddress, limits: Limits) -> RedisResult<Self> {
        let mut single = open_single(address, limits).await?;
        if !is_in_cluster(&mut single).await? {
            return Ok(Self::Single(single));
        }
        let mut builder = ClusterClientBuilder::new([address.info().clone()])
            .connection_timeout(limits.connect)
            .response_timeout(limits.answer);
        if let Some(certificates) = address.authority() {
            builder = builder.certs(certificates.clone());
        }
        Ok(Self::Cluster(builder.build()?.get_async_connection().await?))
    }

    pub(crate) const fn is_cluster(&self) -> bool {
        match self {
            Self::Single(_) => false,
            Self::Cluster(_) => true,
        }
    }
}

/// Connects to the very server that the address names.
pub(crate) async fn open_single(
    address: &RedisAddress,
    limits: Limits,
) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limits.connect))
        .set_response_timeout(Some(limits.answer))
        .set_pipeline_buffer_size(WRITE_AHEAD);
    address
        .client()
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// A server that does not tell is taken for a single one: tight ACLs and some managed servers forbid INFO.
async fn is_in_cluster(connection: &mut MultiplexedConnection) -> RedisResult<bool> {
    let told: RedisResult<String> = redis::cmd("INFO").arg("cluster").query_async(connection).await;
    match told {
        Ok(info) => Ok(info.lines().any(|line| line.trim_end() == "cluster_enabled:1")),
        Err(error) if error.is_unrecoverable_error() || error.is_timeout() => Err(error),
        Err(_) => Ok(false),
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
