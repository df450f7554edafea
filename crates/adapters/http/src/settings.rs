//! How the endpoints behave.

use std::sync::Arc;
use std::time::Duration;

use order_application::Authenticator;
use order_core::token::TokenRegistry;
use tokio_util::sync::CancellationToken;

use crate::admission::{LimitSettings, LoadShedding};
use crate::health::HealthReport;
use crate::metrics::MetricsReport;
use crate::quote_id::QuoteSigner;
use crate::tls::Certificates;

/// How the HTTP endpoints behave.
#[derive(Clone)]
pub struct HttpSettings {
    /// Whether only those endpoints are open that say how the process is: a worker takes no orders.
    pub health_only: bool,
    /// Whether a POST that carries a complete WebSocket handshake becomes a WebSocket.
    pub post_upgrade: bool,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// The slippage of an order that names none, in basis points.
    pub slippage_bps: u16,
    /// How long a client may take to send a request's head.
    pub header_timeout: Duration,
    /// How long a connection may rest between two requests.
    pub idle_timeout: Duration,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
    /// How long requests and sockets may take to end when the server stops.
    pub drain_timeout: Duration,
    /// Cancelled when balancers should send clients to other processes: from then on the service is not ready, and asks
    /// clients to close their connections, but serves.
    pub leaving: CancellationToken,
    /// How often an event stream that has nothing to say shows that it is alive.
    pub keep_alive: Duration,
    /// How long the parts of the engine may take to say how they are.
    pub health_timeout: Duration,
    /// Who checks API keys; without it anybody may do everything.
    pub auth: Option<Arc<Authenticator>>,
    /// What signs the ids of quotes. Processes with the same key know each other's quotes.
    pub quote_signer: QuoteSigner,
    /// How long an order may name a quote.
    pub quote_ttl: Duration,
    /// How the WebSocket endpoints behave.
    pub socket: SocketSettings,
    /// What callers may take.
    pub limits: LimitSettings,
    /// Whether new orders are refused because too many wait.
    pub load_shedding: LoadShedding,
    /// What connections are encrypted with; without it they are not.
    pub certificates: Option<Certificates>,
    /// The tokens that may be traded.
    pub registry: Arc<TokenRegistry>,
    /// Who knows how the parts of the engine are.
    pub health: Arc<dyn HealthReport>,
    /// Who reads the numbers for `/metrics`; without it there is no such endpoint.
    pub metrics: Option<Arc<dyn MetricsReport>>,
}

/// How the WebSocket endpoints behave.
#[derive(Clone, Copy, Debug)]
pub struct SocketSettings {
    /// The size of the read and of the write buffer, in bytes. Most of what a connection costs.
    pub buffer: usize,
    /// The largest message, in bytes.
    pub max_message: usize,
    /// How often a ping is sent.
    pub ping_interval: Duration,
    /// A client that has been silent for this long, pongs included, is gone.
    pub silence: Duration,
    /// How long a client may take to read what is sent.
    pub send_timeout: Duration,
    /// How long a client may take to answer a close.
    pub close_timeout: Duration,
    /// How many orders of one submitting socket may be followed at once.
    pub max_orders: usize,
    /// How many orders of one submitting socket may be on their way into the store at once.
    pub max_submissions: usize,
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self {
            buffer: 4 * 1024,
            max_message: 4 * 1024,
            ping_interval: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            send_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(2),
            max_orders: 1_000,
            max_submissions: 64,
        }
    }
}

impl HttpSettings {
    /// The usual settings.
    pub fn new(registry: Arc<TokenRegistry>, health: Arc<dyn HealthReport>) -> Self {
        Self {
            health_only: false,
            post_upgrade: true,
            body_limit: 16 * 1024,
            slippage_bps: 50,
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
            leaving: CancellationToken::new(),
            keep_alive: Duration::from_secs(15),
            health_timeout: Duration::from_secs(3),
            auth: None,
            quote_signer: QuoteSigner::random(),
            quote_ttl: Duration::from_secs(10),
            socket: SocketSettings::default(),
            limits: LimitSettings::default(),
            load_shedding: LoadShedding::default(),
            certificates: None,
            registry,
            health,
            metrics: None,
        }
    }
}
