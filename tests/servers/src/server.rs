//! A server of whatever source, and what can be done to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    docker::Container,
    error::ServerError,
    local::{LocalServer, Program},
    runtime::blocking,
    source::Source,
};

/// One server, by its source.
pub(crate) enum Server<P> {
    /// Not ours to stop.
    Given,
    /// Gone with this value.
    Container(Container),
    /// Gone with this value.
    Local(Arc<Mutex<LocalServer<P>>>),
}

impl<P: Program> Server<P> {
    pub(crate) fn local(server: LocalServer<P>) -> Self {
        Self::Local(Arc::new(Mutex::new(server)))
    }

    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Given => Source::Given,
            Self::Container(_) => Source::Docker,
            Self::Local(_) => Source::Local,
        }
    }

    pub(crate) async fn stop_immediate(&self) -> Result<(), ServerError> {
        match self {
            Self::Given => Err(self.unsupported("stop it")),
            Self::Container(container) => container.stop_immediate().await,
            Self::Local(server) => on_a_thread(server, LocalServer::stop_immediate).await,
        }
    }

    pub(crate) async fn start_again(&self) -> Result<(), ServerError> {
        match self {
            Self::Given => Err(self.unsupported("start it again")),
            Self::Container(container) => container.start_again().await,
            Self::Local(server) => on_a_thread(server, LocalServer::start_again).await,
        }
    }

    pub(crate) fn pid(&self) -> Result<u32, ServerError> {
        let Self::Local(server) = self else {
            return Err(self.unsupported("tell its process id"));
        };
        lock(server).pid().ok_or(ServerError::Stopped)
    }

    fn unsupported(&self, operation: &'static str) -> ServerError {
        ServerError::Unsupported {
            operation,
            by: self.source(),
        }
    }
}

/// Local servers are started and stopped by code that blocks.
async fn on_a_thread<P: Program>(
    server: &Arc<Mutex<LocalServer<P>>>,
    act: impl FnOnce(&mut LocalServer<P>) -> Result<(), ServerError> + Send + 'static,
) -> Result<(), ServerError> {
    let server = Arc::clone(server);
    blocking(move || act(&mut lock(&server))).await
}

/// What a panic left behind is still a server that can be stopped.
fn lock<P>(server: &Mutex<LocalServer<P>>) -> MutexGuard<'_, LocalServer<P>> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}
