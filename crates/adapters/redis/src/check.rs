//! The look at the server before it is trusted: whether it answers, lets us in, and keeps what it is given.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, InfoDict, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::{Instant, sleep};

use crate::connection::{Connection, Limits, open_single};
use crate::error::{is_forbidden, says};
use crate::keys::{GROUP, Keys};
use crate::probe::evicting_policy;
use crate::queue::groups;
use crate::settings::RedisSettings;

/// The oldest server that will do: the first one with XAUTOCLAIM.
const OLDEST: (u64, u64) = (6, 2);
const PAUSE: Duration = Duration::from_millis(200);
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    answer: Duration::from_secs(2),
};

/// What is wrong with the server. Never shows credentials.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It does not answer.
    #[error("{server} cannot be reached ({waited:?} waited)")]
    Unreachable {
        /// Which server.
        server: String,
        /// How long it was tried.
        waited: Duration,
        /// The last failure.
        source: RedisError,
    },
    /// It wants a password, and there is none in its address.
    #[error("{server} wants a password; its address has none (redis://:password@host:port)")]
    PasswordMissing {
        /// Which server.
        server: String,
    },
    /// It does not take the user name and the password.
    #[error("{server} refuses the user name or the password of its address")]
    WrongPassword {
        /// Which server.
        server: String,
    },
    /// The user may not do what the queue needs.
    #[error("{server} does not let this user do what the queue needs")]
    Forbidden {
        /// Which server.
        server: String,
        /// What was forbidden.
        source: RedisError,
    },
    /// Its TLS certificate is not signed by a trusted authority, or is for another name.
    #[error("{server} shows a TLS certificate that is not trusted")]
    Untrusted {
        /// Which server.
        server: String,
        /// What is wrong with the certificate.
        source: RedisError,
    },
    /// It is too old.
    #[error("{server} is version {version}; at least {}.{} is needed (for XAUTOCLAIM)", OLDEST.0, OLDEST.1)]
    TooOld {
        /// Which server.
        server: String,
        /// Its version.
        version: String,
    },
    /// It throws away what does not fit into its memory.
    #[error("{server} has maxmemory-policy {policy}, and so may evict the queue; set it to noeviction")]
    Evicts {
        /// Which server.
        server: String,
        /// Its policy.
        policy: String,
    },
    /// It is a replica, which takes no writes.
    #[error("{server} is a read-only replica; use the address of its primary")]
    Replica {
        /// Which server.
        server: String,
    },
    /// It answers, but not as it should.
    #[error("{server} failed the check")]
    Failed {
        /// Which server.
        server: String,
        /// How.
        source: RedisError,
    },
}

pub(crate) async fn check(settings: &RedisSettings, keys: &Keys) -> Result<(), CheckError> {
    let server = settings.address.to_string();
    let begun = Instant::now();
    let mut told = false;
    loop {
        let source = match attempt(settings, keys, &server).await {
            Ok(verdict) => return verdict,
            Err(error) => error,
        };
        if !may_pass(&source) {
            return Err(named(source, server));
        }
        let waited = begun.elapsed();
        if waited >= settings.startup_patience {
            return Err(CheckError::Unreachable {
                server,
                waited,
                source,
            });
        }
        if !std::mem::replace(&mut told, true) {
            tracing::info!(
                server,
                error = &source as &dyn std::error::Error,
                "waiting for Redis"
            );
        }
        sleep(PAUSE).await;
    }
}

/// Everything once; what Redis itself answers with an error is for the caller to judge.
async fn attempt(settings: &RedisSettings, keys: &Keys, server: &str) -> RedisResult<Result<(), CheckError>> {
    let mut single = open_single(&settings.address, LIMITS).await?;
    // A server that still loads its data accepts connections, and refuses commands.
    let _: String = redis::cmd("PING").query_async(&mut single).await?;
    let info: RedisResult<InfoDict> = redis::cmd("INFO").query_async(&mut single).await;
    match info {
        Ok(info) => {
            if let Err(refused) = check_response(&info, || server.to_owned()) {
                return Ok(Err(refused));
            }
        }
        // Managed servers and tight ACLs may keep it to themselves.
        Err(error) if is_forbidden(&error) => {
            tracing::warn!(
                server,
                "INFO is not allowed: make sure that maxmemory-policy is noeviction"
            );
        }
        Err(error) => return Err(error),
    }
    let mut connection = Connection::open(&settings.address, LIMITS).await?;
    groups::make_on(&mut connection, keys).await?;
    may_write(&mut connection, keys).await.map(Ok)
}

/// Whether this user may do what adding and settling need, each asked for by itself: what is forbidden to a script is
/// not named. It is tried on a key of its own, which is a hash, so that commands for streams are refused for that.
async fn may_write(connection: &mut Connection, keys: &Keys) -> RedisResult<()> {
    for key in keys.probes() {
        let mut pipeline = redis::pipe();
        pipeline.cmd("HSET").arg(key).arg("probe").arg(1);
        pipeline.cmd("HGET").arg(key).arg("probe");
        pipeline.cmd("HDEL").arg(key).arg("nothing");
        pipeline
            .cmd("XADD")
            .arg(key)
            .arg("NOMKSTREAM")
            .arg("*")
            .arg("probe")
            .arg(1);
        pipeline.cmd("XRANGE").arg(key).arg("0-1").arg("0-1");
        pipeline.cmd("XPENDING").arg(key).arg(GROUP);
        pipeline.cmd("XACK").arg(key).arg(GROUP).arg("0-1");
        pipeline.cmd("XDEL").arg(key).arg("0-1");
        pipeline.ignore_errors();
        let answers: Vec<RedisResult<Value>> = pipeline.query_async(connection).await?;
        for answer in answers {
            match answer {
                Ok(_) => {}
                Err(error) if says(&error, "WRONGTYPE") || says(&error, "NOGROUP") => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Whether it may be different in a moment.
fn may_pass(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io => !is_untrusted(error),
        ErrorKind::ClusterConnectionNotFound => true,
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::TryAgain
        ),
        _ => false,
    }
}

fn named(source: RedisError, server: String) -> CheckError {
    match source.code() {
        Some("NOAUTH") => CheckError::PasswordMissing { server },
        Some("WRONGPASS") => CheckError::WrongPassword { server },
        _ if source.kind() == ErrorKind::AuthenticationFailed => CheckError::WrongPassword { server },
        _ if is_untrusted(&source) => CheckError::Untrusted { server, source },
        _ if is_forbidden(&source) => CheckError::Forbidden { server, source },
        _ => CheckError::Failed { server, source },
    }
}

fn check_response(info: &InfoDict, server: impl Fn() -> String) -> Result<(), CheckError> {
    let field = |name: &str| info.get::<String>(name);
    if let Some(version) = field("redis_version").filter(|version| is_too_old(version)) {
        return Err(CheckError::TooOld {
            server: server(),
            version,
        });
    }
    // Any node of a cluster leads to the others.
    let alone = field("cluster_enabled").is_none_or(|enabled| enabled != "1");
    if alone && field("role").is_some_and(|role| role == "slave") {
        return Err(CheckError::Replica { server: server() });
    }
    if let Some(policy) = evicting_policy(info) {
        let server = server();
        return Err(CheckError::Evicts { server, policy });
    }
    if field("maxmemory_policy").is_none() {
        tracing::warn!(server = %server(), "maxmemory-policy is not told: make sure that it is noeviction");
    }
    Ok(())
}

fn is_too_old(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u64>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < OLDEST,
        // A server with another numbering is not Redis, but may well speak like a new one.
        _ => false,
    }
}

fn is_untrusted(error: &RedisError) -> bool {
    // The client hands its cause out inside an `Arc`, and TLS hides its own inside an I/O error.
    type Shared = Arc<dyn Error + Send + Sync>;
    let cause = error.source().and_then(|source| source.downcast_ref::<Shared>());
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    let tls = io
        .and_then(io::Error::get_ref)
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_from_a_broken_connection() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert!(is_untrusted(
            &io::Error::new(io::ErrorKind::InvalidData, tls).into()
        ));
        assert!(!is_untrusted(
            &io::Error::from(io::ErrorKind::ConnectionRefused).into()
        ));
    }

    #[test]
    fn versions_compare_by_number() {
        for old in ["2.8.24", "5.0.7", "6.0.16"] {
            assert!(is_too_old(old), "{old}");
        }
        for new in ["6.2.0", "7.0.15", "10.0.1", "unstable"] {
            assert!(!is_too_old(new), "{new}");
        }
    }
}
