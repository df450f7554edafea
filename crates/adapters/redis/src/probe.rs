//! How the server is, asked while the engine runs: by a write, since the queue needs writes, and a server may answer
//! everything else although it takes none.

use redis::{InfoDict, RedisError};

use crate::error::{RedisUnavailable, is_forbidden};
use crate::link::RedisRequest;
use crate::server::RedisServer;

/// What is wrong with the server. Nothing can be queued, or what is queued is not safe; accepted orders wait for it.
/// Never shows credentials.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It has become a replica.
    #[error("Redis is a read-only replica; its primary is elsewhere, or not chosen yet")]
    Replica(#[source] RedisError),
    /// Its memory is full.
    #[error("the memory of Redis is full (maxmemory)")]
    Full(#[source] RedisError),
    /// It cannot write to its disk.
    #[error("Redis cannot save to its disk, and so takes no writes")]
    CannotSave(#[source] RedisError),
    /// It has too few replicas.
    #[error("Redis has fewer replicas than min-replicas-to-write, and so takes no writes")]
    TooFewReplicas(#[source] RedisError),
    /// It is starting.
    #[error("Redis is loading its data")]
    Loading(#[source] RedisError),
    /// A part of the cluster is down.
    #[error("the Redis cluster is down")]
    ClusterDown(#[source] RedisError),
    /// The user's rights were changed.
    #[error("Redis does not let this user write")]
    Forbidden(#[source] RedisError),
    /// It throws away what does not fit into its memory.
    #[error("maxmemory-policy of Redis is {policy}, and so it may evict the queue; set it to noeviction")]
    Evicts {
        /// Its policy.
        policy: String,
    },
    /// It does not answer, or with something else.
    #[error(transparent)]
    Unavailable(RedisUnavailable),
}

impl From<RedisUnavailable> for ProbeError {
    fn from(error: RedisUnavailable) -> Self {
        let RedisUnavailable::Failed(error) = error else {
            return Self::Unavailable(error);
        };
        match error.code() {
            Some("READONLY" | "MASTERDOWN") => Self::Replica(error),
            Some("OOM") => Self::Full(error),
            Some("MISCONF") => Self::CannotSave(error),
            Some("NOREPLICAS") => Self::TooFewReplicas(error),
            Some("LOADING") => Self::Loading(error),
            Some("CLUSTERDOWN") => Self::ClusterDown(error),
            _ if is_forbidden(&error) => Self::Forbidden(error),
            _ => Self::Unavailable(error.into()),
        }
    }
}

/// Writes to a key beside each shard, and looks at the policy.
pub(crate) async fn probe(server: &RedisServer) -> Result<(), ProbeError> {
    for key in server.keys().probes() {
        let mut write = redis::cmd("HSET");
        write.arg(key).arg("probe").arg(1);
        let _: u64 = server.ask_rarely(RedisRequest::Command(&write)).await?;
    }
    if server.link().is_cluster() {
        // It is not known which of the nodes would tell.
        return Ok(());
    }
    let mut info = redis::cmd("INFO");
    info.arg("memory");
    let info: Result<InfoDict, RedisUnavailable> = server.ask_rarely(RedisRequest::Command(&info)).await;
    match info {
        Ok(info) => match evicting_policy(&info) {
            Some(policy) => Err(ProbeError::Evicts { policy }),
            None => Ok(()),
        },
        // Managed servers and tight ACLs may keep it to themselves.
        Err(RedisUnavailable::Failed(error)) if is_forbidden(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The policy by which the server may evict the queue, if it says that it has one.
pub(crate) fn evicting_policy(info: &InfoDict) -> Option<String> {
    info.get::<String>("maxmemory_policy")
        .filter(|policy| policy != "noeviction")
}
