//! The cable between a browser and an engine, to be pulled.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Carries connections to an engine while it is whole.
pub struct Cable {
    address: SocketAddr,
    engine: Arc<Mutex<String>>,
    whole: watch::Sender<bool>,
}

impl Cable {
    /// A cable to the engine at `host:port`.
    pub async fn to(engine: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (whole, state) = watch::channel(true);
        let engine = Arc::new(Mutex::new(engine.to_owned()));
        let plugged = Arc::clone(&engine);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let engine = plugged.lock().clone();
                tokio::spawn(carry(connection, engine, state.clone()));
            }
        });
        Self {
            address,
            engine,
            whole,
        }
    }

    /// Where the browser plugs in.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Every connection breaks, and there are no new ones.
    pub fn pull(&self) {
        self.whole.send_replace(false);
    }

    /// It leads to another engine from now on.
    pub fn plug_into(&self, engine: &str) {
        engine.clone_into(&mut self.engine.lock());
    }

    /// It is whole again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, engine: String, mut whole: watch::Receiver<bool>) {
    if !*whole.borrow_and_update() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(engine).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
