//! A market that is served on a free port of this machine.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use order_core::token::TokenRegistry;
use order_mock_dex::{Market, RemoteTimeouts, RemoteVenues, ServeOptions, serve};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Counting, TokioClock};

pub struct Served {
    pub market: Arc<Market>,
    pub address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Served {
    pub async fn new(market: Arc<Market>, admin: bool) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), market, admin).await
    }

    pub async fn at(address: SocketAddr, market: Arc<Market>, admin: bool) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = serve(market.clone(), listener, ServeOptions { admin }, stop.clone());
        let task = tokio::spawn(async move { served.await.unwrap() });
        Self {
            market,
            address,
            stop,
            task,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// A client with a key of its own.
    pub fn client(&self, key: u64) -> RemoteVenues {
        let timeouts = RemoteTimeouts::default();
        let clock = TokioClock::starting_at(0);
        RemoteVenues::connect(
            &self.url(""),
            timeouts,
            &TokenRegistry::default(),
            clock,
            Counting::from(key),
        )
        .unwrap()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// What a test sees through a client, and the served market behind it, which lives as long.
pub struct Remote<T> {
    tested: T,
    _served: Served,
}

impl<T> Remote<T> {
    pub async fn new(market: Arc<Market>, tested: impl FnOnce(&RemoteVenues) -> T) -> Box<Self> {
        let served = Served::new(market, false).await;
        Box::new(Self {
            tested: tested(&served.client(7)),
            _served: served,
        })
    }
}

impl<T> Deref for Remote<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.tested
    }
}
