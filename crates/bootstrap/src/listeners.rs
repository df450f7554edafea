//! The endpoints of the process: where they listen, how they behave, and when they refuse new orders.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use order_application::{Authenticator, Engine, Settings};
use order_http::{
    Certificates, HealthReport, HttpSettings, LoadShedding, MetricsReport, QuoteSigner, SocketSettings,
};
use order_ports::WorkQueue;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Loaded, Role};
use crate::error::StartError;

/// How often what waits is measured.
const MEASURE: Duration = Duration::from_millis(500);

/// Where a process listens.
pub(crate) struct Listeners {
    /// For callers; of a worker, for monitoring.
    pub(crate) public: Option<TcpListener>,
    /// For monitoring, where callers cannot reach.
    pub(crate) admin: Option<TcpListener>,
}

/// Where it listens; none where it does not.
#[derive(Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) public: Option<SocketAddr>,
    pub(crate) admin: Option<SocketAddr>,
}

impl Listeners {
    /// Takes the ports that are configured for this role.
    pub(crate) async fn open(config: &Config, role: Role) -> Result<Self, StartError> {
        let server = &config.server;
        let port = if role.takes_orders() {
            Some(server.port)
        } else {
            server.worker_port
        };
        let at = async |host: &str, port: Option<u16>| match port {
            Some(port) => listen(host, port).await.map(Some),
            None => Ok(None),
        };
        Ok(Self {
            public: at(&server.host, port).await?,
            admin: at(&server.admin_host, server.admin_port).await?,
        })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> Addresses {
        let at = |listener: &Option<TcpListener>| listener.as_ref()?.local_addr().ok();
        Addresses {
            public: at(&self.public),
            admin: at(&self.admin),
        }
    }

    /// Whether there is any.
    pub(crate) const fn any(&self) -> bool {
        self.public.is_some() || self.admin.is_some()
    }
}

/// Takes a port.
pub(crate) async fn listen(host: &str, port: u16) -> Result<TcpListener, StartError> {
    let bare = host.trim_matches(['[', ']']);
    TcpListener::bind((bare, port))
        .await
        .map_err(|source| listening(format!("{host}:{port}"), source))
}

/// The error for an address that could not be bound.
fn listening(address: String, source: std::io::Error) -> StartError {
    if source.kind() == std::io::ErrorKind::AddrInUse {
        StartError::AddressInUse(address)
    } else {
        StartError::Listen { address, source }
    }
}

/// The address as something that can be opened: a listener on all interfaces is reached by localhost.
pub(crate) fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

/// What all endpoints of a process share.
pub(crate) struct SharedByEndpoints {
    pub(crate) health: Arc<dyn HealthReport>,
    pub(crate) metrics: Arc<dyn MetricsReport>,
    pub(crate) load_shedding: LoadShedding,
    /// Cancelled when the process is about to stop, and still serves.
    pub(crate) leaving: CancellationToken,
    /// Checks API keys, if keys are wanted.
    pub(crate) auth: Option<Arc<Authenticator>>,
}

/// How the public endpoints behave. The numbers are shown there only if they have no endpoint of their own.
pub(crate) fn public(
    loaded: &Loaded,
    role: Role,
    settings: Settings,
    shared: &SharedByEndpoints,
) -> Result<HttpSettings, StartError> {
    let Config { server, .. } = &loaded.config;
    let certificates = match (&server.tls_certificate, &server.tls_key) {
        (Some(certificate), Some(key)) => Some(Certificates::read(certificate, key)?),
        _ => None,
    };
    let metrics = server.admin_port.is_none().then(|| Arc::clone(&shared.metrics));
    Ok(HttpSettings {
        health_only: !role.takes_orders(),
        certificates,
        metrics,
        auth: shared.auth.clone(),
        ..usual(loaded, settings, shared)
    })
}

/// How the endpoints behave that only say how the process is.
pub(crate) fn admin(loaded: &Loaded, settings: Settings, shared: &SharedByEndpoints) -> HttpSettings {
    HttpSettings {
        health_only: true,
        metrics: Some(Arc::clone(&shared.metrics)),
        ..usual(loaded, settings, shared)
    }
}

fn usual(loaded: &Loaded, settings: Settings, shared: &SharedByEndpoints) -> HttpSettings {
    let config = &loaded.config;
    let limits = &config.limits;
    HttpSettings {
        quote_signer: quote_signer(config),
        quote_ttl: config.quotes.ttl,
        post_upgrade: config.server.post_upgrade,
        slippage_bps: config.orders.slippage_bps,
        drain_timeout: settings.drain_timeout,
        body_limit: limits.body_bytes,
        header_timeout: limits.header_timeout,
        idle_timeout: limits.idle_timeout,
        leaving: shared.leaving.clone(),
        body_timeout: limits.body_timeout,
        socket: SocketSettings {
            max_message: limits.message_bytes,
            ping_interval: limits.ping_interval,
            silence: limits.ping_timeout,
            ..SocketSettings::default()
        },
        limits: limits.for_endpoints(&config.server, config.auth.mode),
        load_shedding: shared.load_shedding.clone(),
        ..HttpSettings::new(Arc::new(loaded.tokens.clone()), Arc::clone(&shared.health))
    }
}

/// What quotes are signed with, so that orders can be held to them.
fn quote_signer(config: &Config) -> QuoteSigner {
    match &config.quotes.key {
        Some(key) => QuoteSigner::new(key.expose_secret().as_bytes()),
        None => QuoteSigner::random(),
    }
}

/// Serves until stopped.
pub(crate) async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    settings: HttpSettings,
    stop: CancellationToken,
) {
    if let Err(error) = order_http::serve(listener, engine, settings, stop).await {
        tracing::error!(error = &error as &dyn std::error::Error, "the HTTP server failed");
    }
}

/// Refuses new orders while more than so many wait, until stopped.
pub(crate) async fn measure(
    queue: Arc<dyn WorkQueue>,
    most: Option<u64>,
    load_shedding: LoadShedding,
    stop: CancellationToken,
) {
    let Some(most) = most else {
        return stop.cancelled().await;
    };
    while stop
        .run_until_cancelled(tokio::time::sleep(MEASURE))
        .await
        .is_some()
    {
        // A queue that cannot be asked is no reason to refuse: orders wait in the store for it.
        let depth = queue.depth().await.map_or(0, |depth| depth.total());
        load_shedding.set(depth > most);
    }
}
