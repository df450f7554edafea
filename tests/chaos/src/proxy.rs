//! A TCP proxy that breaks: it cuts connections, holds bytes back in one direction or both, and refuses.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::Failure;

/// How a proxy treats what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on.
    Pass,
    /// Holds everything back. What it holds arrives when it passes again, even when nobody waits any more.
    Stall,
    /// Passes requests on and holds the answers back: what was asked for happens, and who asked does not know.
    HoldAnswers,
    /// Takes no connections.
    Refuse,
}

impl Mode {
    const fn passes_requests(self) -> bool {
        matches!(self, Self::Pass | Self::HoldAnswers)
    }

    const fn passes_answers(self) -> bool {
        matches!(self, Self::Pass)
    }
}

/// How long the upstream may take for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How much is passed on at once.
const CHUNK: usize = 16 * 1024;

/// One way from one process to one server.
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// Counts the cuts; each ends all connections that stand at that time.
    cuts: watch::Sender<u64>,
    _running: DropGuard,
}

impl Proxy {
    /// A proxy to this address, on any free port.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(upstream: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (mode, modes) = watch::channel(Mode::Pass);
        let (cuts, cut) = watch::channel(0);
        let stop = CancellationToken::new();
        let serve = serve(listener, upstream, modes, cut, stop.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(serve));
        Ok(Self {
            address,
            mode,
            cuts,
            _running: stop.drop_guard(),
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Treats everything so from now on.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Ends all connections at once; what was under way in them is lost.
    pub fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }
}

async fn serve(
    listener: TcpListener,
    upstream: SocketAddr,
    modes: watch::Receiver<Mode>,
    cuts: watch::Receiver<u64>,
    stop: CancellationToken,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors, perhaps; it helps to wait.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if *modes.borrow() == Mode::Refuse {
            continue;
        }
        let (modes, mut cuts) = (modes.clone(), cuts.clone());
        cuts.mark_unchanged();
        let conversation = async move {
            tokio::select! {
                () = converse(client, upstream, modes) => {}
                _ = cuts.changed() => {}
            }
        };
        tokio::spawn(stop.clone().run_until_cancelled_owned(conversation));
    }
}

async fn converse(client: TcpStream, upstream: SocketAddr, modes: watch::Receiver<Mode>) {
    let connecting = tokio::time::timeout(CONNECT, TcpStream::connect(upstream));
    let Ok(Ok(server)) = connecting.await else {
        return;
    };
    // Without it small messages wait for each other, which is no fault that anybody asked for.
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        pump(from_client, to_server, modes.clone(), Mode::passes_requests),
        pump(from_server, to_client, modes, Mode::passes_answers),
    );
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut modes: watch::Receiver<Mode>,
    passes: fn(Mode) -> bool,
) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        if modes.wait_for(|mode| passes(*mode)).await.is_err() || to.write_all(&chunk[..count]).await.is_err()
        {
            return;
        }
    }
    // The other direction may have something left to say; it is no matter if it does not.
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers every byte with the same byte.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    async fn says(stream: &mut TcpStream, byte: u8) {
        stream.write_all(&[byte]).await.unwrap();
    }

    async fn hears(stream: &mut TcpStream) -> Option<u8> {
        let read = tokio::time::timeout(Duration::from_millis(200), stream.read_u8()).await;
        read.ok()?.ok()
    }

    #[tokio::test]
    async fn it_passes_holds_cuts_and_refuses() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        says(&mut stream, 1).await;
        assert_eq!(hears(&mut stream).await, Some(1));
        for mode in [Mode::Stall, Mode::HoldAnswers] {
            proxy.set(mode);
            says(&mut stream, 2).await;
            assert_eq!(hears(&mut stream).await, None, "{mode:?}");
            proxy.set(Mode::Pass);
            assert_eq!(hears(&mut stream).await, Some(2), "what was held arrives");
        }
        proxy.cut();
        assert_eq!(
            stream.read(&mut [0]).await.unwrap_or(0),
            0,
            "the connection is gone"
        );
        let mut again = TcpStream::connect(proxy.address()).await.unwrap();
        says(&mut again, 3).await;
        assert_eq!(hears(&mut again).await, Some(3), "a new one works");
        proxy.set(Mode::Refuse);
        let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(refused.read(&mut [0]).await.unwrap_or(0), 0);
    }
}
