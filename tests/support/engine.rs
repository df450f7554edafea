//! An engine in the test's own process, started the way the binary starts it.

use std::ops::Deref;
use std::sync::Arc;

use order_bootstrap::config::{Config, Inputs, Purpose, Role};
use order_bootstrap::{App, RunningApp};

use crate::client::Client;
use crate::mode::{Backends, Mode};

/// Settings for tests: any free port, venues that take no time and whose prices stand still, and short waits.
const QUICK: &str = r#"
server.host = "127.0.0.1"
server.port = 0
venues.profile = "instant"
venues.price = "frozen"
venues.seed = 42
queue.backoff = "50ms"
queue.sweep_interval = "100ms"
process.drain_timeout = "2s"
"#;

/// Settings of a market with one pool, at 150 USDC a SOL: every trade moves the only price there is.
pub const ONE_POOL: &str = r#"
    [venues.meteora]
    pools = []
    [[venues.raydium.pools]]
    base = "SOL"
    quote = "USDC"
    base_reserve = "50000"
    quote_reserve = "7500000"
    fee_rate = 500
"#;

/// A running engine, and a client for it ([`Client`], to which it dereferences).
///
/// It stops when dropped; [`TestEngine::stop`] ends it in good order.
pub struct TestEngine {
    client: Client,
    app: RunningApp,
    backends: Option<Arc<Backends>>,
}

impl Deref for TestEngine {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl TestEngine {
    /// An engine in memory. `overrides` is TOML as in `config/default.toml`; it wins over what is customary in
    /// tests: instant venues, frozen prices, seed 42, a backoff of 50 ms.
    pub async fn memory(overrides: &str) -> Self {
        Self::start_on(None, overrides).await
    }

    /// An engine on a Postgres and a Redis of its own.
    pub async fn durable(overrides: &str) -> Self {
        Self::on(Arc::new(Backends::start().await), overrides).await
    }

    /// An engine on these servers, beside others perhaps.
    pub async fn on(backends: Arc<Backends>, overrides: &str) -> Self {
        Self::start_on(Some(backends), overrides).await
    }

    /// An engine of that mode.
    pub async fn start(mode: Mode, overrides: &str) -> Self {
        match mode {
            Mode::Memory => Self::memory(overrides).await,
            Mode::Durable => Self::durable(overrides).await,
        }
    }

    async fn start_on(backends: Option<Arc<Backends>>, overrides: &str) -> Self {
        log_if_asked();
        let servers = backends
            .as_ref()
            .map(|backends| backends.settings())
            .unwrap_or_default();
        let inputs = Inputs {
            overrides: vec![QUICK.into(), servers, overrides.into()],
            ..Inputs::default()
        };
        let loaded =
            Config::load(&inputs, Purpose::Serve(Role::All)).unwrap_or_else(|error| panic!("{error}"));
        let app = App::start(loaded, Role::All).await.unwrap();
        let client = Client::new(&format!("http://{}", app.address().unwrap()));
        Self {
            client,
            app,
            backends,
        }
    }

    /// The running application itself.
    pub fn app(&self) -> &RunningApp {
        &self.app
    }

    /// The servers it runs on, if it is durable.
    pub fn backends(&self) -> Option<&Arc<Backends>> {
        self.backends.as_ref()
    }

    /// Ends it in good order, as SIGTERM does. Returns the servers for the next one.
    pub async fn stop(self) -> Option<Arc<Backends>> {
        self.app.stop().await;
        self.backends
    }
}

/// `RUST_LOG=debug cargo nextest run …` shows what the engine says.
fn log_if_asked() {
    if let Ok(filter) = std::env::var("RUST_LOG") {
        // Another engine of this test may have done it before.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer()
            .try_init();
    }
}
